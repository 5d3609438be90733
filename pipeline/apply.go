package pipeline

import (
	"fmt"
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
