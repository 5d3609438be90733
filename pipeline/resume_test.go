package pipeline_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/pipeline/pipelinetest"
)

var resumePlans = map[string][]string{
	"diamond":        {"a: | one two", "b: a | one", "c: a | one clean!", "d: b c | one"},
	"failures":       {"a: | one fail two clean!", "b: a | one", "c: | one", "d: c | skip one"},
	"retries":        {"a: | flaky one", "b: | flaky clean!", "c: a b | flaky"},
	"gates":          {"a: | one", "b: | one", "gate: a b", "c: gate | one", "empty:", "d: empty | one"},
	"all is blocked": {"a: | fail", "b: a", "c: b | one"},
	"nothing":        {},
}

// A run that is cut off after any entry of its log ends as it would have ended:
// no step that was finished is made again, and none is lost.
func TestResumeAtEveryPrefix(t *testing.T) {
	for name, lines := range resumePlans {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { resumeEverywhere(t, plan(t, lines...), nil) })
		})
	}
}

// The same of a run that was cancelled in the middle: whatever was lost, what
// always runs in a job that had begun is made.
func TestResumeAtEveryPrefixOfACancelledRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := plan(t, "a: | one", "b: a | hang two clean!", "c: b | one", "d: | flaky one")
		resumeEverywhere(t, p, func(ctx context.Context, l pipeline.Ledger) {
			time.Sleep(3 * time.Second) // of the bubble
			require.NoError(t, pipeline.Cancel(ctx, l, "run", pipeline.Request{By: "alice", Reason: "wrong branch", At: time.Now()}))
		})
	})
}

func resumeEverywhere(t *testing.T, p pipeline.Plan, meanwhile func(context.Context, pipeline.Ledger)) {
	t.Helper()
	ctx := t.Context()
	whole := new(pipelinetest.Memory)
	if meanwhile != nil {
		go meanwhile(ctx, whole)
	}
	end, err := (&pipeline.Runner{Ledger: whole, Executor: newWorld(), Parallel: 2}).Start(ctx, "run", p)
	require.NoError(t, err)
	want := summary(end)
	log, err := whole.Read(ctx, pipeline.RunLog("run"), 0)
	require.NoError(t, err)
	require.Equal(t, pipeline.Finished, log[len(log)-1].Kind)

	for n := 1; n <= len(log); n++ {
		cut, err := pipelinetest.Prefix(ctx, whole, "run", n)
		require.NoError(t, err)
		before, err := pipeline.Load(ctx, cut, "run")
		require.NoError(t, err)
		_, cancelled := before.Cancel()
		if meanwhile != nil && !cancelled {
			require.NoError(t, pipeline.Cancel(ctx, cut, "run", pipeline.Request{By: "alice", At: time.Now()}))
		}

		w := newWorld()
		for j := range before.Jobs() {
			for _, s := range j.Steps {
				w.failed[j.ID+"/"+s.Name] = s.Failures > 0
			}
		}
		after, err := (&pipeline.Runner{Ledger: cut, Executor: w, Parallel: 2}).Resume(ctx, "run")
		require.NoError(t, err, "cut after %d entries", n)
		if meanwhile == nil {
			require.Equal(t, want, summary(after), "cut after %d entries", n)
		}
		loaded, err := pipeline.Load(ctx, cut, "run")
		require.NoError(t, err)
		require.Equal(t, summary(after), summary(loaded))
		for j := range before.Jobs() {
			done, _ := after.Job(j.ID)
			require.True(t, done.Status.Done(), "%s: %s", j.ID, done.Status)
			for i, s := range j.Steps {
				if s.Status.Done() {
					require.Zero(t, w.Attempts(j.ID, s.Name), "%s/%s was %s and is made again (cut after %d)", j.ID, s.Name, s.Status, n)
				}
				if s.Status == pipeline.Running && meanwhile == nil {
					require.NotZero(t, w.Attempts(j.ID, s.Name), "%s/%s is lost (cut after %d)", j.ID, s.Name, n)
				}
				if strings.HasPrefix(s.Name, "clean") && !j.Began.IsZero() {
					require.Equal(t, pipeline.Succeeded, done.Steps[i].Status, "cut after %d", n)
				}
			}
		}
	}
}

// Folding entry by entry, on one state or on many, is the same.
func TestApplyIsPure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := plan(t, resumePlans["failures"]...)
		l := new(pipelinetest.Memory)
		_, err := (&pipeline.Runner{Ledger: l, Executor: newWorld()}).Start(t.Context(), "run", p)
		require.NoError(t, err)
		log, err := l.Read(t.Context(), pipeline.RunLog("run"), 0)
		require.NoError(t, err)

		s, err := pipeline.NewState("run", p)
		require.NoError(t, err)
		states, texts := []pipeline.State{s}, []string{summary(s)}
		for _, e := range log {
			s, err = pipeline.Apply(s, e)
			require.NoError(t, err)
			states, texts = append(states, s), append(texts, summary(s))
		}
		for i, s := range states {
			require.Equal(t, texts[i], summary(s), "state %d changed after it was made", i)
			for _, e := range log[i:] {
				s, err = pipeline.Apply(s, e)
				require.NoError(t, err)
			}
			require.Equal(t, texts[len(texts)-1], summary(s))
		}
	})
}
