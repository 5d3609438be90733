package pipeline

import "time"

// Bounds say how much may run at once.
type Bounds struct {
	// Parallel is the number of jobs; 0 and less mean no bound.
	Parallel int
	// Limits is the number of jobs per token of [Job.Limits]. A token that is
	// missing, or not above 0, has no bound.
	Limits map[string]int
}

// Decision is what is to be done about a run now.
type Decision struct {
	// Begin are attempts to write down and then make.
	Begin []Attempt
	// Stop are attempts whose run was cancelled; they end soon by themselves.
	Stop []Attempt
	// Abandon are lost attempts of a run that was cancelled: what they left is to
	// be ended, and the attempt to be written down as [Cancelled].
	Abandon []Attempt
	// Finish is what the run ends as, or "" as long as it does not.
	Finish Status
	// Wake is when to ask again even if nothing happens, or zero.
	Wake time.Time
}

// Attempt names one attempt of a step.
type Attempt struct {
	Job, Step string
	Number    int // from 1
}

// Next decides what is to be done. It is pure: all that it knows of is the
// state, the time and the bounds. Jobs that have begun go on whatever the
// bounds; among the others the order of the plan decides.
func Next(s State, now time.Time, b Bounds) Decision {
	var d Decision
	if s.g == nil || s.n == 0 || s.status != "" {
		return d
	}
	for i := range s.going.all() {
		a, step := s.upcoming(i)
		switch {
		case s.cancel == nil || step.Always:
			d.Begin = append(d.Begin, a)
		default:
			a.Number--
			d.Abandon = append(d.Abandon, a)
		}
	}
	s.alarms.due(now, func(al *alarm) {
		if s.rings(al) {
			a, _ := s.upcoming(al.job)
			d.Begin = append(d.Begin, a)
		}
	})
	if s.alarms != nil && s.alarms.at.After(now) {
		d.Wake = s.alarms.at
	}
	if s.cancel != nil {
		for i := range s.flying.all() {
			if a, step := s.upcoming(i); !step.Always {
				a.Number--
				d.Stop = append(d.Stop, a)
			}
		}
	}
	d.Begin = append(d.Begin, s.fresh(b)...)
	d.Finish = s.outcome()
	return d
}

// upcoming returns the attempt after the latest one of a job.
func (s State) upcoming(i int) (Attempt, Step) {
	p := s.g.plan.Jobs[i]
	j, ok := s.jobs.get(i)
	if !ok {
		return Attempt{Job: p.ID, Step: p.Steps[0].Name, Number: 1}, p.Steps[0]
	}
	return Attempt{Job: p.ID, Step: p.Steps[j.cur].Name, Number: j.steps[j.cur].Attempt + 1}, p.Steps[j.cur]
}

// fresh chooses among the jobs that are ready, in the order of the plan. Jobs
// with the same limits stand in one line, so that it looks at the first of each
// line only.
func (s State) fresh(b Bounds) []Attempt {
	var begin []Attempt
	if s.cancel != nil {
		return nil
	}
	type line struct {
		set   tree[none]
		group int
		first int
	}
	var lines []line
	full := func(taken int) bool { return b.Parallel > 0 && s.active+taken >= b.Parallel }
	if full(0) {
		return nil
	}
	for g, set := range s.ready.all() {
		if first, ok := set.ceil(0); ok {
			lines = append(lines, line{set, g, first})
		}
	}
	taken := map[int]int{} // by limit
	blocked := func(group int) bool {
		for _, l := range s.g.groups[group] {
			used, _ := s.used.get(l)
			if limit := b.Limits[s.g.limits[l]]; limit > 0 && used+taken[l] >= limit {
				return true
			}
		}
		return false
	}
	for len(lines) > 0 && !full(len(begin)) {
		k := 0
		for i := range lines {
			if lines[i].first < lines[k].first {
				k = i
			}
		}
		l := &lines[k]
		gone := blocked(l.group)
		if !gone {
			a, _ := s.upcoming(l.first)
			begin = append(begin, a)
			for _, limit := range s.g.groups[l.group] {
				taken[limit]++
			}
			next, ok := l.set.ceil(l.first + 1)
			l.first, gone = next, !ok
		}
		if gone {
			lines[k] = lines[len(lines)-1]
			lines = lines[:len(lines)-1]
		}
	}
	return begin
}
