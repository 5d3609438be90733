package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// book is the log of a run as one runner reads and writes it. It is not safe
// for concurrent use.
type book struct {
	ledger Ledger
	state  State
	token  int64     // of this runner, 0 until it has the run
	claim  []applied // the entries with which it was taken
	unsure int       // N of the first entry that may have been written or not, or 0
}

// applied is an entry and the state after it.
type applied struct {
	entry Entry
	state State
}

// draft collects entries that are to be written together.
type draft struct {
	state   State
	token   int64
	now     time.Time
	applied []applied
}

// add puts an entry behind the others.
func (d *draft) add(e Entry) error {
	e.V, e.N, e.At, e.Token = Version, d.state.n+1, d.now, d.token
	s, err := Apply(d.state, e)
	if err != nil {
		return err
	}
	d.state = s
	d.applied = append(d.applied, applied{e, s})
	return nil
}

func (c *settings) open(ctx context.Context, id string) (*book, error) {
	r, err := c.Ledger.Run(ctx, id)
	if err != nil {
		return nil, err
	}
	s, err := NewState(id, r.Plan)
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", id, err)
	}
	return &book{ledger: c.Ledger, state: s}, nil
}

// refresh reads what others have written. The error wraps [ErrFenced] if
// somebody has taken the run over.
func (b *book) refresh(ctx context.Context) ([]applied, error) {
	entries, err := b.ledger.Read(ctx, RunLog(b.state.run), b.state.n)
	if err != nil {
		return nil, err
	}
	var fresh []applied
	for _, e := range entries {
		s, err := Apply(b.state, e)
		if err != nil {
			return fresh, err
		}
		b.state = s
		fresh = append(fresh, applied{e, s})
	}
	if b.token != 0 && b.state.lease.Token > b.token {
		return fresh, fmt.Errorf("run %s: %w (%s)", b.state.run, ErrFenced, b.state.lease.Holder)
	}
	return fresh, nil
}

// try appends what decide puts into a draft of the present state, and returns
// all entries that are new, those of others too. If somebody else has written in
// between, decide is asked again.
func (b *book) try(ctx context.Context, token int64, now time.Time, decide func(*draft) error) ([]applied, error) {
	var fresh []applied
	if b.unsure != 0 {
		more, wrote, err := b.settle(ctx, token)
		if wrote || err != nil {
			return more, err
		}
		fresh = more
	}
	for {
		d := &draft{state: b.state, token: token, now: now}
		if err := decide(d); err != nil || len(d.applied) == 0 {
			return fresh, err
		}
		entries := make([]Entry, len(d.applied))
		for i, a := range d.applied {
			entries[i] = a.entry
		}
		err := b.ledger.Append(ctx, RunLog(b.state.run), b.state.n, token, entries...)
		if err == nil {
			b.state, b.unsure = d.state, 0
			return append(fresh, d.applied...), nil
		}
		b.unsure = b.state.n + 1
		if !errors.Is(err, ErrConflict) {
			return fresh, err
		}
		more, wrote, err := b.settle(ctx, token)
		fresh = append(fresh, more...)
		if wrote || err != nil {
			return fresh, err
		}
		if len(more) == 0 {
			return fresh, fmt.Errorf("run %s: the ledger refuses an entry as if the log were longer than it is", b.state.run)
		}
	}
}

// settle reads on after an Append that may have succeeded without our knowing,
// such as one whose answer was lost. It reports whether the log has those
// entries: only this runner writes with its token.
func (b *book) settle(ctx context.Context, token int64) (fresh []applied, wrote bool, err error) {
	fresh, err = b.refresh(ctx)
	for _, f := range fresh {
		if token != 0 && token == b.token && f.entry.N == b.unsure && f.entry.Token == token {
			wrote = true
		}
	}
	if err == nil {
		b.unsure = 0
	}
	return fresh, wrote, err
}
