package pipeline

import (
	"errors"
)

// advance writes what has happened and what is to happen, and then lets it
// happen. It reports whether there is nothing more to do.
func (c *carrier) advance(news []event) (bool, error) {
	var ends []Attempt // lost attempts, for the Ender
	var replies []func()
	err := c.write(func(d *draft) error {
		ends, replies = nil, nil
		if d.state.status != "" {
			return nil
		}
		for _, e := range news {
			err := c.record(d, e)
			if e.reply != nil {
				replies = append(replies, func() { e.reply <- err })
			} else if err != nil {
				return err
			}
		}
		if err := c.decide(d, &ends); err != nil {
			return err
		}
		if len(d.applied) == 0 && !d.now.Before(c.spoken.Add(c.Lease/3)) {
			return d.add(Entry{Kind: Held, Holder: c.Holder, Lease: c.Lease})
		}
		return nil
	})
	if err != nil {
		for _, e := range news {
			if e.reply != nil {
				e.reply <- err
			}
		}
		return false, err
	}
	for _, reply := range replies {
		reply()
	}
	c.act(ends)
	return c.book.state.status != "" || c.closing && len(c.flights) == 0, nil
}

// record puts into the draft what an attempt has told, unless the log has it
// already.
func (c *carrier) record(d *draft, e event) error {
	i, ok := d.state.g.index[e.attempt.Job]
	if !ok {
		return nil
	}
	step := d.state.g.step(i, e.attempt.Step)
	if !d.state.runs(i, step, e.attempt.Number) {
		j, ok := d.state.jobs.get(i)
		abandoned := ok && e.reply == nil && e.entry.Status == Cancelled && j.cur == step &&
			step < len(j.steps) && j.steps[step].Status == Interrupted && j.steps[step].Attempt == e.attempt.Number
		if e.reply != nil {
			return errors.New("note: the attempt has ended")
		}
		if !abandoned {
			return nil
		}
	}
	return d.add(e.entry)
}

// decide puts into the draft what is to happen next.
func (c *carrier) decide(d *draft, ends *[]Attempt) error {
	asked := map[Attempt]bool{}
	for {
		n := Next(d.state, d.now, Bounds{Parallel: c.Parallel, Limits: c.Limits})
		c.wake = n.Wake
		if n.Finish != "" {
			return d.add(Entry{Kind: Finished, Status: n.Finish})
		}
		if c.closing {
			// All that still runs has been told to stop; what has not ended is
			// given back once it has.
			if d.state.flying.n == 0 {
				return d.add(Entry{Kind: Released, Holder: c.Holder})
			}
			return nil
		}
		moved := false
		for _, a := range n.Begin {
			moved = true
			if err := d.add(Entry{Kind: Began, Job: a.Job, Step: a.Step, Attempt: a.Number}); err != nil {
				return err
			}
		}
		for _, a := range n.Abandon {
			if c.ender != nil {
				if c.flights[a] == nil && !asked[a] {
					asked[a] = true
					*ends = append(*ends, a)
				}
				continue
			}
			moved = true
			err := d.add(Entry{Kind: Ended, Job: a.Job, Step: a.Step, Attempt: a.Number, Status: Cancelled, Error: "lost before the run was cancelled"})
			if err != nil {
				return err
			}
		}
		if !moved {
			return nil
		}
	}
}
