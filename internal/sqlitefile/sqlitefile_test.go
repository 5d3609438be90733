package sqlitefile_test

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/sqlitefile"
)

const (
	childEnv  = "SQLITEFILE_TEST_CHILD"
	killedEnv = "SQLITEFILE_TEST_KILLED"
	rounds    = 25
)

var steps = []string{`CREATE TABLE counter (n INTEGER NOT NULL) STRICT; INSERT INTO counter VALUES (0)`}

// TestMain lets the test binary play the other processes.
func TestMain(m *testing.M) {
	if path := os.Getenv(childEnv); path != "" {
		os.Exit(child(context.Background(), path))
	}
	os.Exit(m.Run())
}

// child opens the file, migrates it and counts, as all the others do.
func child(ctx context.Context, path string) int {
	db, err := sqlitefile.Open(ctx, path)
	if err != nil {
		println(err.Error())
		return 1
	}
	defer func() { _ = db.Close() }()
	if err := sqlitefile.Migrate(ctx, db, "counter_steps", steps); err != nil {
		println(err.Error())
		return 1
	}
	for range rounds {
		if err := count(ctx, db); err != nil {
			println(err.Error())
			return 1
		}
	}
	if os.Getenv(killedEnv) != "" { // in the middle of a transaction
		_ = sqlitefile.Write(ctx, db, func(tx *sql.Tx) error {
			_, _ = tx.ExecContext(ctx, `UPDATE counter SET n = -1000`)
			self, _ := os.FindProcess(os.Getpid())
			_ = self.Kill()
			select {}
		})
	}
	return 0
}

// count loses an update unless Write holds the lock from its beginning.
func count(ctx context.Context, db *sql.DB) error {
	return sqlitefile.Write(ctx, db, func(tx *sql.Tx) error {
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT n FROM counter`).Scan(&n); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE counter SET n = ?`, n+1)
		return err
	})
}

func total(t *testing.T, db *sql.DB) (n int) {
	t.Helper()
	require.NoError(t, sqlitefile.Read(t.Context(), db, func(tx *sql.Tx) error {
		return tx.QueryRowContext(t.Context(), `SELECT n FROM counter`).Scan(&n)
	}))
	return n
}

func open(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sqlitefile.Open(t.Context(), path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func TestProcessesAndGoroutinesTakeTurns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	const children = 4
	var wg sync.WaitGroup
	for i := range children {
		wg.Go(func() {
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = []string{childEnv + "=" + path, "TMPDIR=" + t.TempDir()}
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Errorf("child %d: %v\n%s", i, err, out)
			}
		})
	}
	db := open(t, path)
	require.NoError(t, sqlitefile.Migrate(t.Context(), db, "counter_steps", steps))
	const goroutines = 10
	for range goroutines {
		wg.Go(func() {
			if err := count(t.Context(), db); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	require.Equal(t, children*rounds+goroutines, total(t, db))
}

func TestAKilledWriterLeavesNothingHalfDone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	for i := range 2 {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = []string{childEnv + "=" + path, killedEnv + "=1"}
		err := cmd.Run()
		require.Error(t, err)
		db := open(t, path)
		require.Equal(t, rounds*(i+1), total(t, db))
		require.NoError(t, count(t.Context(), db))
		require.NoError(t, sqlitefile.Write(t.Context(), db, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(t.Context(), `UPDATE counter SET n = n - 1`)
			return err
		}))
	}
}

func TestWriteUndoesWhatFailed(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "state.db"))
	require.NoError(t, sqlitefile.Migrate(t.Context(), db, "counter_steps", steps))
	boom := errors.New("boom")
	err := sqlitefile.Write(t.Context(), db, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), `UPDATE counter SET n = 7`)
		require.NoError(t, err)
		return boom
	})
	require.ErrorIs(t, err, boom)
	require.Zero(t, total(t, db))
}

func TestAWriterWhoseContextEndsStopsWaiting(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	db := open(t, path)
	require.NoError(t, sqlitefile.Migrate(t.Context(), db, "counter_steps", steps))
	other := open(t, path)
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("no longer needed")
	require.NoError(t, sqlitefile.Write(t.Context(), db, func(*sql.Tx) error {
		result := make(chan error)
		go func() { result <- count(ctx, other) }()
		cancel(why)
		err := <-result
		require.ErrorIs(t, err, why)
		require.ErrorIs(t, err, context.Canceled)
		return nil
	}))
	require.Zero(t, total(t, db))
	require.NoError(t, count(t.Context(), other), "the pool is fit for use again")
}

func TestAReaderSeesOneStateAndDoesNotWait(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	db := open(t, path)
	require.NoError(t, sqlitefile.Migrate(t.Context(), db, "counter_steps", steps))
	require.NoError(t, sqlitefile.Read(t.Context(), db, func(tx *sql.Tx) error {
		var before, after int
		require.NoError(t, tx.QueryRowContext(t.Context(), `SELECT n FROM counter`).Scan(&before))
		require.NoError(t, count(t.Context(), db))
		require.NoError(t, tx.QueryRowContext(t.Context(), `SELECT n FROM counter`).Scan(&after))
		require.Equal(t, before, after)
		return nil
	}))
	require.Equal(t, 1, total(t, db))
}

func TestPathsThatAreOdd(t *testing.T) {
	for _, name := range []string{"a?b.db", "a%20b.db", "a#b.db", "é b.db", "a&_pragma=x.db"} {
		if runtime.GOOS == "windows" && name == "a?b.db" {
			continue
		}
		path := filepath.Join(t.TempDir(), name)
		db := open(t, path)
		require.NoError(t, sqlitefile.Migrate(t.Context(), db, "counter_steps", steps))
		entries, err := os.ReadDir(filepath.Dir(path))
		require.NoError(t, err)
		require.Equal(t, name, entries[0].Name())
		info, err := os.Stat(path)
		require.NoError(t, err)
		if runtime.GOOS != "windows" {
			require.Equal(t, fs.FileMode(0o600), info.Mode())
		}
	}
}

func TestBadPaths(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "notes.txt")
	require.NoError(t, os.WriteFile(text, []byte("these are some notes, and no database at all\n"), 0o600))
	missing := filepath.Join(dir, "no", "state.db")
	for path, want := range map[string]string{
		"":         "open SQLite file: no path given",
		":memory:": "open :memory:: not the path of a file (give a path such as state.db)",
		dir:        "open " + dir + ": is a directory (give the path of a file in it)",
		missing:    "open " + missing + ": directory " + filepath.Dir(missing) + ": file does not exist (create it first)",
		text:       "open " + text + ": not a SQLite file (give another path)",
	} {
		_, err := sqlitefile.Open(t.Context(), path)
		require.EqualError(t, err, want)
	}
	_, err := sqlitefile.Open(t.Context(), missing)
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.NoDirExists(t, filepath.Dir(missing), "nothing half-made")
}

func TestMigrate(t *testing.T) {
	ctx := t.Context()
	db := open(t, filepath.Join(t.TempDir(), "state.db"))
	more := append(steps[:1:1], `ALTER TABLE counter ADD COLUMN unit TEXT`)

	require.NoError(t, sqlitefile.Migrate(ctx, db, "counter_steps", steps))
	require.NoError(t, sqlitefile.Migrate(ctx, db, "counter_steps", steps))
	require.NoError(t, count(ctx, db))
	require.NoError(t, sqlitefile.Migrate(ctx, db, "counter_steps", more))
	require.Equal(t, 1, total(t, db), "only the new step ran")

	require.EqualError(t, sqlitefile.Migrate(ctx, db, "counter_steps", steps),
		"migrate counter_steps: the file was written by a newer version, which knows more than the 1 steps of this one (use that version)")
	require.EqualError(t, sqlitefile.Migrate(ctx, db, "counter_steps", []string{"SELECT 1"}),
		"migrate counter_steps: step 1 is not the one that the file has seen (use the version that wrote it)")
	require.EqualError(t, sqlitefile.Migrate(ctx, db, "Robert'); --", steps),
		`migration table "Robert'); --": want letters a-z and underscores`)

	err := sqlitefile.Migrate(ctx, db, "other_steps", []string{`CREATE TABLE other (a TEXT)`, `CREATE TABEL x`})
	require.ErrorContains(t, err, "migrate other_steps: step 2: ")
	err = sqlitefile.Migrate(ctx, db, "other_steps", []string{`CREATE TABLE other (a TEXT)`})
	require.NoError(t, err, "the step before the broken one was undone with it")
}

func BenchmarkWrite(b *testing.B) {
	db, err := sqlitefile.Open(b.Context(), filepath.Join(b.TempDir(), "state.db"))
	require.NoError(b, err)
	defer func() { _ = db.Close() }()
	require.NoError(b, sqlitefile.Migrate(b.Context(), db, "counter_steps", steps))
	for _, writers := range []int{1, 16} {
		b.Run(strconv.Itoa(writers)+" writers", func(b *testing.B) {
			b.SetParallelism(max(1, writers/runtime.GOMAXPROCS(0)))
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := count(b.Context(), db); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}
