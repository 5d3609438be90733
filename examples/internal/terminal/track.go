package terminal

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slsflow/slsflow/pipeline"
)

// tailLines is how many lines of the log are shown of a step that failed.
const tailLines = 15

// stepID names a step in its run.
type stepID struct{ job, step string }

// step is what was shown of a step, and the end of its log.
type step struct {
	status  pipeline.Status
	attempt int

	// The log may be ahead of the reports, which come by another way.
	logged int // the attempt that the lines are of
	ended  int // the last attempt whose end was reported
	lines  []string
	total  int
}

// running is a step that runs, or waits for its next attempt.
type running struct {
	tag, label string
	began      time.Time
	retryAt    time.Time // zero while it runs
	attempt    int
	step       *step
	labels     int
}

// tracked is what was shown of a run.
type tracked struct {
	run     string
	n       int // the length of the log that was shown
	done    bool
	tag     string
	labels  int
	began   time.Time
	steps   map[stepID]*step
	blocked map[string]bool
	running []*running
	asked   bool // the request to cancel was shown
}

// report returns what is new.
func (t *tracked) report(r pipeline.Report) []event {
	n := r.State.Len()
	if t.done || n <= t.n {
		return nil
	}
	gap := n != t.n+1
	var events []event
	if t.n == 0 {
		events = append(events, t.start(r))
	}
	t.n = n
	if by, ok := r.State.Cancel(); ok && !t.asked {
		t.asked = true
		events = append(events, t.event(event{run: true, symbol: told, text: "cancel asked for by " + because(by.By, by.Reason)}))
	}
	if !gap && r.Entry.Job != "" && r.Entry.Status != pipeline.Failed && r.Entry.Status != pipeline.Cancelled {
		// Nothing else can have changed than this job.
		if j, ok := r.State.Job(r.Entry.Job); ok {
			events = append(events, t.job(r, j)...)
		}
	} else {
		for j := range r.State.Jobs() {
			events = append(events, t.job(r, j)...)
		}
	}
	if r.State.Status().Done() {
		events = append(events, t.finish(r.State))
	}
	return events
}

func (t *tracked) event(e event) event {
	e.tag, e.labels = t.tag, t.labels
	return e
}

func (t *tracked) start(r pipeline.Report) event {
	t.tag = Clean(r.Plan.Key[strings.LastIndexByte(r.Plan.Key, '/')+1:])
	for _, j := range r.Plan.Jobs {
		for _, s := range j.Steps {
			t.labels = max(t.labels, width(label(j.ID, s.Name)))
		}
	}
	t.began = r.Entry.At
	text := fmt.Sprintf("run %s began, %s", r.Run, count(len(r.Plan.Jobs), "job"))
	if r.Entry.N > 1 {
		for j := range r.State.Jobs() {
			if !j.Began.IsZero() && j.Began.Before(t.began) {
				t.began = j.Began
			}
		}
		text = fmt.Sprintf("run %s goes on, %s", r.Run, count(len(r.Plan.Jobs), "job"))
	}
	return t.event(event{run: true, symbol: began, text: text})
}

// job returns what is new about a job.
func (t *tracked) job(r pipeline.Report, j pipeline.JobState) []event {
	if j.Status == pipeline.Blocked && j.Began.IsZero() {
		if t.blocked[j.ID] {
			return nil
		}
		t.blocked[j.ID] = true
		return []event{t.event(event{symbol: blocked, label: Clean(j.ID), text: "not started: " + obstacle(r, j.ID)})}
	}
	var events []event
	for _, s := range j.Steps {
		if e, ok := t.step(stepID{j.ID, s.Name}, s); ok {
			events = append(events, e)
		}
	}
	return events
}

// step returns what is new about a step.
func (t *tracked) step(id stepID, s pipeline.StepState) (event, bool) {
	seen := t.seen(id)
	if s.Attempt == 0 || (s.Status == seen.status && s.Attempt == seen.attempt) {
		return event{}, false
	}
	seen.status, seen.attempt = s.Status, s.Attempt
	t.running = slices.DeleteFunc(t.running, func(r *running) bool { return r.step == seen })
	e := t.event(event{label: label(id.job, id.step), took: s.Ended.Sub(s.Began)})
	run := &running{tag: e.tag, label: e.label, began: s.Began, attempt: s.Attempt, step: seen, labels: t.labels}
	switch s.Status {
	case pipeline.Running:
		t.running = append(t.running, run)
		e.symbol, e.took = began, 0
		if s.Attempt > 1 {
			e.text = fmt.Sprintf("attempt %d", s.Attempt)
		}
		return e, true
	case pipeline.Retrying:
		run.retryAt = s.RetryAt
		t.running = append(t.running, run)
		e.symbol = waiting
		e.text = fmt.Sprintf("attempt %d failed, again in %s: %s", s.Attempt, elapsed(s.RetryAt.Sub(s.Ended)), s.Error)
	case pipeline.Succeeded:
		e.symbol = succeeded
		if s.Attempt > 1 {
			e.text = fmt.Sprintf("at attempt %d", s.Attempt)
		}
	case pipeline.Skipped:
		e.symbol, e.text = skipped, s.Reason
	case pipeline.Failed:
		e.symbol, e.text = failed, s.Error
		if seen.logged == s.Attempt {
			e.tail, e.before = seen.lines, seen.total-len(seen.lines)
		}
	case pipeline.Interrupted:
		e.symbol, e.text = waiting, because("interrupted", s.Error)
	case pipeline.Cancelled:
		e.symbol, e.text = cancelled, s.Error
	default: // it is of no interest to a person
		return event{}, false
	}
	seen.end(s.Attempt)
	return e, true
}

func (t *tracked) seen(id stepID) *step {
	s := t.steps[id]
	if s == nil {
		s = &step{}
		t.steps[id] = s
	}
	return s
}

// end forgets the log of an attempt.
func (s *step) end(attempt int) {
	s.ended = max(s.ended, attempt)
	if s.logged <= s.ended {
		s.lines, s.total = nil, 0
	}
}

// line keeps a line of a log if its attempt has not ended.
func (t *tracked) line(l pipeline.Line) {
	if t.done {
		return
	}
	s := t.seen(stepID{l.Job, l.Step})
	if l.Attempt <= s.ended || l.Attempt < s.logged {
		return
	}
	if l.Attempt > s.logged {
		s.logged, s.lines, s.total = l.Attempt, nil, 0
	}
	s.total++
	s.lines = append(s.lines, l.Text)
	if len(s.lines) > tailLines {
		s.lines = slices.Delete(s.lines, 0, 1)
	}
}

// finish says how the run ended, and forgets it but for its being done.
func (t *tracked) finish(s pipeline.State) event {
	e := event{run: true, took: s.Ended().Sub(t.began)}
	total, bad, never := 0, 0, 0
	for j := range s.Jobs() {
		total++
		switch {
		case j.Status == pipeline.Failed:
			bad++
		case !j.Status.OK() && j.Began.IsZero():
			never++
		}
	}
	e.text = fmt.Sprintf("run %s %s, %s", t.run, ended(s.Status()), count(total, "job"))
	if bad > 0 {
		e.text += fmt.Sprintf(", %d failed", bad)
	}
	if never > 0 {
		e.text += fmt.Sprintf(", %d not started", never)
	}
	switch s.Status() {
	case pipeline.Succeeded:
		e.symbol = succeeded
	case pipeline.Failed:
		e.symbol = failed
	default:
		e.symbol = cancelled
	}
	e = t.event(e)
	t.done, t.steps, t.blocked, t.running = true, nil, nil, nil
	return e
}

// sortRunning sorts by when the steps began, and then by name.
func sortRunning(all []*running) {
	slices.SortFunc(all, func(a, b *running) int {
		return cmp.Or(a.began.Compare(b.began), strings.Compare(a.tag, b.tag), strings.Compare(a.label, b.label))
	})
}
