package pipeline

import (
	"fmt"
	"slices"
	"time"
)

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
