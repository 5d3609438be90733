package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Queue is the line of the runs of one key, the first of which may run. It is
// a fold over the key's log. The zero Queue is empty.
type Queue struct {
	n       int // length of the log
	waiting []Waiting
}

// Waiting is a run in a [Queue].
type Waiting struct {
	Run string
	// Since is when it came.
	Since time.Time
	n     int
}

// Runs returns those in the queue, in the order in which they came. The first
// one runs, or may. The slice is to be read only.
func (q Queue) Runs() []Waiting { return q.waiting }

// Has reports whether a run is in the queue.
func (q Queue) Has(run string) bool {
	return slices.ContainsFunc(q.waiting, func(w Waiting) bool { return w.Run == run })
}

// Apply returns the queue after one more entry. It is pure. A run that comes
// twice keeps its place, and one that leaves without being there is no error.
func (q Queue) Apply(e Entry) (Queue, error) {
	if err := e.Check(); err != nil {
		return q, fmt.Errorf("entry %d: %w", e.N, err)
	}
	switch e.Kind {
	case Queued:
		if !q.Has(e.Run) {
			q.waiting = append(slices.Clip(q.waiting), Waiting{Run: e.Run, Since: e.At, n: e.N})
		}
	case Left:
		q.waiting = slices.DeleteFunc(slices.Clone(q.waiting), func(w Waiting) bool { return w.Run == e.Run })
	default:
		return q, fmt.Errorf("entry %d: %q does not belong into the log of a key", e.N, e.Kind)
	}
	q.n = e.N
	return q, nil
}

// base returns the first entry of the log that the queue is made of.
func (q Queue) base() int {
	if len(q.waiting) == 0 {
		return q.n + 1
	}
	return q.waiting[0].n
}

// ReadQueue returns the queue of a key. It reads the part of the key's log that
// still counts, however long the log is.
func ReadQueue(ctx context.Context, l Ledger, key string) (Queue, error) {
	last, err := l.Read(ctx, KeyLog(key), -1)
	if err != nil || len(last) == 0 {
		return Queue{}, err
	}
	from := last[0].Base - 1
	entries, err := l.Read(ctx, KeyLog(key), min(max(from, 0), last[0].N))
	if err != nil {
		return Queue{}, err
	}
	q := Queue{n: last[0].N}
	for _, e := range entries {
		if q, err = q.Apply(e); err != nil {
			return q, fmt.Errorf("key %s: %w", key, err)
		}
	}
	return q, nil
}

// changeQueue appends to the log of a key what edit makes of its queue; nil for
// nothing. Edit is called again if somebody else was faster.
func changeQueue(ctx context.Context, l Ledger, key string, edit func(Queue) (*Entry, error)) (Queue, error) {
	for {
		q, err := ReadQueue(ctx, l, key)
		if err != nil {
			return q, err
		}
		e, err := edit(q)
		if err != nil || e == nil {
			return q, err
		}
		e.V, e.N = Version, q.n+1
		next, err := q.Apply(*e)
		if err != nil {
			return q, err
		}
		e.Base = next.base()
		err = l.Append(ctx, KeyLog(key), q.n, 0, *e)
		if err == nil {
			return next, nil
		}
		if !errors.Is(err, ErrConflict) {
			return q, err
		}
	}
}

// enqueue puts a run at the end of the queue of its key, unless it is in it.
func enqueue(ctx context.Context, l Ledger, key, run string, at time.Time) (Queue, error) {
	return changeQueue(ctx, l, key, func(q Queue) (*Entry, error) {
		if q.Has(run) {
			return nil, nil
		}
		return &Entry{Kind: Queued, At: at, Run: run}, nil
	})
}

// leave takes a run out of the queue, if it is in it.
func leave(ctx context.Context, l Ledger, key, run string, at time.Time) error {
	_, err := changeQueue(ctx, l, key, func(q Queue) (*Entry, error) {
		if !q.Has(run) {
			return nil, nil
		}
		return &Entry{Kind: Left, At: at, Run: run}, nil
	})
	return err
}
