package pipeline_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/pipeline/pipelinetest"
)

func (l *countingLedger) Read(ctx context.Context, log pipeline.Log, from int) ([]pipeline.Entry, error) {
	entries, err := l.Ledger.Read(ctx, log, from)
	if strings.HasPrefix(string(log), "key/") {
		l.most = max(l.most, len(entries))
	}
	return entries, err
}

// dying is a ledger that fails for its runner from some entry on, as if the
// process had been killed: its attempts are never heard of again.
type dying struct {
	pipeline.Ledger
	mu   sync.Mutex
	left int // entries that may still be written
}

var errDead = errors.New("dead")

func (d *dying) Append(ctx context.Context, log pipeline.Log, after int, token int64, entries ...pipeline.Entry) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.left -= len(entries); d.left < 0 {
		return errDead
	}
	return d.Ledger.Append(ctx, log, after, token, entries...)
}

func (d *dying) Read(ctx context.Context, log pipeline.Log, from int) ([]pipeline.Entry, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.left < 0 {
		return nil, errDead
	}
	return d.Ledger.Read(ctx, log, from)
}

// A runner that cannot write any more stops its attempts when its lease is over.
// The run that waits behind it finishes its run first.
func TestALostRunIsFinishedByWhoWaits(t *testing.T) {
	for _, cancelLost := range []bool{false, true} {
		t.Run(fmt.Sprint("cancel=", cancelLost), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := new(pipelinetest.Memory)
				lost := newWorld()
				// queued, held, one began, one ended + hang began; then it dies.
				d := &dying{Ledger: l, left: 5}
				start := time.Now()
				_, err := (&pipeline.Runner{Ledger: d, Executor: lost, Lease: time.Minute}).Start(t.Context(), "lost", plan(t, "a: | one hang two clean!"))
				require.ErrorIs(t, err, errDead)
				require.InDelta(t, time.Minute, time.Since(start), float64(20*time.Second))
				require.True(t, slices.ContainsFunc(lost.Calls(), func(c pipelinetest.Call) bool { return c.Step == "hang" && c.Returned }))

				w := &pipelinetest.Executor{}
				s, err := (&pipeline.Runner{Ledger: l, Executor: w, CancelLost: cancelLost}).Start(t.Context(), "next", plan(t, "b: | one"))
				require.NoError(t, err)
				require.Equal(t, pipeline.Succeeded, s.Status())
				s, err = pipeline.Load(t.Context(), l, "lost")
				require.NoError(t, err)
				var order []string
				for _, c := range w.Calls() {
					order = append(order, fmt.Sprint(c.Run, ":", c.Step, ":", c.Attempt))
				}
				if cancelLost {
					require.Equal(t, pipeline.Cancelled, s.Status())
					require.Equal(t, []string{"lost:clean:1", "next:one:1"}, order)
				} else {
					require.Equal(t, pipeline.Succeeded, s.Status())
					require.Equal(t, []string{"lost:hang:2", "lost:two:1", "lost:clean:1", "next:one:1"}, order)
				}
			})
		})
	}
}

// endingWorld is an executor that can end what was lost.
type endingWorld struct {
	pipelinetest.Executor
	ended []pipeline.Task
}

func (e *endingWorld) End(_ context.Context, t pipeline.Task) error {
	e.ended = append(e.ended, t)
	return nil
}

func TestEnderEndsWhatWasLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := new(pipelinetest.Memory)
		w := &endingWorld{}
		w.Do = func(ctx context.Context, task pipeline.Task) (json.RawMessage, error) {
			if err := task.Note(ctx, json.RawMessage(`{"pgid":4711}`)); err != nil {
				return nil, err
			}
			<-ctx.Done()
			return nil, ctx.Err()
		}
		// queued, held, began, noted
		_, err := (&pipeline.Runner{Ledger: &dying{Ledger: l, left: 4}, Executor: w}).Start(t.Context(), "run", plan(t, "a: | one"))
		require.ErrorIs(t, err, errDead)
		require.NoError(t, pipeline.Cancel(t.Context(), l, "run", pipeline.Request{By: "alice", Reason: "enough", At: time.Now()}))
		s, err := (&pipeline.Runner{Ledger: l, Executor: w}).Resume(t.Context(), "run")
		require.NoError(t, err)
		require.Equal(t, pipeline.Cancelled, s.Status())
		require.Len(t, w.ended, 1)
		require.Equal(t, []json.RawMessage{json.RawMessage(`{"pgid":4711}`)}, w.ended[0].Notes)
		require.Len(t, w.Calls(), 1, "the step is not made again")
	})
}

// Two runners on one run: one carries it out, the other one waits and gets the
// same answer.
func TestTwoRunnersOnOneRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := new(pipelinetest.Memory)
		e := &pipelinetest.Executor{Do: func(context.Context, pipeline.Task) (json.RawMessage, error) {
			time.Sleep(5 * time.Minute)
			return nil, nil
		}}
		require.NoError(t, l.Create(t.Context(), pipeline.Run{ID: "run", Plan: plan(t, "a: | one", "b: a | one", "c: | one"), Created: time.Now()}))
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() {
				s, err := (&pipeline.Runner{Ledger: l, Executor: e, Holder: fmt.Sprint("runner ", i)}).Resume(t.Context(), "run")
				if err != nil || s.Status() != pipeline.Succeeded {
					t.Error(i, s.Status(), err)
				}
			})
		}
		wg.Wait()
		require.Len(t, e.Calls(), 3)
		require.Equal(t, 2, e.Most())
	})
}

// A runner that was held up for longer than its lease finds that it was taken
// over: its attempts are stopped, and it writes nothing.
func TestAStalledRunnerIsFenced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := new(pipelinetest.Memory)
		stalled := &stalling{Ledger: l, c: make(chan struct{})}
		w := newWorld()
		done := make(chan error)
		go func() {
			_, err := (&pipeline.Runner{Ledger: stalled, Executor: w, Holder: "stalled"}).Start(t.Context(), "run", plan(t, "a: | hang"))
			done <- err
		}()
		time.Sleep(5 * time.Second)
		stalled.stall()
		s, err := (&pipeline.Runner{Ledger: l, Executor: new(pipelinetest.Executor), Holder: "other"}).Resume(t.Context(), "run")
		require.NoError(t, err)
		require.Equal(t, pipeline.Succeeded, s.Status())
		before := s.Len()
		close(stalled.c)
		err = <-done
		require.True(t, errors.Is(err, pipeline.ErrFenced) || errors.Is(err, pipeline.ErrFinished), "%v", err)
		s, err = pipeline.Load(t.Context(), l, "run")
		require.NoError(t, err)
		require.Equal(t, before, s.Len())
		require.True(t, w.Calls()[0].Returned)
	})
}

// stalling is a ledger that stops answering for a while.
type stalling struct {
	pipeline.Ledger
	mu    sync.Mutex
	stuck bool
	c     chan struct{}
}

func (s *stalling) stall() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stuck = true
}

func (s *stalling) wait() {
	s.mu.Lock()
	stuck := s.stuck
	s.mu.Unlock()
	if stuck {
		<-s.c
	}
}

func (s *stalling) Append(ctx context.Context, log pipeline.Log, after int, token int64, entries ...pipeline.Entry) error {
	s.wait()
	return s.Ledger.Append(context.WithoutCancel(ctx), log, after, token, entries...)
}

func (s *stalling) Read(ctx context.Context, log pipeline.Log, from int) ([]pipeline.Entry, error) {
	s.wait()
	return s.Ledger.Read(context.WithoutCancel(ctx), log, from)
}

// A ledger that fails now and then, before or after it has written, neither
// loses nor doubles an entry.
func TestAnUnreliableLedger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := new(pipelinetest.Memory)
		w := newWorld()
		do := w.Do
		w.Do = func(ctx context.Context, task pipeline.Task) (json.RawMessage, error) {
			if err := task.Note(ctx, json.RawMessage(`"noted"`)); err != nil {
				return nil, err
			}
			return do(ctx, task)
		}
		p := plan(t, "a: | one two flaky", "b: | one", "c: a b | one clean!", "d: c | one")
		require.NoError(t, l.Create(t.Context(), pipeline.Run{ID: "run", Plan: p, Created: time.Now()}))
		bad := &unreliable{Ledger: l}
		r := &pipeline.Runner{Ledger: bad, Executor: w, Lease: time.Hour}
		s, err := r.Resume(t.Context(), "run")
		for errors.Is(err, errDead) { // before it has the run it does not insist
			s, err = r.Resume(t.Context(), "run")
		}
		require.NoError(t, err)
		require.Equal(t, pipeline.Succeeded, s.Status())
		for j := range s.Jobs() {
			for _, st := range j.Steps {
				require.Len(t, st.Notes, st.Attempt, "%s/%s", j.ID, st.Name)
				require.Equal(t, st.Attempt, w.Attempts(j.ID, st.Name), "%s/%s", j.ID, st.Name)
			}
		}
		require.Greater(t, bad.n, 20)
	})
}

type unreliable struct {
	pipeline.Ledger
	n int
}

func (u *unreliable) Append(ctx context.Context, log pipeline.Log, after int, token int64, entries ...pipeline.Entry) error {
	u.n++
	switch {
	case token == 0:
	case u.n%3 == 1:
		return errDead
	case u.n%3 == 2:
		return errors.Join(errDead, u.Ledger.Append(ctx, log, after, token, entries...))
	}
	return u.Ledger.Append(ctx, log, after, token, entries...)
}
