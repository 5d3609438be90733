package pipeline_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/pipeline/pipelinetest"
)

// services is a plan of n jobs as a repository of services has it: half of them
// test, a gate waits for all tests, and each deploy needs the gate and up to two
// deploys before it.
func services(n int) pipeline.Plan {
	p := pipeline.Plan{Key: "app/stage"}
	gate := pipeline.Job{ID: "tested"}
	steps := func(names ...string) []pipeline.Step {
		var s []pipeline.Step
		for _, n := range names {
			s = append(s, pipeline.Step{Name: n, Action: n})
		}
		return s
	}
	for i := range n / 2 {
		id := fmt.Sprint("test ", i)
		p.Jobs = append(p.Jobs, pipeline.Job{ID: id, Steps: steps("install", "test")})
		gate.Needs = append(gate.Needs, id)
	}
	p.Jobs = append(p.Jobs, gate)
	for i := range n - n/2 - 1 {
		j := pipeline.Job{ID: fmt.Sprint("deploy ", i), Needs: []string{"tested"}, Limits: []string{fmt.Sprint("account:", i%3)}, Steps: steps("deploy", "verify")}
		for _, before := range []int{i / 2, i / 3} {
			if before < i && i%4 != 0 && (len(j.Needs) == 1 || j.Needs[1] != fmt.Sprint("deploy ", before)) {
				j.Needs = append(j.Needs, fmt.Sprint("deploy ", before))
			}
		}
		p.Jobs = append(p.Jobs, j)
	}
	return p
}

// fold plays a run of the plan without a runner or a ledger, and returns the
// number of entries.
func fold(tb testing.TB, p pipeline.Plan, parallel int) int {
	tb.Helper()
	s, err := pipeline.NewState("run", p)
	require.NoError(tb, err)
	digest, err := p.Digest()
	require.NoError(tb, err)
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	apply := func(e pipeline.Entry) {
		e.V, e.N, e.At = 1, s.Len()+1, now
		if !e.Kind.Request() {
			e.Token = 1
		}
		if s, err = pipeline.Apply(s, e); err != nil {
			tb.Fatal(err)
		}
	}
	apply(pipeline.Entry{Kind: pipeline.Planned, Digest: digest})
	apply(pipeline.Entry{Kind: pipeline.Held, Holder: "h", Lease: time.Hour})
	var running []pipeline.Attempt
	bounds := pipeline.Bounds{Parallel: parallel, Limits: map[string]int{"account:0": parallel, "account:1": parallel/2 + 1}}
	for {
		d := pipeline.Next(s, now, bounds)
		if d.Finish != "" {
			apply(pipeline.Entry{Kind: pipeline.Finished, Status: d.Finish})
			return s.Len()
		}
		for _, a := range d.Begin {
			apply(pipeline.Entry{Kind: pipeline.Began, Job: a.Job, Step: a.Step, Attempt: a.Number})
		}
		running = append(running, d.Begin...)
		a := running[0]
		running = running[1:]
		apply(pipeline.Entry{Kind: pipeline.Ended, Job: a.Job, Step: a.Step, Attempt: a.Number, Status: pipeline.Succeeded})
	}
}

// The engine alone: what Apply and Next cost per job.
func BenchmarkFold(b *testing.B) {
	for _, n := range []int{1_000, 10_000} {
		for _, parallel := range []int{10, n} {
			b.Run(fmt.Sprintf("jobs=%d/parallel=%d", n, parallel), func(b *testing.B) {
				p := services(n)
				b.ReportAllocs()
				for b.Loop() {
					fold(b, p, parallel)
				}
				b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(n), "µs/job")
			})
		}
	}
}

// A whole run with a ledger in memory, whose steps take no time.
func BenchmarkRun(b *testing.B) {
	for _, n := range []int{1_000, 10_000} {
		b.Run(fmt.Sprintf("jobs=%d", n), func(b *testing.B) {
			p := services(n)
			for i := 0; b.Loop(); i++ {
				l := new(pipelinetest.Memory)
				s, err := (&pipeline.Runner{Ledger: l, Executor: new(pipelinetest.Executor), Parallel: 32}).Start(b.Context(), "run", p)
				if err != nil || s.Status() != pipeline.Succeeded {
					b.Fatal(s.Status(), err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(n), "µs/job")
		})
	}
}

// Ten times the jobs cost about ten times as much, and not a hundred times.
func TestCostGrowsWithThePlan(t *testing.T) {
	small, large := services(300), services(3000)
	for _, parallel := range []int{4, 10_000} {
		a := testing.AllocsPerRun(1, func() { fold(t, small, parallel) })
		b := testing.AllocsPerRun(1, func() { fold(t, large, parallel) })
		require.Less(t, b/a, 14.0, "parallel %d: %v and %v allocations", parallel, a, b)
	}
}

// Jobs begin the moment that what they need is done: nothing waits for a whole
// level of the graph, and the run takes as long as its longest path.
func TestMakespan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// One slow job beside a long chain of quick ones, which a barrier after
		// each level would add to each other.
		p := plan(t, "slow: | s", "a: | s", "b: a | s", "c: b | s", "d: c | s", "e: d slow | s")
		e := &pipelinetest.Executor{Do: func(_ context.Context, task pipeline.Task) (json.RawMessage, error) {
			d := time.Minute
			if task.Job.ID == "slow" {
				d = 4 * time.Minute
			}
			time.Sleep(d)
			return nil, nil
		}}
		start := time.Now()
		s, err := (&pipeline.Runner{Ledger: new(pipelinetest.Memory), Executor: e}).Start(t.Context(), "run", p)
		require.NoError(t, err)
		require.Equal(t, pipeline.Succeeded, s.Status())
		require.Equal(t, 5*time.Minute, time.Since(start))
	})
}
