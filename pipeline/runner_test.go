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
