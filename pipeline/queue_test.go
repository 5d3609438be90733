package pipeline_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/pipeline/pipelinetest"
)

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
