package pipeline

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"
)

// Status is how far a run, a job or a step has come.
type Status string

// The statuses.
const (
	Pending     Status = "pending"     // it has not begun
	Running     Status = "running"     // it has begun
	Retrying    Status = "retrying"    // a step failed and waits for its next attempt
	Interrupted Status = "interrupted" // an attempt was lost, and the step is repeated

	Succeeded  Status = "succeeded"
	Skipped    Status = "skipped" // a step that had nothing to do, which is a success
	Failed     Status = "failed"
	Blocked    Status = "blocked" // it never began, since what it needs did not succeed
	Cancelled  Status = "cancelled"
	Superseded Status = "superseded" // a run that never began, since a newer one covers it
)

// Done reports whether the status is a last one.
func (s Status) Done() bool {
	switch s {
	case Succeeded, Skipped, Failed, Blocked, Cancelled, Superseded:
		return true
	default:
		return false
	}
}

// OK reports whether the status is a success.
func (s Status) OK() bool { return s == Succeeded || s == Skipped }

// State is what the log of a run amounts to. It is immutable: [Apply] returns a
// new one, so it may be kept and read concurrently. What its methods return is
// to be read only. [NewState] makes one; the zero State is of no run.
type State struct {
	g      *graph
	run    string
	n      int
	jobs   tree[*job]       // those that have begun or are done
	waits  tree[int]        // of a job: needs that have not succeeded yet, if not all
	ready  tree[tree[none]] // by set of limits: jobs that may begin
	going  tree[none]       // jobs that have begun, with a step to begin now
	flying tree[none]       // jobs with an attempt
	alarms *alarm           // jobs with a step to repeat, some of them no more
	used   tree[int]        // by limit: jobs that hold it
	active int              // jobs that have begun and are not done
	done   int              // jobs
	bad    map[Status]int   // how many jobs ended so; replaced, never changed
	begun  bool             // a step has begun
	lease  Lease
	cancel *Entry
	newer  *Entry // the request to supersede
	status Status // once finished
	ended  time.Time
}

// Lease is who has a run, and for how long.
type Lease struct {
	// Holder names the runner, or is "" if nobody has the run.
	Holder string
	// Token is the highest fencing token so far.
	Token int64
	// Until is when somebody else may take the run, if no fact is written before.
	Until time.Time
	term  time.Duration
}

// Live reports whether somebody has the run at that time.
func (l Lease) Live(now time.Time) bool { return l.Holder != "" && now.Before(l.Until) }

// JobState is how far a job has come.
type JobState struct {
	ID     string
	Status Status
	// Began and Ended are zero until they have happened, and for a job that
	// never began.
	Began, Ended time.Time
	// Steps are those of the job in the plan, in their order.
	Steps []StepState
}

// StepState is how far a step has come.
type StepState struct {
	Name   string
	Status Status
	// Attempt is the number of attempts so far.
	Attempt int
	// Failures is how many of them failed.
	Failures int
	// Began and Ended are those of the latest attempt.
	Began, Ended time.Time
	// RetryAt is when the next attempt begins while the status is [Retrying].
	RetryAt time.Time
	Result  json.RawMessage
	// Error and Class are of the latest attempt that did not succeed.
	Error, Class string
	// Reason says why the step was skipped.
	Reason string
	// Notes are those of all attempts, the oldest first.
	Notes []json.RawMessage
}

// job is what a State keeps of a job. It is replaced, never changed.
type job struct {
	status       Status
	cur          int    // the step that runs or comes next
	bad          Status // what the job will end as, "" while all is well
	began, ended time.Time
	steps        []StepState
	results      bool // it or something that it needs has a result
}

// NewState returns the state of a run whose log is empty. The error tells all
// that is wrong with the plan.
func NewState(run string, p Plan) (State, error) {
	g, err := newGraph(p)
	if err != nil {
		return State{}, err
	}
	n := len(p.Jobs)
	s := State{
		g: g, run: run,
		jobs: newTree[*job](n), waits: newTree[int](n), going: newTree[none](n), flying: newTree[none](n),
		ready: newTree[tree[none]](len(g.groups)), used: newTree[int](len(g.limits)),
	}
	return s, nil
}

// Run returns the run's ID.
func (s State) Run() string { return s.run }

// Plan returns the plan of the run.
func (s State) Plan() Plan {
	if s.g == nil {
		return Plan{}
	}
	return s.g.plan
}

// Len returns the number of entries that the state is of.
func (s State) Len() int { return s.n }

// Lease tells who has the run.
func (s State) Lease() Lease { return s.lease }

// Status returns [Pending] until a runner has taken the run, then [Running], and at last
// what the run finished as.
func (s State) Status() Status {
	switch {
	case s.status != "":
		return s.status
	case s.lease.Token > 0:
		return Running
	default:
		return Pending
	}
}

// Ended returns when the run finished, or zero.
func (s State) Ended() time.Time { return s.ended }

// Cancel returns the first request to cancel the run, if there is one: its By,
// Reason and At.
func (s State) Cancel() (Entry, bool) {
	if s.cancel == nil {
		return Entry{}, false
	}
	return *s.cancel, true
}

// Job returns the state of a job, and whether the plan has it.
func (s State) Job(id string) (JobState, bool) {
	if s.g == nil {
		return JobState{}, false
	}
	i, ok := s.g.index[id]
	if !ok {
		return JobState{}, false
	}
	return s.jobState(i), true
}

// Jobs goes through the jobs in the order of the plan.
func (s State) Jobs() iter.Seq[JobState] {
	return func(yield func(JobState) bool) {
		for i := range s.Plan().Jobs {
			if !yield(s.jobState(i)) {
				return
			}
		}
	}
}

func (s State) jobState(i int) JobState {
	p := s.g.plan.Jobs[i]
	j, ok := s.jobs.get(i)
	if !ok {
		return JobState{ID: p.ID, Status: Pending, Steps: newSteps(p, Pending)}
	}
	js := JobState{ID: p.ID, Status: j.status, Began: j.began, Ended: j.ended, Steps: j.steps}
	if js.Steps == nil {
		js.Steps = newSteps(p, j.status)
	}
	return js
}

func newSteps(j Job, status Status) []StepState {
	steps := make([]StepState, len(j.Steps))
	for i, s := range j.Steps {
		steps[i] = StepState{Name: s.Name, Status: status}
	}
	return steps
}

// Err returns nil if the run succeeded or is not finished, and otherwise says
// why it did not: the errors of all steps that failed, in the order of the
// plan, or who cancelled or superseded it.
func (s State) Err() error {
	var errs []error
	switch s.status {
	case Failed:
		for j := range s.Jobs() {
			for _, st := range j.Steps {
				if st.Status == Failed {
					errs = append(errs, fmt.Errorf("%s: step %s: %s", j.ID, st.Name, st.Error))
				}
			}
		}
	case Cancelled:
		errs = append(errs, ErrCancelled)
		if s.cancel != nil {
			errs[0] = fmt.Errorf("%w by %s: %s", ErrCancelled, s.cancel.By, s.cancel.Reason)
		}
	case Superseded:
		errs = append(errs, fmt.Errorf("superseded by %s", s.newer.By))
	default:
	}
	return errors.Join(errs...)
}
