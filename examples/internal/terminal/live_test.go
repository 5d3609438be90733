package terminal_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/slsflow/slsflow/examples/internal/terminal"
	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/pipeline/pipelinetest"
)

const frame = 100 * time.Millisecond

// newLive returns a live Progress on a virtual terminal, with a clock that stands
// at noon, and a function that moves the clock and returns after the next frame.
func newLive(t *testing.T, columns, rows int) (*terminal.Progress, *virtual, func(time.Duration)) {
	t.Helper()
	v := newVirtual(t, columns, rows)
	clock := pipelinetest.NewClock(noon)
	p := terminal.New(v, terminal.Options{Live: true, Size: v.size, Clock: clock})
	t.Cleanup(func() { _ = p.Close() })
	return p, v, func(d time.Duration) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		require.NoError(t, clock.Await(ctx, frame))
		clock.Advance(max(d, frame))
		require.NoError(t, clock.Await(ctx, frame))
	}
}

func TestLiveStory(t *testing.T) {
	p, v, after := newLive(t, 80, 24)
	p.Heading("preview", "pull request #1 opened")
	b := newBook(t, p, "r1", fullstack("staging"))
	b.begin("test api", "install")
	b.line("test api", "install", "\x1b[32madded\x1b[0m 12 packages, and 12 more that nobody has asked for")
	require.Equal(t, `preview  pull request #1 opened
  ⠋ staging  test api · install            0s
`, v.String(), "a line of a log is shown with the next frame")
	after(3 * time.Second)
	require.Equal(t, `preview  pull request #1 opened
  ⠋ staging  test api · install            3s  added 12 packages, and 12 more t…
`, v.String())
	b.ok("test api", "install", 3100*time.Millisecond)
	b.begin("test api", "test")
	b.end("test api", "test", time.Second, pipeline.Entry{Status: pipeline.Skipped, Reason: "no test specified"})
	b.begin("deploy database", "deploy")
	b.line("deploy database", "deploy", "creating the stack")
	b.line("deploy database", "deploy", "Error: a table of this name exists in the account; choose another name or remove it")
	b.end("deploy database", "deploy", 61*time.Second, pipeline.Entry{Status: pipeline.Failed, Error: "stack submissions-staging: exit status 1"})
	b.finish(pipeline.Failed)
	p.Check(true, "nothing was deployed")
	require.NoError(t, p.Close())
	require.Equal(t, `preview  pull request #1 opened
  ✓ staging  test api · install          3.1s
  – staging  test api · test             1.0s  no test specified
  ✗ staging  deploy database · deploy   1m01s
      stack submissions-staging: exit status 1
      │ creating the stack
      │ Error: a table of this name exists in the account; choose another name
      │ or remove it
  – staging  deploy api                not started: deploy database failed
  ✗ staging  run r1 failed, 3 jobs, 1 failed, 1 not started, 1m05s
  ✓ nothing was deployed
`, v.String())
}

func TestLiveRunsShareTheScreen(t *testing.T) {
	p, v, after := newLive(t, 100, 24)
	a := newBook(t, p, "r1", fullstack("alice"))
	b := newBook(t, p, "r2", fullstack("feature-ph-api"))
	a.begin("test api", "install")
	b.now = b.now.Add(time.Second)
	b.begin("test api", "install")
	after(2 * time.Second)
	require.Equal(t, `  ⠋ alice           test api · install            2s
  ⠋ feature-ph-api  test api · install            1s
`, v.String())
	a.end("test api", "install", time.Second, pipeline.Entry{Status: pipeline.Failed, Error: "throttled", RetryAt: noon.Add(9 * time.Second)})
	b.ok("test api", "install", 2*time.Second)
	require.Equal(t, `  ↻ alice           test api · install          1.0s  attempt 1 failed, again in 8s: throttled
  ✓ feature-ph-api  test api · install          2.0s
  ↻ alice           test api · install            7s  until attempt 2
`, v.String())
}

func TestLiveKeepsToTheHeight(t *testing.T) {
	p, v, after := newLive(t, 60, 5)
	plan := pipeline.Plan{Key: "app/dev"}
	for i := range 9 {
		plan.Jobs = append(plan.Jobs, pipeline.Job{ID: fmt.Sprint("job ", i), Steps: []pipeline.Step{{Name: "s", Action: "a"}}})
	}
	b := newBook(t, p, "r1", plan)
	for i := range 9 {
		b.begin(fmt.Sprint("job ", i), "s")
	}
	after(0)
	require.Equal(t, `  ⠙ dev  job 0 · s      0s
  ⠙ dev  job 1 · s      0s
  ⠙ dev  job 2 · s      0s
  … and 6 more
`, v.String())
	for i := range 9 {
		b.ok(fmt.Sprint("job ", i), "s", 0)
	}
	b.finish(pipeline.Succeeded)
	require.NoError(t, p.Close())
	require.Equal(t, 10, strings.Count(v.String(), "\n"), v.String())
	require.Equal(t, 10, strings.Count(v.String(), "✓"), v.String())
}

// After the terminal has become narrower, each row takes several lines.
func TestLiveAfterAResize(t *testing.T) {
	p, v, after := newLive(t, 60, 24)
	b := newBook(t, p, "r1", fullstack("dev"))
	b.begin("test api", "install")
	b.line("test api", "install", strings.Repeat("x", 200))
	after(0)
	v.mu.Lock()
	require.Len(t, v.lines, 2)
	long := v.lines[0] // as terminals do it: the row goes on in the next line
	v.columns, v.lines, v.row = 40, [][]rune{long[:40], long[40:], nil}, 2
	v.mu.Unlock()
	after(0)
	require.Equal(t, "  ⠹ dev  test api · install        0s  …\n", v.String())
}

func TestLiveHostileLog(t *testing.T) {
	p, v, after := newLive(t, 80, 24)
	b := newBook(t, p, "r1", fullstack("dev"))
	b.begin("test api", "install")
	for _, l := range []string{
		"\x1b[2J\x1b[H\x1b[1A\x1b]0;title\x07\x1b[?25l cleared",
		"10 %\r 50 %\r100 %\r",
		"wide 日本語" + strings.Repeat("語", 200),
		strings.Repeat("e\u0301\u0302", 300),
		"\u202eturned\u2066 \u200bhidden\ufeff 👩\u200d👩\u200d👧 \ufe0f",
		"bytes \xff\xfe\x9b2J\u009b2J\x00\x08\x7f",
		"\tindented\twith\ttabs",
		"a\nb\u2028c",
	} {
		b.line("test api", "install", l)
		after(0)
		require.Equal(t, 1, strings.Count(v.String(), "\n"), "%q", v.String())
	}
	b.end("test api", "install", 0, pipeline.Entry{Status: pipeline.Failed, Error: "\x1b[2Jno"})
	require.NoError(t, p.Close())
	got := v.String()
	require.Contains(t, got, "\n      │  cleared\n      │ 100 %\n      │ wide 日本語")
	require.Contains(t, got, "語\n      │ … cut here, the log has more\n      │ e\u0301\u0302e")
	require.Contains(t, got, "      │ turned hidden 👩👩👧\n")
	require.Contains(t, got, "      │         indented        with    tabs\n      │ a b c\n")
}

func TestLiveClosesCleanly(t *testing.T) {
	p, v, after := newLive(t, 80, 24)
	b := newBook(t, p, "r1", fullstack("dev"))
	b.begin("test api", "install")
	after(2 * time.Second)
	require.NoError(t, p.Close())
	require.NoError(t, p.Close())
	require.Equal(t, "  ↻ dev  test api · install          2.0s  not finished\n", v.String())
	writes := v.writes
	b.ok("test api", "install", time.Second)
	p.ReportLine(pipeline.Line{Run: "r1", Job: "test api", Step: "install", Attempt: 1, Text: "late"})
	require.Equal(t, writes, v.writes)
}

func TestLiveCancelledRun(t *testing.T) {
	p, v, _ := newLive(t, 80, 24)
	b := newBook(t, p, "r1", fullstack("dev"))
	b.begin("test api", "install")
	b.add(pipeline.Entry{Kind: pipeline.CancelRequested, By: "alice", Reason: "wrong branch"})
	b.end("test api", "install", time.Second, pipeline.Entry{Status: pipeline.Cancelled, Error: "run cancelled"})
	b.finish(pipeline.Cancelled)
	require.NoError(t, p.Close())
	require.Equal(t, `  · dev  cancel asked for by alice: wrong branch
  ✗ dev  test api · install          1.0s  run cancelled
  ✗ dev  run r1 was cancelled, 3 jobs, 2 not started, 1.0s
`, v.String())
}

func TestLiveWritesNothingWhileNothingChanges(t *testing.T) {
	p, v, after := newLive(t, 80, 24)
	p.Note("hello")
	writes := v.writes
	for range 5 {
		after(0)
	}
	require.Equal(t, writes, v.writes)
}

// Several real runs at once, each with its own goroutines.
func TestConcurrentRuns(t *testing.T) {
	for _, live := range []bool{true, false} {
		t.Run(fmt.Sprint("live ", live), func(t *testing.T) {
			defer goleak.VerifyNone(t)
			v := newVirtual(t, 90, 10)
			var out writer = &plainText{}
			if live {
				out = v
			}
			p := terminal.New(out, terminal.Options{Live: live, Size: v.size})
			r := &pipeline.Runner{
				Ledger: new(pipelinetest.Memory), Reporters: []pipeline.Reporter{p},
				Executor: &pipelinetest.Executor{Do: func(_ context.Context, task pipeline.Task) (json.RawMessage, error) {
					for i := range 50 {
						fmt.Fprintf(task.Log, "\x1b[1mline %d of %s\n", i, task.Job.ID)
					}
					if task.Step.Name == "verify" {
						return nil, errors.New("exit status 1")
					}
					return nil, nil
				}},
			}
			var wg sync.WaitGroup
			for _, stage := range []string{"alice", "bob", "dev", "staging"} {
				wg.Go(func() {
					s, err := r.Start(t.Context(), "run-"+stage, fullstack(stage))
					if err != nil || s.Status() != pipeline.Failed {
						t.Errorf("%s: %s, %v", stage, s.Status(), err)
					}
				})
			}
			for i := range 20 {
				p.Note("note %d", i)
			}
			wg.Wait()
			require.NoError(t, p.Close())
			text := out.String()
			for _, stage := range []string{"alice", "bob", "dev", "staging"} {
				require.Equal(t, 1, strings.Count(text, "run run-"+stage+" failed, 3 jobs, 1 failed"), text)
			}
			require.Equal(t, 4*15, strings.Count(text, " of deploy api\n"))
			require.Equal(t, 4, strings.Count(text, "… 35 lines before\n"))
			require.Equal(t, 20, strings.Count(text, "note "))
			require.NotContains(t, text, "not finished")
		})
	}
}

type writer interface {
	Write(p []byte) (int, error)
	String() string
}

// plainText fails the data race detector if it is written to concurrently.
type plainText struct{ strings.Builder }
