package pipeline_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/pipeline/pipelinetest"
)

func run(t *testing.T, r *pipeline.Runner, p pipeline.Plan) pipeline.State {
	t.Helper()
	if r.Ledger == nil {
		r.Ledger = new(pipelinetest.Memory)
	}
	s, err := r.Start(t.Context(), "run", p)
	require.NoError(t, err)
	return s
}

func TestTaskHasTheResultsOfWhatItNeeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := map[string]string{}
		var mu sync.Mutex
		w := newWorld()
		do := w.Do
		w.Do = func(ctx context.Context, task pipeline.Task) (json.RawMessage, error) {
			b, err := json.Marshal(task.Results)
			if err != nil {
				return nil, err
			}
			mu.Lock()
			got[task.Job.ID+"/"+task.Step.Name] = string(b)
			mu.Unlock()
			return do(ctx, task)
		}
		run(t, &pipeline.Runner{Executor: w}, plan(t, "a: | one two", "b: | one", "gate: a", "c: gate | skip", "d: c | one three"))
		require.Equal(t, map[string]string{
			"a/one":   `{}`,
			"a/two":   `{"a":{"one":"a/one"}}`,
			"b/one":   `{}`,
			"c/skip":  `{"a":{"one":"a/one","two":"a/two"}}`,
			"d/one":   `{"a":{"one":"a/one","two":"a/two"}}`,
			"d/three": `{"a":{"one":"a/one","two":"a/two"},"d":{"one":"d/one"}}`,
		}, got)
	})
}

// What an executor does wrong fails the step and not the run, and no secret gets
// into the ledger by it.
func TestWhatAStepMayNotDo(t *testing.T) {
	big := json.RawMessage(`"` + strings.Repeat("x", pipeline.MaxEntry) + `"`)
	for _, c := range []struct {
		name, want string
		do         func(context.Context, pipeline.Task) (json.RawMessage, error)
	}{
		{"panic", "executor panicked: oh REDACTED", func(_ context.Context, t pipeline.Task) (json.RawMessage, error) {
			t.Mask("s3cret")
			panic("oh s3cret")
		}},
		{"exit", "ended its goroutine", func(context.Context, pipeline.Task) (json.RawMessage, error) {
			runtime.Goexit()
			return nil, nil
		}},
		{"large result", "the result: entry is too large", func(context.Context, pipeline.Task) (json.RawMessage, error) { return big, nil }},
		{"odd result", "the result is no valid JSON", func(context.Context, pipeline.Task) (json.RawMessage, error) { return json.RawMessage("{"), nil }},
		{"secret result", "the result holds a secret", func(_ context.Context, t pipeline.Task) (json.RawMessage, error) {
			t.Mask("s3cret", "")
			return json.RawMessage(`{"a":"xs3cretx"}`), nil
		}},
		{"secret error", "no key REDACTED here", func(_ context.Context, t pipeline.Task) (json.RawMessage, error) {
			t.Mask("s3cret")
			return nil, errors.New("no key s3cret here")
		}},
		{"long error", "…", func(context.Context, pipeline.Task) (json.RawMessage, error) {
			return nil, errors.New(strings.Repeat("é", 1<<20))
		}},
		{"secret note", "note: it holds a secret", func(ctx context.Context, t pipeline.Task) (json.RawMessage, error) {
			t.Mask("s3cret")
			return nil, t.Note(ctx, json.RawMessage(`"s3cret"`))
		}},
		{"large note", "note: entry is too large", func(ctx context.Context, t pipeline.Task) (json.RawMessage, error) {
			return nil, t.Note(ctx, big)
		}},
		{"odd note", "note: it is no valid JSON", func(ctx context.Context, t pipeline.Task) (json.RawMessage, error) {
			return nil, t.Note(ctx, nil)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := new(pipelinetest.Memory)
				s := run(t, &pipeline.Runner{Ledger: l, Executor: &pipelinetest.Executor{Do: c.do}}, plan(t, "a: | one", "b: | two"))
				require.Equal(t, pipeline.Failed, s.Status())
				a, _ := s.Job("a")
				require.Contains(t, a.Steps[0].Error, c.want)
				log, err := l.Read(t.Context(), pipeline.RunLog("run"), 0)
				require.NoError(t, err)
				b, err := json.Marshal(log)
				require.NoError(t, err)
				require.NotContains(t, string(b), "s3cret")
			})
		})
	}
}

func TestLogsAreKeptMaskedAndBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := pipeline.LogDir(t.TempDir())
		lines := &lineReporter{}
		e := &pipelinetest.Executor{Do: func(_ context.Context, task pipeline.Task) (json.RawMessage, error) {
			task.Mask("s3cret")
			fmt.Fprint(task.Log, "first line\nkey s3c")
			fmt.Fprint(task.Log, "ret and czNjcmV0\r\n")
			if task.Step.Name == "long" {
				fmt.Fprint(task.Log, strings.Repeat("0123456789abcde\n", 10000), strings.Repeat("x", 3*pipeline.MaxLine), "s3cre")
				return nil, nil
			}
			fmt.Fprint(task.Log, "last s3cre")
			return nil, nil
		}}
		run(t, &pipeline.Runner{Executor: e, Logs: dir, LogLimit: 40000, Reporters: []pipeline.Reporter{lines}, Parallel: 1},
			plan(t, "deploy ../a: | one long"))

		read := func(step string) string {
			f, err := dir.Open(t.Context(), pipeline.LogID{Run: "run", Job: "deploy ../a", Step: step, Attempt: 1})
			require.NoError(t, err)
			b, err := io.ReadAll(f)
			require.NoError(t, errors.Join(err, f.Close()))
			return string(b)
		}
		require.Equal(t, "first line\nkey REDACTED and REDACTED\r\nlast s3cre", read("one"))
		long := read("long")
		require.True(t, strings.HasPrefix(long, "first line\nkey REDACTED and REDACTED\r\n0123"))
		require.True(t, strings.HasSuffix(long, "xxxs3cre"))
		require.Regexp(t, `\n\[\d+ bytes left out\]\n`, long)
		require.InDelta(t, 40000, len(long), 100)

		require.Equal(t, []string{"first line", "key REDACTED and REDACTED", "last s3cre"}, lines.lines["one"])
		last := lines.lines["long"]
		require.Len(t, last, 2+10000+1)
		require.LessOrEqual(t, len(last[len(last)-1]), pipeline.MaxLine)
		require.True(t, strings.HasSuffix(last[len(last)-1], "x …"))

		var files []string
		require.NoError(t, filepath.WalkDir(string(dir), func(path string, d fs.DirEntry, err error) error {
			if !d.IsDir() {
				rel, _ := filepath.Rel(string(dir), path)
				files = append(files, filepath.ToSlash(rel))
			}
			return err
		}))
		require.Equal(t, []string{"run/deploy%20..%2Fa/long.1.log", "run/deploy%20..%2Fa/one.1.log"}, files)
		_, err := dir.Open(t.Context(), pipeline.LogID{Run: "run", Job: "other"})
		require.ErrorIs(t, err, fs.ErrNotExist)
	})
}

type lineReporter struct {
	recorder
	lines map[string][]string
}

func (r *lineReporter) ReportLine(l pipeline.Line) {
	if r.lines == nil {
		r.lines = map[string][]string{}
	}
	r.lines[l.Step] = append(r.lines[l.Step], l.Text)
}

// A log that cannot be kept does not fail the step.
func TestLogsThatCannotBeKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "file")
		require.NoError(t, os.WriteFile(file, nil, 0o600))
		var said bytes.Buffer
		e := &pipelinetest.Executor{Do: func(_ context.Context, task pipeline.Task) (json.RawMessage, error) {
			_, err := fmt.Fprintln(task.Log, "text")
			return nil, err
		}}
		s := run(t, &pipeline.Runner{Executor: e, Logs: pipeline.LogDir(file), Logger: slog.New(slog.NewTextHandler(&said, nil))}, plan(t, "a: | one"))
		require.Equal(t, pipeline.Succeeded, s.Status())
		require.Contains(t, said.String(), "log is not kept")
	})
}

func TestLogDirNames(t *testing.T) {
	seen := map[string]string{}
	for _, job := range []string{"a", "a b", "a%20b", "..", ".", "", "a/b", `a\b`, strings.Repeat("x", 300), strings.Repeat("x", 301), "é"} {
		path := pipeline.LogDir("logs").Path(pipeline.LogID{Run: "r", Job: job, Step: "s", Attempt: 1})
		require.Equal(t, 3, strings.Count(path, string(filepath.Separator)), "%q: %s", job, path)
		require.NotContains(t, path, "..")
		for part := range strings.SplitSeq(path, string(filepath.Separator)) {
			require.LessOrEqual(t, len(part), 120)
		}
		require.Empty(t, seen[path], "%q and %q have the same file", seen[path], job)
		seen[path] = job + "."
	}
}

// recorder is a reporter that remembers.
type recorder struct {
	mu    sync.Mutex
	seen  []string
	fails int // so many reports fail
}

func (r *recorder) Report(_ context.Context, rep pipeline.Report) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fails > 0 {
		r.fails--
		return errors.New("not now")
	}
	r.seen = append(r.seen, fmt.Sprintf("%d %s %s %s", rep.Entry.N, rep.Entry.Kind, rep.Entry.Step, rep.State.Status()))
	return nil
}

func TestReportersAreToldEverythingInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := new(pipelinetest.Memory)
		good, slow, bad := &recorder{}, &recorder{fails: 2}, &recorder{fails: 1 << 30}
		s := run(t, &pipeline.Runner{Ledger: l, Executor: newWorld(), Reporters: []pipeline.Reporter{good, bad, slow}}, plan(t, "a: | one"))
		require.Equal(t, pipeline.Succeeded, s.Status())
		require.Equal(t, []string{"1 planned  pending", "2 held  running", "3 began one running", "4 ended one running", "5 finished  succeeded"}, good.seen)
		require.Equal(t, good.seen, slow.seen)
		require.Empty(t, bad.seen)

		// The end is told again to whoever resumes: it may have been lost.
		again := &recorder{}
		_, err := (&pipeline.Runner{Ledger: l, Executor: newWorld(), Reporters: []pipeline.Reporter{again}}).Resume(t.Context(), "run")
		require.NoError(t, err)
		require.Equal(t, []string{"5 finished  succeeded"}, again.seen)
	})
}

func TestStartRefuses(t *testing.T) {
	l := new(pipelinetest.Memory)
	good := &pipeline.Runner{Ledger: l, Executor: newWorld()}
	_, err := good.Start(t.Context(), "run", plan(t, "a: | one"))
	require.NoError(t, err)
	for _, c := range []struct {
		name   string
		runner *pipeline.Runner
		id     string
		plan   pipeline.Plan
		want   string
	}{
		{"no ledger", &pipeline.Runner{Executor: newWorld()}, "x", plan(t, "a: | one"), "Ledger and Executor are required"},
		{"no executor", &pipeline.Runner{Ledger: l}, "x", plan(t, "a: | one"), "Ledger and Executor are required"},
		{"no ID", good, "", plan(t, "a: | one"), `run ID ""`},
		{"ID taken", good, "run", plan(t, "a: | one"), "run exists already"},
		{"bad plan", good, "x", pipeline.Plan{}, "key is empty"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := c.runner.Start(t.Context(), c.id, c.plan)
			require.ErrorContains(t, err, c.want)
		})
	}
	_, err = good.Resume(t.Context(), "nobody")
	require.ErrorIs(t, err, pipeline.ErrNotFound)
	runs, err := l.Runs(t.Context(), pipeline.Filter{})
	require.NoError(t, err)
	require.Len(t, runs, 1)
}

// The clock of pipelinetest stands still until a test moves it.
func TestFakeClock(t *testing.T) {
	clock := pipelinetest.NewClock(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	w := newWorld()
	done := make(chan pipeline.State, 1)
	go func() {
		s, err := (&pipeline.Runner{Ledger: new(pipelinetest.Memory), Executor: w, Clock: clock, Poll: time.Second}).
			Start(t.Context(), "run", timed(plan(t, "a: | hang"), time.Hour))
		if err != nil {
			t.Error(err)
		}
		done <- s
	}()
	require.NoError(t, clock.Await(t.Context(), time.Hour))
	clock.Advance(time.Hour)
	s := <-done
	require.EqualError(t, s.Err(), "a: step hang: timed out after 1h0m0s: context canceled")
	require.Equal(t, time.Date(2026, 1, 1, 1, 0, 0, 0, time.UTC), s.Ended())
}
