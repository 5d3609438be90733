package pipeline

import (
	"maps"
	"slices"
)

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
