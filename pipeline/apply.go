package pipeline

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// Apply returns the state after one more entry. It is pure: s stays what it
// was, and the same s and e give the same state. The error says why the entry
// cannot follow: the log is of another plan, is damaged, or was written by a
// newer version.
func Apply(s State, e Entry) (State, error) {
	if s.g == nil {
		return s, fmt.Errorf("entry %d: the state is of no run", e.N)
	}
	f := folder{State: s, o: new(owner), e: e}
	if err := f.entry(); err != nil {
		return s, fmt.Errorf("run %s: entry %d (%s): %w", s.run, e.N, e.Kind, err)
	}
	return f.State, nil
}

// Fold applies the entries one after the other. On an error it returns the
// state before the entry that could not follow.
func Fold(s State, entries ...Entry) (State, error) {
	for _, e := range entries {
		next, err := Apply(s, e)
		if err != nil {
			return s, err
		}
		s = next
	}
	return s, nil
}

// folder makes the changes of one entry.
type folder struct {
	State
	o *owner
	e Entry
}

func (f *folder) entry() error {
	e := f.e
	if err := f.follows(); err != nil {
		return err
	}
	f.n = e.N
	if !e.Kind.Request() {
		f.lease.Until = e.At.Add(f.lease.term)
	}
	switch e.Kind {
	case Planned:
		return f.planned()
	case Held:
		f.held()
	case Released:
		f.lose()
		f.lease.Holder = ""
	case Began:
		return f.began()
	case Noted:
		return f.noted()
	case Ended:
		return f.endedAttempt()
	case CancelRequested:
		f.cancelled()
	case SupersedeRequested:
		f.supersede()
	case Finished:
		if want := f.outcome(); want != e.Status {
			return fmt.Errorf("the run finished as %q, but its jobs say %q", e.Status, want)
		}
		f.status, f.ended, f.lease.Holder = e.Status, e.At, ""
	default:
		return fmt.Errorf("it does not belong into the log of a run")
	}
	return nil
}

// follows checks what is the same for all kinds.
func (f *folder) follows() error {
	e := f.e
	switch {
	case e.V < 1 || e.V > Version:
		return fmt.Errorf("it has version %d, this program knows up to %d (update it)", e.V, Version)
	case e.N != f.n+1:
		return fmt.Errorf("entry %d is expected", f.n+1)
	case f.status != "":
		return ErrFinished
	case (e.Kind == Planned) != (f.n == 0):
		return fmt.Errorf("the first entry, and only that, is the plan's digest")
	case e.Kind.Request() != (e.Token == 0):
		return fmt.Errorf("token %d: requests have none, facts need one", e.Token)
	case e.Token != 0 && e.Token < f.lease.Token:
		return fmt.Errorf("%w: token %d is older than %d", ErrFenced, e.Token, f.lease.Token)
	case e.Token > f.lease.Token && e.Kind != Held:
		return fmt.Errorf("token %d has not taken the run", e.Token)
	case e.Token != 0 && e.Kind != Held && f.lease.Holder == "":
		return fmt.Errorf("token %d has given the run back", e.Token)
	}
	return nil
}

func (f *folder) planned() error {
	if f.e.Digest != f.g.digest {
		return fmt.Errorf("the log is of the plan %.12s, not of %.12s", f.e.Digest, f.g.digest)
	}
	for i := range f.g.plan.Jobs {
		if len(f.g.needs[i]) == 0 {
			f.free(i)
		}
	}
	return nil
}

func (f *folder) held() {
	e := f.e
	if e.Token > f.lease.Token {
		f.lose()
	}
	f.lease = Lease{Holder: e.Holder, Token: e.Token, Until: e.At.Add(e.Lease), term: e.Lease}
}

// lose marks all attempts as lost: their runner is gone, or has stopped.
func (f *folder) lose() {
	for i := range f.flying.all() {
		j := f.edit(i)
		j.steps[j.cur].Status = Interrupted
		j.steps[j.cur].Ended = f.e.At
		f.going = f.going.with(f.o, i, none{})
	}
	f.flying = newTree[none](len(f.g.plan.Jobs))
}

// edit returns a copy of a job that may be changed until the entry is applied.
func (f *folder) edit(i int) *job {
	old, ok := f.jobs.get(i)
	j := &job{}
	if ok {
		*j = *old
	}
	if j.steps == nil {
		j.steps = newSteps(f.g.plan.Jobs[i], Pending)
	} else {
		j.steps = slices.Clone(j.steps)
	}
	f.jobs = f.jobs.with(f.o, i, j)
	return j
}

// target finds the job and the step that the entry is about.
func (f *folder) target() (i, step int, err error) {
	i, ok := f.g.index[f.e.Job]
	if !ok {
		return 0, 0, fmt.Errorf("job %q is not in the plan", f.e.Job)
	}
	if step = f.g.step(i, f.e.Step); step < 0 {
		return 0, 0, fmt.Errorf("job %q has no step %q", f.e.Job, f.e.Step)
	}
	return i, step, nil
}

func (f *folder) began() error {
	i, step, err := f.target()
	if err != nil {
		return err
	}
	old, ok := f.jobs.get(i)
	if !ok {
		old = &job{}
		set, _ := f.ready.get(f.g.group[i])
		if _, ok := set.get(i); !ok {
			return fmt.Errorf("job %q is not ready", f.e.Job)
		}
	}
	attempt := 1
	if step < len(old.steps) {
		attempt = old.steps[step].Attempt + 1
	}
	if old.status.Done() || step != old.cur || f.e.Attempt != attempt {
		return fmt.Errorf("attempt %d of step %q of job %q is not next", f.e.Attempt, f.e.Step, f.e.Job)
	}
	if _, ok := f.flying.get(i); ok {
		return fmt.Errorf("job %q has an attempt that has not ended", f.e.Job)
	}
	if f.cancel != nil && !f.g.plan.Jobs[i].Steps[step].Always {
		return fmt.Errorf("the run was cancelled before")
	}
	j := f.edit(i)
	if !ok {
		j.status, j.began = Running, f.e.At
		j.results = slices.ContainsFunc(f.g.needs[i], f.hasResults)
		f.hold(i, 1)
		f.unready(i)
	}
	st := &j.steps[step]
	st.Status, st.Attempt, st.Began, st.Ended, st.RetryAt = Running, attempt, f.e.At, time.Time{}, time.Time{}
	f.going = f.going.without(f.o, i)
	f.flying = f.flying.with(f.o, i, none{})
	f.begun = true
	f.trimAlarms()
	return nil
}

func (f *folder) hasResults(i int) bool {
	j, ok := f.jobs.get(i)
	return ok && j.results
}

// hold takes (1) or gives back (-1) what a running job holds.
func (f *folder) hold(i, by int) {
	f.active += by
	for _, l := range f.g.groups[f.g.group[i]] {
		n, _ := f.used.get(l)
		f.used = f.used.with(f.o, l, n+by)
	}
}

func (f *folder) noted() error {
	i, step, err := f.target()
	if err != nil {
		return err
	}
	if !f.runs(i, step, f.e.Attempt) {
		return fmt.Errorf("attempt %d of step %q of job %q does not run", f.e.Attempt, f.e.Step, f.e.Job)
	}
	j := f.edit(i)
	notes := j.steps[step].Notes
	j.steps[step].Notes = append(slices.Clip(notes), f.e.Note)
	return nil
}

// runs reports whether that very attempt is on its way.
func (s State) runs(i, step, attempt int) bool {
	j, ok := s.jobs.get(i)
	return ok && step == j.cur && j.cur < len(j.steps) &&
		j.steps[step].Status == Running && j.steps[step].Attempt == attempt
}

func (f *folder) endedAttempt() error {
	i, step, err := f.target()
	if err != nil {
		return err
	}
	j, ok := f.jobs.get(i)
	abandoned := ok && f.cancel != nil && f.e.Status == Cancelled && step == j.cur && step < len(j.steps) &&
		j.steps[step].Status == Interrupted && j.steps[step].Attempt == f.e.Attempt
	if !abandoned && !f.runs(i, step, f.e.Attempt) {
		return fmt.Errorf("attempt %d of step %q of job %q does not run", f.e.Attempt, f.e.Step, f.e.Job)
	}
	j = f.edit(i)
	st := &j.steps[step]
	st.Status, st.Ended = f.e.Status, f.e.At
	st.Result, st.Error, st.Class, st.Reason = f.e.Result, f.e.Error, f.e.Class, f.e.Reason
	j.results = j.results || len(f.e.Result) > 0
	f.flying = f.flying.without(f.o, i)
	switch f.e.Status {
	case Interrupted:
		f.going = f.going.with(f.o, i, none{})
		return nil
	case Failed:
		st.Failures++
		if !f.e.RetryAt.IsZero() && f.cancel == nil {
			st.Status, st.RetryAt = Retrying, f.e.RetryAt
			f.alarms = f.alarms.add(f.e.RetryAt, i, f.e.Attempt)
			return nil
		}
	case Succeeded, Skipped, Cancelled:
	default:
		return fmt.Errorf("an attempt does not end as %q", f.e.Status)
	}
	f.next(i, j)
	return nil
}

// next moves a job on from a step that is done, to the next one that is to run.
func (f *folder) next(i int, j *job) {
	if st := j.steps[j.cur].Status; !st.OK() && j.bad == "" {
		j.bad = st
	}
	f.going = f.going.without(f.o, i)
	for j.cur++; j.cur < len(j.steps); j.cur++ {
		if f.goesOn(i, j) {
			f.going = f.going.with(f.o, i, none{})
			return
		}
	}
	f.hold(i, -1)
	status := j.bad
	if status == "" {
		status = Succeeded
	}
	f.finish(i, j, status)
}

// goesOn reports whether the current step of a job is to run, and marks it if
// it is not.
func (f *folder) goesOn(i int, j *job) bool {
	if f.g.plan.Jobs[i].Steps[j.cur].Always {
		return true
	}
	if f.cancel != nil && j.bad == "" {
		j.bad = Cancelled
	}
	switch j.bad {
	case "":
		return true
	case Cancelled:
		j.steps[j.cur].Status = Cancelled
	default:
		j.steps[j.cur].Status = Blocked
	}
	return false
}

// finish ends a job that has begun.
func (f *folder) finish(i int, j *job, status Status) {
	j.status, j.ended = status, f.e.At
	f.settle(i, status)
}

// settle tells the jobs that need one that is done. It goes on through those
// that this ends: jobs without steps, and jobs that are blocked.
func (f *folder) settle(i int, status Status) {
	type end struct {
		job    int
		status Status
	}
	for work := []end{{i, status}}; len(work) > 0; work = work[1:] {
		at := work[0]
		f.done++
		if !at.status.OK() {
			f.bad = maps.Clone(f.bad)
			if f.bad == nil {
				f.bad = map[Status]int{}
			}
			f.bad[at.status]++
		}
		for _, d := range f.g.dependents[at.job] {
			if j, ok := f.jobs.get(d); ok && j.status.Done() {
				continue
			}
			if !at.status.OK() {
				f.jobs = f.jobs.with(f.o, d, &job{status: Blocked})
				work = append(work, end{d, Blocked})
				continue
			}
			left, ok := f.waits.get(d)
			if !ok {
				left = len(f.g.needs[d])
			}
			if left--; left > 0 {
				f.waits = f.waits.with(f.o, d, left)
				continue
			}
			f.waits = f.waits.without(f.o, d)
			if len(f.g.plan.Jobs[d].Steps) == 0 && f.cancel == nil {
				f.jobs = f.jobs.with(f.o, d, f.empty(d))
				work = append(work, end{d, Succeeded})
				continue
			}
			f.makeReady(d)
		}
	}
}

// empty is a job without steps, which succeeds as it begins.
func (f *folder) empty(i int) *job {
	return &job{
		status: Succeeded, began: f.e.At, ended: f.e.At,
		results: slices.ContainsFunc(f.g.needs[i], f.hasResults),
	}
}

// free makes a job that needs nothing ready, or ends it if it has no steps.
func (f *folder) free(i int) {
	if _, ok := f.jobs.get(i); ok {
		return
	}
	if len(f.g.plan.Jobs[i].Steps) > 0 {
		f.makeReady(i)
		return
	}
	f.jobs = f.jobs.with(f.o, i, f.empty(i))
	f.settle(i, Succeeded)
}

func (f *folder) makeReady(i int) {
	set, ok := f.ready.get(f.g.group[i])
	if !ok {
		set = newTree[none](len(f.g.plan.Jobs))
	}
	f.ready = f.ready.with(f.o, f.g.group[i], set.with(f.o, i, none{}))
}

func (f *folder) unready(i int) {
	set, _ := f.ready.get(f.g.group[i])
	if set = set.without(f.o, i); set.n == 0 {
		f.ready = f.ready.without(f.o, f.g.group[i])
		return
	}
	f.ready = f.ready.with(f.o, f.g.group[i], set)
}

// cancelled ends all that does not run now but for the steps that always run.
func (f *folder) cancelled() {
	if f.cancel != nil {
		return
	}
	e := f.e
	f.cancel = &e
	f.dropPending(Cancelled)
	for i := range f.g.plan.Jobs {
		old, _ := f.jobs.get(i)
		if old.status.Done() || old.cur >= len(old.steps) {
			continue
		}
		switch old.steps[old.cur].Status {
		case Retrying:
			j := f.edit(i)
			j.steps[j.cur].Status = Cancelled
			f.next(i, j)
		case Pending:
			j := f.edit(i)
			if !f.goesOn(i, j) {
				f.next(i, j)
			}
		default: // it runs, or was lost: Next says what to do
		}
	}
	f.trimAlarms()
}

// dropPending ends all jobs that have not begun.
func (f *folder) dropPending(status Status) {
	f.ready = newTree[tree[none]](len(f.g.groups))
	for i := range f.g.plan.Jobs {
		if _, ok := f.jobs.get(i); ok {
			continue
		}
		f.jobs = f.jobs.with(f.o, i, &job{status: status})
		f.done++
		f.bad = maps.Clone(f.bad)
		if f.bad == nil {
			f.bad = map[Status]int{}
		}
		f.bad[status]++
	}
}

// supersede ends a run that has not begun. One that has goes on.
func (f *folder) supersede() {
	if f.begun || f.newer != nil || f.done == len(f.g.plan.Jobs) {
		return
	}
	e := f.e
	f.newer = &e
	f.dropPending(Cancelled)
}

// outcome returns what the run finishes as, or "" if it cannot finish yet.
func (s State) outcome() Status {
	switch {
	case s.g == nil || s.n == 0 || s.done < len(s.g.plan.Jobs):
		return ""
	case s.newer != nil:
		return Superseded
	case s.bad[Failed] > 0:
		return Failed
	case s.bad[Cancelled] > 0:
		return Cancelled
	default:
		return Succeeded
	}
}

// trimAlarms takes those off the top of the heap that ring for nobody.
func (f *folder) trimAlarms() {
	for f.alarms != nil && !f.rings(f.alarms) {
		f.alarms = f.alarms.pop()
	}
}

// rings reports whether the job still waits for that time.
func (s State) rings(a *alarm) bool {
	j, ok := s.jobs.get(a.job)
	return ok && !j.status.Done() && j.cur < len(j.steps) &&
		j.steps[j.cur].Status == Retrying && j.steps[j.cur].Attempt == a.attempt
}
