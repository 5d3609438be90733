// Package sqlitefile opens the SQLite file that the stores and the ledger keep
// their state in, each in tables of its own.
//
// Start with [Open], then bring the tables up to date with [Migrate]. Several
// pools, of several processes too, may have the same file open: a reader never
// waits, writers take turns. All that changes something goes through [Write].
package sqlitefile

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"modernc.org/sqlite"
)

// Primary result codes, see https://www.sqlite.org/rescode.html.
const (
	codeBusy     = 5
	codeReadOnly = 8
	codeFull     = 13
	codeNotADB   = 26
)

const (
	// busyTimeout is how long a writer waits for its turn, unless its context
	// ends before. A write of ours takes milliseconds.
	busyTimeout = 30 * time.Second
	// maxConns bounds the memory of a pool, about 2 MB for each connection.
	maxConns = 8
)

// Open opens the file at path, which it creates, for its owner alone, if there
// is none; the directory must exist. The file is in WAL mode, so that it needs a
// local file system. Transactions of the pool begin as writers unless they are
// read-only, foreign keys hold, and what was committed survives a crash of the
// process and of the machine.
//
// The caller closes the pool. An error names the path and says what to do.
func Open(ctx context.Context, path string) (*sql.DB, error) {
	if err := create(path); err != nil {
		return nil, err
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	connector, err := sqlite.NewConnector(dsn(abs))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(maxConns)
	if err := useWAL(ctx, db); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, explain(ctx, err)), db.Close())
	}
	return db, nil
}

// create makes an empty file, which SQLite takes for a new database, since it
// would make it readable for everybody. Its companions get the same mode.
func create(path string) error {
	switch {
	case path == "":
		return errors.New("open SQLite file: no path given")
	case path == ":memory:" || strings.HasPrefix(path, "file:"):
		return fmt.Errorf("open %s: not the path of a file (give a path such as state.db)", path)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err == nil {
		return f.Close()
	}
	if info, statErr := os.Stat(path); statErr == nil && info.IsDir() {
		return fmt.Errorf("open %s: is a directory (give the path of a file in it)", path)
	}
	dir := filepath.Dir(path)
	if _, statErr := os.Stat(dir); errors.Is(statErr, fs.ErrNotExist) {
		return fmt.Errorf("open %s: directory %s: %w (create it first)", path, dir, fs.ErrNotExist)
	}
	return err
}

// dsn gives path in the URI form that SQLite decodes, since a plain path may not
// hold a question mark. See https://www.sqlite.org/uri.html.
func dsn(abs string) string {
	p := filepath.ToSlash(abs)
	if !strings.HasPrefix(p, "/") {
		p = "/" + p
	}
	u := url.URL{Scheme: "file", Path: p, RawQuery: fmt.Sprintf(
		"_txlock=immediate&_busy_timeout=%d&_foreign_keys=1&_synchronous=FULL&_dqs=0&_error_rc=1",
		busyTimeout.Milliseconds())}
	return u.String()
}

// useWAL switches the file to WAL mode, which it then keeps. SQLite does not
// wait for its turn there, so that of several processes that open a new file at
// once all but one may be told that it is busy.
func useWAL(ctx context.Context, db *sql.DB) error {
	for pause := time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		var mode string
		err := db.QueryRowContext(ctx, "PRAGMA journal_mode = WAL").Scan(&mode)
		switch {
		case err == nil && mode == "wal":
			return nil
		case err == nil:
			return fmt.Errorf("the file system does not allow WAL mode, only %q (use a local disk)", mode)
		case !busy(err):
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

func busy(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && e.Code()&0xff == codeBusy
}

// explain says what SQLite's words for it hide.
func explain(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		if cause := context.Cause(ctx); !errors.Is(cause, ctx.Err()) {
			return fmt.Errorf("%w: %w", ctx.Err(), cause)
		}
		return ctx.Err()
	}
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return err
	}
	switch e.Code() & 0xff {
	case codeNotADB:
		return errors.New("not a SQLite file (give another path)")
	case codeBusy:
		return fmt.Errorf("another process has been writing for %v (end it, or try again)", busyTimeout)
	case codeReadOnly:
		return fmt.Errorf("the file or its directory may not be written: %w", err)
	case codeFull:
		return fmt.Errorf("the disk is full: %w", err)
	}
	return err
}
