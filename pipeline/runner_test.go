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

func TestAFailureStopsOnlyWhatNeedsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		s, err := (&pipeline.Runner{Ledger: new(pipelinetest.Memory), Executor: w}).Start(t.Context(), "run",
			plan(t, "a: | one fail two clean! three", "b: a | one", "c: b | one", "d: | skip one"))
		require.NoError(t, err)
		require.Equal(t, `failed
a failed: one=succeeded"a/one" fail=failed(1) two=blocked clean=succeeded"a/clean" three=blocked
b blocked: one=blocked
c blocked: one=blocked
d succeeded: skip=skipped one=succeeded"d/one"
`, summary(s))
		require.EqualError(t, s.Err(), "a: step fail: it failed")
		require.Len(t, w.Calls(), 5)
	})
}

func TestRetryByClass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []time.Duration
		start := time.Now()
		e := &pipelinetest.Executor{Do: func(_ context.Context, task pipeline.Task) (json.RawMessage, error) {
			at = append(at, time.Since(start))
			return nil, pipeline.Classify(task.Step.Action, errors.New("no"))
		}}
		p := pipeline.Plan{Key: "k", Jobs: []pipeline.Job{{ID: "a", Steps: []pipeline.Step{
			{Name: "one", Action: "throttled", Retry: pipeline.Retry{Classes: []string{"throttled"}, Attempts: 4, Delay: time.Second}},
		}}, {ID: "b", Needs: []string{"a"}}, {ID: "c", Steps: []pipeline.Step{
			{Name: "one", Action: "other", Retry: pipeline.Retry{Classes: []string{"throttled"}, Attempts: 4}},
		}}}}
		s, err := (&pipeline.Runner{Ledger: new(pipelinetest.Memory), Executor: e, Parallel: 1}).Start(t.Context(), "run", p)
		require.NoError(t, err)
		require.Equal(t, 4, e.Attempts("a", "one"))
		require.Equal(t, 1, e.Attempts("c", "one"))
		require.Equal(t, []time.Duration{0, time.Second, 3 * time.Second, 7 * time.Second, 7 * time.Second}, at)
		a, _ := s.Job("a")
		require.Equal(t, 4, a.Steps[0].Failures)
		require.Equal(t, "throttled", a.Steps[0].Class)
	})
}

func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var cause error
		w := newWorld()
		w.Do = func(ctx context.Context, _ pipeline.Task) (json.RawMessage, error) {
			<-ctx.Done()
			cause = context.Cause(ctx)
			return nil, ctx.Err()
		}
		p := plan(t, "a: | hang")
		p.Jobs[0].Steps[0].Timeout = 5 * time.Minute
		p.Jobs[0].Steps[0].Retry = pipeline.Retry{Classes: []string{pipeline.ClassTimeout}, Attempts: 2}
		start := time.Now()
		s, err := (&pipeline.Runner{Ledger: new(pipelinetest.Memory), Executor: w}).Start(t.Context(), "run", p)
		require.NoError(t, err)
		require.EqualError(t, s.Err(), "a: step hang: timed out after 5m0s: context canceled")
		require.ErrorIs(t, cause, pipeline.ErrTimeout)
		require.Equal(t, 2, w.Attempts("a", "hang"))
		require.InDelta(t, 10*time.Minute, time.Since(start), float64(time.Second))
	})
}

func TestBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &pipelinetest.Executor{}
		var mu sync.Mutex
		now, most := map[string]int{}, map[string]int{}
		e.Do = func(_ context.Context, task pipeline.Task) (json.RawMessage, error) {
			mu.Lock()
			for _, l := range task.Job.Limits {
				now[l]++
				most[l] = max(most[l], now[l])
			}
			mu.Unlock()
			time.Sleep(time.Minute)
			mu.Lock()
			defer mu.Unlock()
			for _, l := range task.Job.Limits {
				now[l]--
			}
			return nil, nil
		}
		p := pipeline.Plan{Key: "k"}
		for i := range 30 {
			limits := []string{[]string{"account:1", "account:2", "free"}[i%3]}
			if i%10 == 0 {
				limits = append(limits, "lock")
			}
			p.Jobs = append(p.Jobs, pipeline.Job{ID: fmt.Sprint(i), Limits: limits, Steps: []pipeline.Step{{Name: "s", Action: "s"}}})
		}
		start := time.Now()
		s, err := (&pipeline.Runner{
			Ledger: new(pipelinetest.Memory), Executor: e, Parallel: 5,
			Limits: map[string]int{"account:1": 1, "account:2": 2, "lock": 1},
		}).Start(t.Context(), "run", p)
		require.NoError(t, err)
		require.Equal(t, pipeline.Succeeded, s.Status())
		require.Equal(t, 5, e.Most())
		require.Equal(t, map[string]int{"account:1": 1, "account:2": 2, "lock": 1, "free": most["free"]}, most)
		// Ten jobs one after the other in account 1; nothing else takes longer.
		require.InDelta(t, 10*time.Minute, time.Since(start), float64(10*time.Second))
	})
}

func TestCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := new(pipelinetest.Memory)
		w := newWorld()
		go func() {
			time.Sleep(time.Minute)
			if err := pipeline.Cancel(t.Context(), l, "run", pipeline.Request{By: "alice", Reason: "wrong branch", At: time.Now()}); err != nil {
				t.Error(err)
			}
		}()
		start := time.Now()
		s, err := (&pipeline.Runner{Ledger: l, Executor: w}).Start(t.Context(), "run",
			plan(t, "a: | one hang two clean!", "b: a | one", "c: | one"))
		require.NoError(t, err)
		require.Equal(t, `cancelled
a cancelled: one=succeeded"a/one" hang=cancelled two=cancelled clean=succeeded"a/clean"
b cancelled: one=cancelled
c succeeded: one=succeeded"c/one"
`, summary(s))
		require.EqualError(t, s.Err(), "run cancelled by alice: wrong branch")
		require.Less(t, time.Since(start), 62*time.Second)

		err = pipeline.Cancel(t.Context(), l, "run", pipeline.Request{By: "bob"})
		require.ErrorIs(t, err, pipeline.ErrFinished)
		err = pipeline.Cancel(t.Context(), l, "nobody", pipeline.Request{By: "bob"})
		require.ErrorIs(t, err, pipeline.ErrNotFound)
	})
}

// A runner whose context is done gives the run back at once, and another one
// goes on with it.
func TestStopAndResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := new(pipelinetest.Memory)
		w := newWorld()
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Minute, func() { cancel(errors.New("told to stop")) })
		s, err := (&pipeline.Runner{Ledger: l, Executor: w}).Start(ctx, "run", plan(t, "a: | one hang two"))
		require.ErrorIs(t, err, pipeline.ErrStopped)
		require.ErrorContains(t, err, "told to stop")
		a, _ := s.Job("a")
		require.Equal(t, pipeline.Interrupted, a.Steps[1].Status)
		require.Empty(t, s.Lease().Holder)

		w.Do = nil // nothing hangs any more
		start := time.Now()
		s, err = (&pipeline.Runner{Ledger: l, Executor: w}).Resume(t.Context(), "run")
		require.NoError(t, err)
		require.Equal(t, pipeline.Succeeded, s.Status())
		require.Less(t, time.Since(start), time.Second, "it need not wait for the lease to run out")
		require.Equal(t, 1, w.Attempts("a", "one"))
		require.Equal(t, 2, w.Attempts("a", "hang"))
	})
}

func TestCancelWhenDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := new(pipelinetest.Memory)
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Minute, func() { cancel(errors.New("interrupted")) })
		s, err := (&pipeline.Runner{Ledger: l, Executor: newWorld(), Holder: "alice", CancelWhenDone: true}).
			Start(ctx, "run", plan(t, "a: | hang clean!", "b: a | one"))
		require.NoError(t, err)
		require.Equal(t, "cancelled\na cancelled: hang=cancelled clean=succeeded\"a/clean\"\nb cancelled: one=cancelled\n", summary(s))
		require.EqualError(t, s.Err(), "run cancelled by alice: interrupted")
	})
}

func TestRunsOfAKeyWaitInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := new(pipelinetest.Memory)
		e := &pipelinetest.Executor{Do: func(context.Context, pipeline.Task) (json.RawMessage, error) {
			time.Sleep(time.Minute) // longer than the lease
			return nil, nil
		}}
		var wg sync.WaitGroup
		for i := range 5 {
			wg.Go(func() {
				time.Sleep(time.Duration(i) * time.Second)
				s, err := (&pipeline.Runner{Ledger: l, Executor: e}).Start(t.Context(), fmt.Sprint("run", i), plan(t, "a: | one", "b: | one"))
				if err != nil || s.Status() != pipeline.Succeeded {
					t.Error(i, s.Status(), err)
				}
			})
		}
		wg.Wait()
		var order []string
		for _, c := range e.Calls() {
			order = append(order, c.Run)
		}
		require.Equal(t, []string{"run0", "run0", "run1", "run1", "run2", "run2", "run3", "run3", "run4", "run4"}, order)
		require.Equal(t, 2, e.Most())
		q, err := pipeline.ReadQueue(t.Context(), l, "app/stage")
		require.NoError(t, err)
		require.Empty(t, q.Runs())
	})
}

// A key's log is read from where it still counts, however long it has become.
func TestQueueReadsLittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &countingLedger{Ledger: new(pipelinetest.Memory)}
		for i := range 50 {
			_, err := (&pipeline.Runner{Ledger: l, Executor: newWorld()}).Start(t.Context(), fmt.Sprint("run", i), plan(t, "a: | one"))
			require.NoError(t, err)
		}
		require.Less(t, l.most, 5)
	})
}

type countingLedger struct {
	pipeline.Ledger
	most int // entries of a key's log read at once
}

func (l *countingLedger) Read(ctx context.Context, log pipeline.Log, from int) ([]pipeline.Entry, error) {
	entries, err := l.Ledger.Read(ctx, log, from)
	if strings.HasPrefix(string(log), "key/") {
		l.most = max(l.most, len(entries))
	}
	return entries, err
}

func TestRefuse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := new(pipelinetest.Memory)
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, err := (&pipeline.Runner{Ledger: l, Executor: newWorld()}).Start(t.Context(), "first", timed(plan(t, "a: | hang"), time.Minute))
			if err != nil {
				t.Error(err)
			}
		}()
		time.Sleep(time.Second)
		_, err := (&pipeline.Runner{Ledger: l, Executor: newWorld(), Refuse: true}).Start(t.Context(), "second", plan(t, "a: | one"))
		require.ErrorIs(t, err, pipeline.ErrBusy)
		require.ErrorContains(t, err, "first")
		_, err = l.Run(t.Context(), "second")
		require.ErrorIs(t, err, pipeline.ErrNotFound, "a run that is refused is not recorded")
		_, err = (&pipeline.Runner{Ledger: l, Executor: newWorld(), Refuse: true}).Resume(t.Context(), "first")
		require.ErrorIs(t, err, pipeline.ErrBusy)
		<-done
		_, err = (&pipeline.Runner{Ledger: l, Executor: newWorld(), Refuse: true}).Start(t.Context(), "second", plan(t, "a: | one"))
		require.NoError(t, err)
	})
}

// Of several that start at the same moment and will not wait, one runs, and the
// others are recorded as cancelled or not at all.
func TestRefuseAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := new(pipelinetest.Memory)
		e := &pipelinetest.Executor{Do: func(context.Context, pipeline.Task) (json.RawMessage, error) {
			time.Sleep(time.Minute)
			return nil, nil
		}}
		var mu sync.Mutex
		won := 0
		var wg sync.WaitGroup
		for i := range 6 {
			wg.Go(func() {
				_, err := (&pipeline.Runner{Ledger: l, Executor: e, Refuse: true}).Start(t.Context(), fmt.Sprint("run", i), plan(t, "a: | one"))
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					won++
				} else if !errors.Is(err, pipeline.ErrBusy) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		require.Equal(t, 1, won)
		require.Len(t, e.Calls(), 1)
		open, err := l.Runs(t.Context(), pipeline.Filter{Open: true})
		require.NoError(t, err)
		require.Empty(t, open)
	})
}

func timed(p pipeline.Plan, d time.Duration) pipeline.Plan {
	for i := range p.Jobs {
		for k := range p.Jobs[i].Steps {
			p.Jobs[i].Steps[k].Timeout = d
		}
	}
	return p
}

func TestSupersede(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := new(pipelinetest.Memory)
		w := newWorld()
		results := make([]pipeline.State, 4)
		var wg sync.WaitGroup
		for i, lines := range [][]string{{"x: | hang"}, {"a: | one"}, {"b: | one"}, {"a: | one", "c: | one"}} {
			wg.Go(func() {
				time.Sleep(time.Duration(i) * time.Second)
				var err error
				results[i], err = (&pipeline.Runner{Ledger: l, Executor: w, Supersede: true}).
					Start(t.Context(), fmt.Sprint("run", i), timed(plan(t, lines...), time.Minute))
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		require.Equal(t, pipeline.Failed, results[0].Status(), "a run that has begun is not interrupted")
		require.Equal(t, pipeline.Superseded, results[1].Status())
		require.EqualError(t, results[1].Err(), "superseded by run3")
		require.Equal(t, pipeline.Succeeded, results[2].Status(), "nobody covers it")
		require.Equal(t, pipeline.Succeeded, results[3].Status())
		require.Equal(t, 1, w.Attempts("a", "one"))
	})
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
