package pipeline_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/pipeline/pipelinetest"
)

// player applies entries to a state, each at a time after the epoch.
type player struct {
	t     *testing.T
	state pipeline.State
	token int64
}

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func play(t *testing.T, p pipeline.Plan) *player {
	t.Helper()
	s, err := pipeline.NewState("run", p)
	require.NoError(t, err)
	pl := &player{t: t, state: s, token: 1}
	first, err := pipeline.Run{ID: "run", Plan: p, Created: epoch}.First()
	require.NoError(t, err)
	pl.apply(0, first)
	pl.apply(0, pipeline.Entry{Kind: pipeline.Held, Holder: "h", Lease: time.Minute})
	return pl
}

func (p *player) apply(at time.Duration, e pipeline.Entry) {
	p.t.Helper()
	e.V, e.N, e.At = pipeline.Version, p.state.Len()+1, epoch.Add(at)
	if !e.Kind.Request() {
		e.Token = p.token
	}
	s, err := pipeline.Apply(p.state, e)
	require.NoError(p.t, err)
	p.state = s
}

func (p *player) began(at time.Duration, job string, attempt int) {
	p.t.Helper()
	p.apply(at, pipeline.Entry{Kind: pipeline.Began, Job: job, Step: "one", Attempt: attempt})
}

func (p *player) failed(at time.Duration, job string, attempt int, retry time.Duration) {
	p.t.Helper()
	p.apply(at, pipeline.Entry{Kind: pipeline.Ended, Job: job, Step: "one", Attempt: attempt, Status: pipeline.Failed, RetryAt: epoch.Add(retry)})
}

// Every fact makes the lease last longer; a request does not.
func TestFactsKeepTheLease(t *testing.T) {
	p := play(t, plan(t, "a: | one"))
	require.True(t, p.state.Lease().Live(epoch.Add(59*time.Second)))
	require.False(t, p.state.Lease().Live(epoch.Add(time.Minute)))
	p.began(50*time.Second, "a", 1)
	require.Equal(t, epoch.Add(110*time.Second), p.state.Lease().Until)
	p.apply(55*time.Second, pipeline.Entry{Kind: pipeline.CancelRequested, By: "alice"})
	require.Equal(t, epoch.Add(110*time.Second), p.state.Lease().Until)
	p.apply(time.Minute, pipeline.Entry{Kind: pipeline.Released})
	require.False(t, p.state.Lease().Live(epoch.Add(time.Minute)))
}

// Next says when the earliest step is tried again, also after others were.
func TestNextWakesForTheEarliestRetry(t *testing.T) {
	p := play(t, plan(t, "a: | one", "b: | one", "c: | one"))
	for _, j := range []string{"a", "b", "c"} {
		p.began(0, j, 1)
	}
	p.failed(0, "a", 1, time.Minute)
	p.failed(0, "b", 1, 3*time.Minute)
	p.failed(0, "c", 1, 2*time.Minute)
	next := func(at time.Duration) pipeline.Decision {
		return pipeline.Next(p.state, epoch.Add(at), pipeline.Bounds{})
	}
	require.Equal(t, pipeline.Decision{Wake: epoch.Add(time.Minute)}, next(0))
	require.Equal(t, []pipeline.Attempt{{Job: "a", Step: "one", Number: 2}}, next(time.Minute).Begin)
	p.began(time.Minute, "a", 2)
	require.Equal(t, pipeline.Decision{Wake: epoch.Add(2 * time.Minute)}, next(time.Minute))
	require.Len(t, next(5*time.Minute).Begin, 2)
	p.failed(time.Minute, "a", 2, 4*time.Minute)
	p.began(3*time.Minute, "b", 2) // before c, whose turn it is too
	require.Equal(t, []pipeline.Attempt{{Job: "c", Step: "one", Number: 2}}, next(3*time.Minute).Begin)
	p.began(3*time.Minute, "c", 2)
	require.Equal(t, pipeline.Decision{Wake: epoch.Add(4 * time.Minute)}, next(3*time.Minute))
}

// A lease that is renewed at the very moment somebody wants to take the run over
// is honoured.
func TestARenewalBeatsATakeover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &renewing{Memory: new(pipelinetest.Memory)}
		require.NoError(t, l.Create(t.Context(), pipeline.Run{ID: "run", Plan: plan(t, "a: | one"), Created: time.Now()}))
		held := pipeline.Entry{V: 1, Kind: pipeline.Held, At: time.Now().UTC(), Holder: "old", Lease: time.Minute}
		require.NoError(t, l.Memory.Append(t.Context(), pipeline.RunLog("run"), 1, 1, held))
		time.Sleep(2 * time.Minute)
		start := time.Now()
		s, err := (&pipeline.Runner{Ledger: l, Executor: new(pipelinetest.Executor), Holder: "new"}).Resume(t.Context(), "run")
		require.NoError(t, err)
		require.Equal(t, pipeline.Succeeded, s.Status())
		require.GreaterOrEqual(t, time.Since(start), time.Minute)
	})
}

// renewing is a ledger where the holder of a run renews its lease just before
// the first one who wants to take it.
type renewing struct {
	*pipelinetest.Memory
	once sync.Once
}

func (r *renewing) Append(ctx context.Context, log pipeline.Log, after int, token int64, entries ...pipeline.Entry) error {
	if token == 2 {
		r.once.Do(func() {
			held := pipeline.Entry{V: 1, Kind: pipeline.Held, At: time.Now().UTC(), Holder: "old", Lease: time.Minute}
			_ = r.Memory.Append(ctx, log, after, 1, held)
		})
	}
	return r.Memory.Append(ctx, log, after, token, entries...)
}
