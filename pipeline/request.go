package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Request is what somebody asks of a run that a runner has, from wherever.
type Request struct {
	// By names who asks, such as a person.
	By string
	// Reason says why.
	Reason string
	// At is when, in UTC.
	At time.Time
}

// Cancel asks for the end of a run: nothing begins any more, attempts that run
// have their context ended, and steps with [Step.Always] run in the jobs that
// have begun. It returns as soon as the request is recorded; the runner of the
// run, or the next one, acts on it. The error wraps [ErrFinished] if the run has
// ended and [ErrNotFound] if there is none.
func Cancel(ctx context.Context, l Ledger, run string, q Request) error {
	return request(ctx, l, run, Entry{Kind: CancelRequested, At: q.At, By: q.By, Reason: q.Reason})
}

// Supersede asks for the end of a run that has not begun any step. It has no
// effect on one that has.
func Supersede(ctx context.Context, l Ledger, run string, q Request) error {
	return request(ctx, l, run, Entry{Kind: SupersedeRequested, At: q.At, By: q.By, Reason: q.Reason})
}

func request(ctx context.Context, l Ledger, run string, e Entry) error {
	e.V = Version
	for {
		last, err := l.Read(ctx, RunLog(run), -1)
		if err != nil {
			return err
		}
		if len(last) == 0 {
			return fmt.Errorf("run %s: %w", run, ErrNotFound)
		}
		if err = l.Append(ctx, RunLog(run), last[0].N, 0, e); !errors.Is(err, ErrConflict) {
			return err
		}
	}
}

// Load returns the state of a recorded run.
func Load(ctx context.Context, l Ledger, run string) (State, error) {
	r, err := l.Run(ctx, run)
	if err != nil {
		return State{}, err
	}
	s, err := NewState(run, r.Plan)
	if err != nil {
		return State{}, fmt.Errorf("run %s: %w", run, err)
	}
	entries, err := l.Read(ctx, RunLog(run), 0)
	if err != nil {
		return State{}, err
	}
	return Fold(s, entries...)
}

// Covers reports whether newer does all that older would have done: each of its
// jobs is in newer, with the same ID and the same steps by name and action. Only
// then may it supersede it.
func Covers(newer, older Plan) bool {
	if newer.Key != older.Key {
		return false
	}
	has := make(map[string]Job, len(newer.Jobs))
	for _, j := range newer.Jobs {
		has[j.ID] = j
	}
	for _, o := range older.Jobs {
		n, ok := has[o.ID]
		if !ok || len(n.Steps) != len(o.Steps) {
			return false
		}
		for i, s := range o.Steps {
			if n.Steps[i].Name != s.Name || n.Steps[i].Action != s.Action {
				return false
			}
		}
	}
	return true
}
