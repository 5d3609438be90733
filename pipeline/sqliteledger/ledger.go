// Package sqliteledger keeps the runs of pipelines in a SQLite file.
//
// Start with [Open]. Several processes may have the same file open, on one
// machine; other packages of this module may keep their state in it too.
package sqliteledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/slsflow/slsflow/internal/sqlitefile"
	"github.com/slsflow/slsflow/pipeline"
)

// Ledger is a [pipeline.Ledger] in a SQLite file. [Open] and [New] make one.
type Ledger struct {
	db    *sql.DB
	owned bool
}

var _ pipeline.Ledger = (*Ledger)(nil)

// steps returns the migrations of the file; new ones go behind the old ones.
func steps() []string {
	return []string{`
CREATE TABLE pipeline_runs (
	id      TEXT PRIMARY KEY,
	seq     INTEGER NOT NULL UNIQUE, -- in the order in which they were recorded
	key     TEXT NOT NULL,
	created INTEGER NOT NULL, -- nanoseconds since 1970
	status  TEXT NOT NULL,
	ended   INTEGER NOT NULL, -- the same, or 0
	plan    BLOB NOT NULL -- JSON
) STRICT;
CREATE INDEX pipeline_runs_key ON pipeline_runs (key, created, seq);
CREATE INDEX pipeline_runs_created ON pipeline_runs (created, seq);
CREATE TABLE pipeline_logs (
	name     TEXT PRIMARY KEY,
	len      INTEGER NOT NULL,
	token    INTEGER NOT NULL,
	finished INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE pipeline_entries (
	log   TEXT NOT NULL,
	n     INTEGER NOT NULL,
	entry BLOB NOT NULL, -- JSON
	PRIMARY KEY (log, n),
	FOREIGN KEY (log) REFERENCES pipeline_logs
) STRICT;
`}
}

// Open opens the file at path, or makes it; the directory must exist. Close the
// ledger when it is no longer used.
func Open(ctx context.Context, path string) (*Ledger, error) {
	db, err := sqlitefile.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	l, err := New(ctx, db)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("ledger %s: %w", path, err), db.Close())
	}
	l.owned = true
	return l, nil
}

// New returns the ledger in a database that somebody else has opened and will
// close. The database is one of modernc.org/sqlite whose transactions take the
// write lock when they begin (_txlock=immediate) and that waits for it
// (_busy_timeout).
func New(ctx context.Context, db *sql.DB) (*Ledger, error) {
	if err := sqlitefile.Migrate(ctx, db, "pipeline_migrations", steps()); err != nil {
		return nil, err
	}
	return &Ledger{db: db}, nil
}

// Close closes the file, if [Open] opened it.
func (l *Ledger) Close() error {
	if !l.owned {
		return nil
	}
	return l.db.Close()
}

// Create records a run and the first entry of its log.
func (l *Ledger) Create(ctx context.Context, run pipeline.Run) error {
	first, err := run.First()
	if err != nil {
		return err
	}
	plan, err := json.Marshal(run.Plan)
	if err != nil {
		return fmt.Errorf("create run %s: plan: %w", run.ID, err)
	}
	err = sqlitefile.Write(ctx, l.db, func(tx *sql.Tx) error {
		var taken bool
		if err := tx.QueryRowContext(ctx, `SELECT count(*) > 0 FROM pipeline_runs WHERE id = ?`, run.ID).Scan(&taken); err != nil {
			return err
		}
		if taken {
			return pipeline.ErrExists
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO pipeline_runs (id, seq, key, created, status, ended, plan)
			VALUES (?, (SELECT coalesce(max(seq), 0) + 1 FROM pipeline_runs), ?, ?, ?, 0, ?)`,
			run.ID, run.Plan.Key, run.Created.UnixNano(), string(pipeline.Pending), plan)
		if err != nil {
			return err
		}
		return appendTo(ctx, tx, pipeline.RunLog(run.ID), 0, 0, []pipeline.Entry{first})
	})
	if err != nil {
		return fmt.Errorf("create run %s: %w", run.ID, err)
	}
	return nil
}

// Run returns a recorded run.
func (l *Ledger) Run(ctx context.Context, id string) (pipeline.Run, error) {
	run := pipeline.Run{ID: id}
	var created int64
	var plan []byte
	err := l.db.QueryRowContext(ctx, `SELECT created, plan FROM pipeline_runs WHERE id = ?`, id).Scan(&created, &plan)
	if errors.Is(err, sql.ErrNoRows) {
		err = pipeline.ErrNotFound
	}
	if err == nil {
		run.Created = fromNano(created)
		err = json.Unmarshal(plan, &run.Plan)
	}
	if err != nil {
		return pipeline.Run{}, fmt.Errorf("run %s: %w", id, err)
	}
	return run, nil
}

// Append adds entries to a log.
func (l *Ledger) Append(ctx context.Context, log pipeline.Log, after int, token int64, entries ...pipeline.Entry) error {
	err := sqlitefile.Write(ctx, l.db, func(tx *sql.Tx) error {
		return appendTo(ctx, tx, log, after, token, entries)
	})
	if err != nil {
		return fmt.Errorf("append to %s: %w", log, err)
	}
	return nil
}

func appendTo(ctx context.Context, tx *sql.Tx, log pipeline.Log, after int, token int64, entries []pipeline.Entry) error {
	var head pipeline.Head
	err := tx.QueryRowContext(ctx, `SELECT len, token, finished FROM pipeline_logs WHERE name = ?`, string(log)).
		Scan(&head.Len, &head.Token, &head.Finished)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if head, err = head.Check(after, token, entries); err != nil || len(entries) == 0 {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO pipeline_logs (name, len, token, finished) VALUES (?, ?, ?, ?)
		ON CONFLICT (name) DO UPDATE SET len = excluded.len, token = excluded.token, finished = excluded.finished`,
		string(log), head.Len, head.Token, head.Finished)
	if err != nil {
		return err
	}
	insert, err := tx.PrepareContext(ctx, `INSERT INTO pipeline_entries (log, n, entry) VALUES (?, ?, ?)`)
	if err != nil {
		return err
	}
	defer func() { _ = insert.Close() }()
	var changed pipeline.Summary
	for i, e := range entries {
		e.N, e.Token = after+i+1, token
		b, err := json.Marshal(e)
		if err != nil {
			return err
		}
		if _, err := insert.ExecContext(ctx, string(log), e.N, b); err != nil {
			return err
		}
		changed = changed.Summarize(e)
	}
	id, ok := strings.CutPrefix(string(log), string(pipeline.RunLog("")))
	if !ok || changed.Status == "" {
		return nil
	}
	_, err = tx.ExecContext(ctx, `UPDATE pipeline_runs SET status = ?, ended = ? WHERE id = ?`,
		string(changed.Status), toNano(changed.Ended), id)
	return err
}

// Read returns entries of a log.
func (l *Ledger) Read(ctx context.Context, log pipeline.Log, from int) (entries []pipeline.Entry, err error) {
	defer func() {
		if err != nil {
			entries, err = nil, fmt.Errorf("read %s: %w", log, err)
		}
	}()
	query := `SELECT entry FROM pipeline_entries WHERE log = ? AND n > ? ORDER BY n`
	if from < 0 {
		query = `SELECT entry FROM (SELECT n, entry FROM pipeline_entries WHERE log = ? ORDER BY n DESC LIMIT -?) ORDER BY n`
	}
	rows, err := l.db.QueryContext(ctx, query, string(log), from)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var b []byte
		if err := rows.Scan(&b); err != nil {
			return nil, err
		}
		var e pipeline.Entry
		if err := json.Unmarshal(b, &e); err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, rows.Err()
}

// Runs returns the runs that the filter lets through, the newest first.
func (l *Ledger) Runs(ctx context.Context, f pipeline.Filter) (runs []pipeline.Summary, err error) {
	defer func() {
		if err != nil {
			runs, err = nil, fmt.Errorf("runs: %w", err)
		}
	}()
	query, args := `SELECT id, key, created, status, ended, coalesce(json_extract(plan, '$.labels'), 'null') FROM pipeline_runs WHERE true`, []any{}
	if f.Key != "" {
		query, args = query+` AND key = ?`, append(args, f.Key)
	}
	if f.Open {
		query += ` AND ended = 0`
	}
	query += ` ORDER BY created DESC, seq DESC`
	if f.Limit > 0 {
		query, args = query+` LIMIT ?`, append(args, f.Limit)
	}
	rows, err := l.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var s pipeline.Summary
		var created, ended int64
		var labels []byte
		if err := rows.Scan(&s.ID, &s.Key, &created, &s.Status, &ended, &labels); err != nil {
			return nil, err
		}
		s.Created, s.Ended = fromNano(created), fromNano(ended)
		if err := json.Unmarshal(labels, &s.Labels); err != nil {
			return nil, fmt.Errorf("labels of run %s: %w", s.ID, err)
		}
		runs = append(runs, s)
	}
	return runs, rows.Err()
}

// toNano returns t in nanoseconds since 1970, and 0 for the zero time.
func toNano(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func fromNano(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}
