package sqliteoutputs_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/sqlitefile"
	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/outputs/sqliteoutputs"
)

// childRole says what the test binary does as another process.
const childRole = "SQLITEOUTPUTS_TEST_ROLE"

// another starts the test binary in a role.
func another(ctx context.Context, path, key, role, run string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = []string{
		childPath + "=" + path, childKey + "=" + key, childRun + "=" + run, childRole + "=" + role,
		"GORACE=atexit_sleep_ms=0", // which spares the second that the race detector waits
	}
	return cmd
}

func service(name string) outputs.Instance {
	i := db()
	i.Service = name
	return i
}

// content is what a record publishes, so that half of one would be seen.
func content(run string, n int64) map[string]outputs.Output {
	return map[string]outputs.Output{
		"secret": {Value: json.RawMessage(fmt.Sprintf(`"s3cr3t-%s-%d"`, run, n)), Secret: true},
		"text":   {Value: json.RawMessage(fmt.Sprintf(`"%s-%d-%s"`, run, n, strings.Repeat("x", int(n%7)*700)))},
	}
}

// writeForever writes records of an instance called like the run, and tells of each
// call that has returned, until the process is killed.
func writeForever(ctx context.Context, path, key, run string) error {
	s, err := sqliteoutputs.Open(ctx, path, sqliteoutputs.Options{Key: key})
	if err != nil {
		return err
	}
	for n := int64(0); ; n++ {
		r := deploying(run)
		r.Instance = service(run)
		r, err := s.Begin(ctx, r, n)
		if err != nil {
			return err
		}
		fmt.Println("begun", r.Number)
		if err := s.End(ctx, deployed(r, content(run, r.Number))); err != nil {
			return err
		}
		fmt.Println("ended", r.Number)
	}
}

// A writer is killed at any moment. What it was told to be written is there, what it
// was not told is there as a whole or not at all, and the file can be used.
func TestKilledAtAnyMoment(t *testing.T) {
	kills := 200
	if testing.Short() {
		kills = 20
	}
	path, key := filepath.Join(t.TempDir(), "state.db"), newKey(t)
	s := open(t, path, sqliteoutputs.Options{Key: key}) // another process has it open all the time
	written := make(map[string]int64)
	for kill := range kills {
		run := fmt.Sprintf("run-%d", kill)
		begun, ended := killed(t, another(t.Context(), path, key, "forever", run))
		history, err := s.History(t.Context(), service(run))
		require.NoError(t, err)
		newest := int64(len(history))
		require.Contains(t, []int64{begun, begun + 1}, newest, "records, of which %d were told", begun)
		for i, r := range history {
			require.Equal(t, newest-int64(i), r.Number)
			if r.Status == outputs.Deploying {
				require.Equal(t, newest, r.Number)
				require.Greater(t, r.Number, ended)
				require.Empty(t, r.Outputs)
				continue
			}
			want := content(run, r.Number)
			require.Equal(t, string(want["text"].Value), string(r.Outputs["text"].Value))
			secret, ok, err := s.Secret(t.Context(), r.Instance, r.Number, "secret")
			require.NoError(t, err)
			require.True(t, ok)
			require.Equal(t, string(want["secret"].Value), string(secret))
		}
		published, err := s.ListPublished(t.Context(), []outputs.Instance{service(run)})
		require.NoError(t, err)
		if want, ok := outputs.Published(history); ok {
			require.Equal(t, []outputs.Record{want}, published)
		} else {
			require.Empty(t, published)
		}
		written[run] = newest
	}
	latest, err := s.Latest(t.Context(), outputs.Filter{})
	require.NoError(t, err)
	for _, r := range latest {
		require.Equal(t, written[r.Service], r.Number, "what was there before is there still")
		delete(written, r.Service)
	}
	for run, n := range written {
		require.Zero(t, n, "of %s nothing was written", run)
	}
	db, err := sqlitefile.Open(t.Context(), path)
	require.NoError(t, err)
	defer db.Close()
	for _, check := range []string{"integrity_check", "foreign_key_check"} {
		rows, err := db.QueryContext(t.Context(), "PRAGMA "+check)
		require.NoError(t, err)
		defer rows.Close()
		for rows.Next() {
			var text string
			require.NoError(t, rows.Scan(&text), check)
			require.Equal(t, "ok", text, check)
		}
		require.NoError(t, rows.Err())
	}
}

// killed starts a writer, ends it by SIGKILL at some moment within its first
// milliseconds of writing, and returns the last numbers that it told of.
func killed(t *testing.T, cmd *exec.Cmd) (begun, ended int64) {
	t.Helper()
	pipe, err := cmd.StdoutPipe()
	require.NoError(t, err)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	require.NoError(t, cmd.Start())
	lines := bufio.NewScanner(pipe)
	after := rand.IntN(30) // lines
	var timer *time.Timer
	for n := 0; lines.Scan(); n++ {
		what, number, _ := strings.Cut(lines.Text(), " ")
		value, err := strconv.ParseInt(number, 10, 64)
		switch {
		case err == nil && what == "begun":
			begun = value
		case err == nil && what == "ended":
			ended = value
		default:
			t.Errorf("the writer: %s", lines.Text())
		}
		if n == after { // not always right after a line
			timer = time.AfterFunc(rand.N(3*time.Millisecond), func() { _ = cmd.Process.Kill() })
		}
	}
	err = cmd.Wait()
	require.NotNil(t, timer, "the writer ended by itself: %v\n%s", err, &stderr)
	timer.Stop()
	require.Equal(t, -1, cmd.ProcessState.ExitCode(), "%v\n%s", err, &stderr)
	return begun, ended
}

const (
	processes   = 4
	writersEach = 50
	ownRecords  = 3
)

// writeTogether is one process of many writers: each has to win one record of the
// instance that all want, and writes some of its own.
func writeTogether(ctx context.Context, path, key, run string) error {
	s, err := sqliteoutputs.Open(ctx, path, sqliteoutputs.Options{Key: key})
	if err != nil {
		return err
	}
	errs := make([]error, writersEach)
	var wg sync.WaitGroup
	for w := range writersEach {
		wg.Go(func() { errs[w] = writer(ctx, s, fmt.Sprintf("%s-%d", run, w)) })
	}
	wg.Wait()
	return errors.Join(errors.Join(errs...), s.Close())
}

func writer(ctx context.Context, s *sqliteoutputs.Store, run string) error {
	for n := range int64(ownRecords) {
		r := deploying(run)
		r.Instance = service(run)
		r, err := s.Begin(ctx, r, n)
		if err != nil {
			return err
		}
		if err := s.End(ctx, deployed(r, map[string]outputs.Output{"n": {Value: json.RawMessage(fmt.Sprint(n))}})); err != nil {
			return err
		}
	}
	for {
		newest, _, err := outputs.Newest(ctx, s, db())
		if err != nil {
			return err
		}
		r, err := s.Begin(ctx, deploying(run), newest.Number)
		if errors.Is(err, outputs.ErrConflict) {
			continue // somebody was faster
		}
		if err != nil {
			return err
		}
		return s.End(ctx, deployed(r, map[string]outputs.Output{"by": {Value: json.RawMessage(strconv.Quote(run))}}))
	}
}

// Two hundred writers of four processes lose no update, and none of them gets an
// error that it would not get alone.
func TestTwoHundredWriters(t *testing.T) {
	path, key := filepath.Join(t.TempDir(), "state.db"), newKey(t)
	var wg sync.WaitGroup
	for p := range processes {
		wg.Go(func() {
			if out, err := another(t.Context(), path, key, "together", fmt.Sprintf("process-%d", p)).CombinedOutput(); err != nil {
				t.Errorf("process %d: %v\n%s", p, err, out)
			}
		})
	}
	wg.Wait()
	s := open(t, path, sqliteoutputs.Options{Key: key})
	history, err := s.History(t.Context(), db())
	require.NoError(t, err)
	require.Len(t, history, processes*writersEach)
	won := make(map[string]bool)
	for i, r := range history {
		require.Equal(t, int64(len(history)-i), r.Number)
		require.Equal(t, outputs.Deployed, r.Status)
		require.Equal(t, strconv.Quote(r.Run), string(r.Outputs["by"].Value))
		won[r.Run] = true
	}
	require.Len(t, won, processes*writersEach, "each has won once")
	latest, err := s.Latest(t.Context(), outputs.Filter{})
	require.NoError(t, err)
	require.Len(t, latest, processes*writersEach+1)
	for _, r := range latest {
		if r.Instance != db() {
			require.Equal(t, int64(ownRecords), r.Number)
			require.Equal(t, strconv.Itoa(ownRecords-1), string(r.Outputs["n"].Value))
		}
	}
}

// A file of before what counts now was kept beside the records is brought up to date.
func TestAnOlderFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := open(t, path, sqliteoutputs.Options{})
	stories := map[string][]outputs.Status{ // of each instance, oldest first
		"deployed": {outputs.Deployed, outputs.Deployed, outputs.Failed}, "removed": {outputs.Deployed, outputs.Removed},
		"again": {outputs.Deployed, outputs.Removed, outputs.Deployed, outputs.Deploying}, "failed": {outputs.Failed},
	}
	want := make(map[string]int64)
	for name, story := range stories {
		for n, end := range story {
			r := deploying("run")
			r.Instance = service(name)
			if end == outputs.Removed {
				r.Status = outputs.Removing
			}
			r, err := s.Begin(t.Context(), r, int64(n))
			require.NoError(t, err)
			if end != outputs.Deploying {
				r.Status, r.Ended = end, time.Unix(2, 0)
				require.NoError(t, s.End(t.Context(), r))
			}
		}
		history, err := s.History(t.Context(), service(name))
		require.NoError(t, err)
		if r, ok := outputs.Published(history); ok {
			want[name] = r.Number
		}
	}
	require.Equal(t, map[string]int64{"deployed": 2, "again": 3}, want)
	require.NoError(t, s.Close())

	file, err := sqlitefile.Open(t.Context(), path)
	require.NoError(t, err)
	for _, statement := range []string{
		"DELETE FROM sqliteoutputs_steps WHERE step > 1", "ALTER TABLE outputs_instances DROP COLUMN removal", "ALTER TABLE outputs_instances DROP COLUMN published",
	} {
		_, err := file.ExecContext(t.Context(), statement)
		require.NoError(t, err, statement)
	}
	require.NoError(t, file.Close())

	s = open(t, path, sqliteoutputs.Options{})
	list, err := s.ListPublished(t.Context(), []outputs.Instance{service("deployed"), service("removed"), service("again"), service("failed")})
	require.NoError(t, err)
	got := make(map[string]int64)
	for _, r := range list {
		got[r.Service] = r.Number
	}
	require.Equal(t, want, got)
}
