package pipeline_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/pipeline/pipelinetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// plan makes a plan of lines such as "c: a b | one! two" : job c needs a and b,
// and has the steps one, which always runs, and two. A step's action is its name.
func plan(tb testing.TB, lines ...string) pipeline.Plan {
	tb.Helper()
	p := pipeline.Plan{Key: "app/stage"}
	for _, l := range lines {
		head, steps, _ := strings.Cut(l, "|")
		id, needs, _ := strings.Cut(head, ":")
		j := pipeline.Job{ID: strings.TrimSpace(id), Needs: strings.Fields(needs), Reason: "test"}
		for s := range strings.FieldsSeq(steps) {
			name := strings.TrimSuffix(s, "!")
			j.Steps = append(j.Steps, pipeline.Step{
				Name: name, Action: name, Always: name != s,
				Retry: pipeline.Retry{Classes: []string{"flaky"}, Attempts: 3, Delay: time.Second},
			})
		}
		p.Jobs = append(p.Jobs, j)
	}
	require.NoError(tb, p.Validate())
	return p
}

// world is an executor whose steps do what their name says: "fail…" fails,
// "flaky…" fails once, "skip…" skips, "hang…" waits for the end of its context;
// all else succeeds with its name as the result.
type world struct {
	pipelinetest.Executor
	failed map[string]bool // flaky steps that have failed, by job and step
	mu     chan struct{}
}

func newWorld() *world {
	w := &world{failed: map[string]bool{}, mu: make(chan struct{}, 1)}
	w.Do = w.do
	return w
}

func (w *world) do(ctx context.Context, t pipeline.Task) (json.RawMessage, error) {
	name, key := t.Step.Name, t.Job.ID+"/"+t.Step.Name
	switch {
	case strings.HasPrefix(name, "fail"):
		return nil, errors.New("it failed")
	case strings.HasPrefix(name, "flaky"):
		w.mu <- struct{}{}
		defer func() { <-w.mu }()
		if !w.failed[key] {
			w.failed[key] = true
			return nil, pipeline.Classify("flaky", errors.New("try again"))
		}
	case strings.HasPrefix(name, "skip"):
		return nil, pipeline.Skip("nothing to do")
	case strings.HasPrefix(name, "hang"):
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return json.Marshal(key)
}

// summary writes a state without times and attempts, one job per line.
func summary(s pipeline.State) string {
	var b strings.Builder
	fmt.Fprintln(&b, s.Status())
	for j := range s.Jobs() {
		fmt.Fprintf(&b, "%s %s:", j.ID, j.Status)
		for _, st := range j.Steps {
			fmt.Fprintf(&b, " %s=%s", st.Name, st.Status)
			if st.Failures > 0 {
				fmt.Fprintf(&b, "(%d)", st.Failures)
			}
			if len(st.Result) > 0 {
				fmt.Fprintf(&b, "%s", st.Result)
			}
		}
		fmt.Fprintln(&b)
	}
	return b.String()
}
