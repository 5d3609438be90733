package sqliteledger_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/pipeline/sqliteledger"
)

// The test binary is also the process that is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("SLSFLOW_TEST_DIR"); dir != "" {
		die, _ := strconv.Atoi(os.Getenv("SLSFLOW_TEST_DIE"))
		if err := child(context.Background(), dir, die); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child resumes the run and kills itself at an Append, before or after it.
func child(ctx context.Context, dir string, die int) error {
	l, err := sqliteledger.Open(ctx, filepath.Join(dir, "state.db"))
	if err != nil {
		return err
	}
	r := &pipeline.Runner{Ledger: &deadly{Ledger: l, die: die}, Executor: effects(dir), Parallel: 2}
	if die != 0 {
		r.Lease = 400 * time.Millisecond // for the next one, which waits for it to run out
	}
	s, err := r.Resume(ctx, "run")
	return errors.Join(err, s.Err(), l.Close())
}

// deadly is a ledger in whose hands the process dies.
type deadly struct {
	pipeline.Ledger
	mu  sync.Mutex
	die int // appends to go, times two; odd: after it
}

func (d *deadly) Append(ctx context.Context, log pipeline.Log, after int, token int64, entries ...pipeline.Entry) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.die -= 2; d.die == 0 {
		kill()
	}
	err := d.Ledger.Append(ctx, log, after, token, entries...)
	if d.die == -1 {
		kill()
	}
	return err
}

func kill() {
	p, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = p.Kill()
	}
	fmt.Fprintln(os.Stderr, "kill:", err)
	select {} // the signal is on its way
}

// effects is an executor that leaves a line in a file for each attempt.
type effects string

func (e effects) Execute(_ context.Context, t pipeline.Task) (json.RawMessage, error) {
	f, err := os.OpenFile(filepath.Join(string(e), "effects"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = fmt.Fprintf(f, "%s/%s\n", t.Job.ID, t.Step.Name)
	return json.RawMessage(`"done"`), errors.Join(err, f.Close())
}

func (e effects) lines(t *testing.T) []string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(string(e), "effects"))
	if !errors.Is(err, os.ErrNotExist) {
		require.NoError(t, err)
	}
	return strings.Fields(string(b))
}

func command(t *testing.T, dir string, die int) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), "SLSFLOW_TEST_DIR="+dir, "SLSFLOW_TEST_DIE="+strconv.Itoa(die))
	cmd.Stderr = os.Stderr
	return cmd
}

func prepare(t *testing.T) (string, *sqliteledger.Ledger) {
	t.Helper()
	dir := t.TempDir()
	l, err := sqliteledger.Open(t.Context(), filepath.Join(dir, "state.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	p := pipeline.Plan{Key: "app/stage"}
	for i, needs := range [][]string{nil, nil, {"job0"}, {"job1", "job2"}} {
		p.Jobs = append(p.Jobs, pipeline.Job{
			ID: fmt.Sprint("job", i), Needs: needs,
			Steps: []pipeline.Step{{Name: "one", Action: "x"}, {Name: "two", Action: "x"}},
		})
	}
	require.NoError(t, l.Create(t.Context(), pipeline.Run{ID: "run", Plan: p, Created: time.Now()}))
	return dir, l
}

// Processes are killed with SIGKILL at one write after the other, before it and
// after it, until one gets through. No step whose end was written is made again,
// and all are made.
func TestKilledAtEveryWrite(t *testing.T) {
	dir, l := prepare(t)
	finished := map[string]bool{}
	kills, seen := 0, 0
	for die := 2; ; die++ {
		err := command(t, dir, die%8+2).Run()
		s, loadErr := pipeline.Load(t.Context(), l, "run")
		require.NoError(t, loadErr)
		lines := effects(dir).lines(t)
		for _, line := range lines[seen:] {
			require.False(t, finished[line], "%s was finished, and made again", line)
		}
		seen = len(lines)
		for j := range s.Jobs() {
			for _, st := range j.Steps {
				finished[j.ID+"/"+st.Name] = st.Status.Done()
			}
		}
		if err == nil {
			require.Equal(t, pipeline.Succeeded, s.Status())
			break
		}
		_, killed := errors.AsType[*exec.ExitError](err)
		require.True(t, killed, "%v", err)
		kills++
		require.Less(t, kills, 60, "the run never ends")
	}
	require.Greater(t, kills, 3)
	require.Len(t, finished, 8)
	q, err := pipeline.ReadQueue(t.Context(), l, "app/stage")
	require.NoError(t, err)
	require.Empty(t, q.Runs())
}

// Several processes take the same run at once: each step is made once.
func TestRivalProcesses(t *testing.T) {
	dir, _ := prepare(t)
	var cmds []*exec.Cmd
	for range 4 {
		cmd := command(t, dir, 0)
		require.NoError(t, cmd.Start())
		cmds = append(cmds, cmd)
	}
	for _, cmd := range cmds {
		require.NoError(t, cmd.Wait())
	}
	count := map[string]int{}
	for _, line := range effects(dir).lines(t) {
		count[line]++
	}
	require.Len(t, count, 8)
	for step, n := range count {
		require.Equal(t, 1, n, step)
	}
}
