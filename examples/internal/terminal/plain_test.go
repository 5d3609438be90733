package terminal_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/examples/internal/terminal"
	"github.com/slsflow/slsflow/pipeline"
)

func TestPlainLines(t *testing.T) {
	var out bytes.Buffer
	p := terminal.New(&out, terminal.Options{})
	p.Heading("preview", "pull request #1 opened")
	b := newBook(t, p, "r1", fullstack("staging"))
	b.begin("test api", "install")
	b.end("test api", "install", 100*time.Millisecond, pipeline.Entry{Status: pipeline.Skipped, Reason: "no package.json"})
	b.begin("test api", "test")
	b.line("test api", "test", "not shown, since all is well")
	b.ok("test api", "test", 2*time.Second)
	b.begin("deploy database", "deploy")
	b.line("deploy database", "deploy", "attempt 1")
	b.end("deploy database", "deploy", 65*time.Second, pipeline.Entry{
		Status: pipeline.Failed, Error: "throttled", Class: "throttled", RetryAt: b.now.Add(67 * time.Second),
	})
	b.now = b.now.Add(2 * time.Second)
	b.begin("deploy database", "deploy")
	b.line("deploy database", "deploy", "\x1b[31mno such table\x1b[0m")
	b.end("deploy database", "deploy", time.Second, pipeline.Entry{Status: pipeline.Failed, Error: "exit status 1:\nserverless.yml:4:3: no table"})
	b.finish(pipeline.Failed)
	p.Note("a pull request of a fork was %s", "refused")
	p.Check(true, "staging has the new version")
	p.Check(false, "prod has it too")
	require.NoError(t, p.Close())
	require.Equal(t, `== preview: pull request #1 opened
staging: run r1 began, 3 jobs
staging: test api · install: started
staging: test api · install: skipped (0.1s): no package.json
staging: test api · test: started
staging: test api · test: succeeded (2.0s)
staging: deploy database · deploy: started
staging: deploy database · deploy: waiting (1m05s): attempt 1 failed, again in 2s: throttled
staging: deploy database · deploy: started: attempt 2
staging: deploy database · deploy: FAILED (1.0s): exit status 1:
    serverless.yml:4:3: no table
    | no such table
staging: deploy api: blocked: not started: deploy database failed
staging: run r1 failed, 3 jobs, 1 failed, 1 not started (1m10s)
a pull request of a fork was refused
ok: staging has the new version
FAILED: prod has it too
`, out.String())
}

func TestFailureShowsTheEndOfTheLog(t *testing.T) {
	var out bytes.Buffer
	p := terminal.New(&out, terminal.Options{})
	b := newBook(t, p, "r1", fullstack("dev"))
	b.begin("test api", "install")
	for i := range 40 {
		b.line("test api", "install", fmt.Sprint("line ", i+1))
	}
	b.end("test api", "install", 0, pipeline.Entry{Status: pipeline.Failed, Error: "exit status 1"})
	b.line("test api", "install", "too late")
	require.NoError(t, p.Close())
	require.Contains(t, out.String(), "    | … 25 lines before\n    | line 26\n")
	require.Contains(t, out.String(), "    | line 40\ndev: ")
	require.NotContains(t, out.String(), "line 25\n")
	require.NotContains(t, out.String(), "too late")
}

// The log comes by another way than the reports and may be ahead of them.
func TestLinesBeforeTheReport(t *testing.T) {
	var out bytes.Buffer
	p := terminal.New(&out, terminal.Options{})
	p.ReportLine(pipeline.Line{Run: "r1", Job: "test api", Step: "install", Attempt: 1, Text: "first try"})
	b := newBook(t, p, "r1", fullstack("dev"))
	b.begin("test api", "install")
	p.ReportLine(pipeline.Line{Run: "r1", Job: "test api", Step: "install", Attempt: 2, Text: "second try"})
	b.end("test api", "install", 0, pipeline.Entry{Status: pipeline.Failed, Error: "e1", RetryAt: b.now.Add(time.Second)})
	p.ReportLine(pipeline.Line{Run: "r1", Job: "test api", Step: "install", Attempt: 1, Text: "straggler"})
	b.begin("test api", "install")
	b.end("test api", "install", 0, pipeline.Entry{Status: pipeline.Failed, Error: "e2"})
	require.NoError(t, p.Close())
	require.Contains(t, out.String(), "e2\n    | second try\n")
	require.NotContains(t, out.String(), "first try")
	require.NotContains(t, out.String(), "straggler")
}

// A report that comes twice changes nothing, one that never came is made up for,
// and a run that others began is shown with all that has ended.
func TestReportsConverge(t *testing.T) {
	var whole, out, late bytes.Buffer
	p := terminal.New(&whole, terminal.Options{})
	q := terminal.New(&out, terminal.Options{})
	r := terminal.New(&late, terminal.Options{})
	b := newBook(t, p, "r1", fullstack("dev"))
	tell := func(to *terminal.Progress, times int) {
		for range times {
			require.NoError(t, to.Report(t.Context(), b.last))
		}
	}
	b.begin("test api", "install")
	b.ok("test api", "install", time.Second)
	tell(q, 2)
	old := b.last
	b.begin("test api", "test")
	b.ok("test api", "test", time.Second)
	b.begin("deploy database", "deploy")
	tell(q, 1) // two reports were lost
	require.NoError(t, q.Report(t.Context(), old))
	b.ok("deploy database", "deploy", time.Second)
	tell(q, 2)
	tell(r, 1)
	require.NoError(t, p.Close())
	require.NoError(t, q.Close())
	require.NoError(t, r.Close())
	require.Equal(t, `dev: run r1 goes on, 3 jobs
dev: test api · install: succeeded (1.0s)
dev: test api · test: succeeded (1.0s)
dev: deploy database · deploy: started
dev: deploy database · deploy: succeeded (1.0s)
`, out.String())
	require.Equal(t, `dev: run r1 goes on, 3 jobs
dev: test api · install: succeeded (1.0s)
dev: test api · test: succeeded (1.0s)
dev: deploy database · deploy: succeeded (1.0s)
`, late.String())
}

func TestCancelledRun(t *testing.T) {
	var out bytes.Buffer
	p := terminal.New(&out, terminal.Options{})
	b := newBook(t, p, "r1", fullstack("dev"))
	b.begin("test api", "install")
	b.add(pipeline.Entry{Kind: pipeline.CancelRequested, By: "alice", Reason: "wrong branch"})
	b.end("test api", "install", time.Second, pipeline.Entry{Status: pipeline.Cancelled, Error: "run cancelled"})
	b.finish(pipeline.Cancelled)
	require.NoError(t, p.Report(t.Context(), b.last)) // a resumed run tells its end once more
	require.NoError(t, p.Close())
	require.Equal(t, `dev: run r1 began, 3 jobs
dev: test api · install: started
dev: cancel asked for by alice: wrong branch
dev: test api · install: cancelled (1.0s): run cancelled
dev: run r1 was cancelled, 3 jobs, 2 not started (1.0s)
`, out.String())
}

func TestCloseSaysWhatStillRuns(t *testing.T) {
	var out bytes.Buffer
	p := terminal.New(&out, terminal.Options{})
	b := newBook(t, p, "r1", fullstack("dev"))
	b.begin("test api", "install")
	require.NoError(t, p.Close())
	require.NoError(t, p.Close())
	before := out.String()
	require.Contains(t, before, "dev: test api · install: waiting")
	require.Contains(t, before, ": not finished\n")
	b.ok("test api", "install", time.Second)
	p.Note("late")
	require.Equal(t, before, out.String())
}

func TestPlainHasNoEscapeCodes(t *testing.T) {
	var out bytes.Buffer
	p := terminal.New(&out, terminal.Options{})
	p.Heading("pre\x1bview", "by \x1b[1;31mmallory\r\n")
	b := newBook(t, p, "r1", fullstack("dev"))
	b.begin("test api", "install")
	b.line("test api", "install", "\x1b[1A\x1b[2K\x9b2Jcaught")
	b.end("test api", "install", 0, pipeline.Entry{Status: pipeline.Failed, Error: "no\x00pe\x1b[A\ndev: all is well"})
	require.NoError(t, p.Close())
	require.NotContains(t, strings.ReplaceAll(out.String(), "\n", ""), "\x1b")
	for _, r := range out.String() {
		require.True(t, r == '\n' || r >= ' ' && (r < 0x7f || r >= 0xa0), "%U in %q", r, out.String())
	}
	require.Contains(t, out.String(), "dev: test api · install: FAILED (0.0s): no\ufffdpe\n    dev: all is well\n")
}

// failing fails from the second write on.
type failing struct{ writes int }

var errGone = errors.New("gone")

func (f *failing) Write(p []byte) (int, error) {
	if f.writes++; f.writes > 1 {
		return 0, fmt.Errorf("write %d: %w", f.writes, errGone)
	}
	return len(p), nil
}

func TestCloseReturnsTheFirstErrorOfTheWriter(t *testing.T) {
	for _, o := range []terminal.Options{{}, {Live: true}} {
		p := terminal.New(&failing{}, o)
		for range 3 {
			p.Note("hello")
		}
		err := p.Close()
		require.ErrorIs(t, err, errGone)
		require.ErrorContains(t, err, "write 2")
	}
}

func TestDetectNeedsATerminal(t *testing.T) {
	getenv := func(string) string { return "xterm" }
	require.False(t, terminal.Detect(&bytes.Buffer{}, getenv).Live)
	f, err := os.Create(t.TempDir() + "/out")
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	require.False(t, terminal.Detect(f, getenv).Live)
}
