// Package sqliteoutputs keeps the records of deployments in a SQLite file, and
// secret outputs encrypted with age (https://age-encryption.org).
//
// Start with [Open]. The key is text that [NewKey] or the program age-keygen
// makes. Keep it apart from the file: in a file of its own, or in a variable of
// the environment whose value the caller passes on.
package sqliteoutputs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/slsflow/slsflow/internal/agebox"
	"github.com/slsflow/slsflow/internal/sqlitefile"
	"github.com/slsflow/slsflow/outputs"
)

// ErrKey is wrapped by the error about a key that is missing, that is no key, or
// that is not the one that a secret was encrypted for.
var ErrKey = agebox.ErrKey

// Options says how to open a [Store]. The zero Options open one that has no key:
// all of it works but for secret outputs. Options print without the key.
type Options struct {
	// Key is one age identity or several, each on a line of its own. The first
	// encrypts, each may decrypt: to change the key, put the new one before the
	// old one and call [Store.Rekey].
	Key string `json:"-"`
	// KeyFile is the path of a file with such lines. Give it or Key, not both.
	KeyFile string
}

// Format writes the options without the key, whatever the verb.
func (o Options) Format(f fmt.State, _ rune) {
	key := ""
	if o.Key != "" {
		key = "REDACTED"
	}
	_, _ = fmt.Fprintf(f, "{Key:%s KeyFile:%s}", key, o.KeyFile)
}

// NewKey returns the text of a new random key, for Options.Key or a file that
// only its owner can read.
func NewKey() (string, error) { return agebox.NewKey() }

// Store is an [outputs.Store] in a SQLite file. Several stores, of several
// processes too, may have the same file open.
type Store struct {
	db  *sql.DB
	box *agebox.Box
}

var _ outputs.Batcher = (*Store)(nil)

// steps make the tables, see [sqlitefile.Migrate].
func steps() []string {
	return []string{`
CREATE TABLE outputs_records (
	app     TEXT NOT NULL,
	stage   TEXT NOT NULL,
	region  TEXT NOT NULL,
	service TEXT NOT NULL,
	number  INTEGER NOT NULL,
	record  TEXT NOT NULL, -- JSON, without the values of secrets
	PRIMARY KEY (app, stage, region, service, number)
) STRICT;
CREATE TABLE outputs_instances (
	app     TEXT NOT NULL,
	stage   TEXT NOT NULL,
	region  TEXT NOT NULL,
	service TEXT NOT NULL,
	newest  INTEGER NOT NULL, -- number of the newest record
	PRIMARY KEY (app, stage, region, service),
	FOREIGN KEY (app, stage, region, service, newest) REFERENCES outputs_records
) STRICT, WITHOUT ROWID;
CREATE TABLE outputs_secrets (
	app       TEXT NOT NULL,
	stage     TEXT NOT NULL,
	region    TEXT NOT NULL,
	service   TEXT NOT NULL,
	number    INTEGER NOT NULL,
	key       TEXT NOT NULL,
	sealed    BLOB NOT NULL,
	recipient TEXT NOT NULL, -- the public key that sealed is for
	PRIMARY KEY (app, stage, region, service, number, key),
	FOREIGN KEY (app, stage, region, service, number) REFERENCES outputs_records
) STRICT;
CREATE TABLE outputs_hashkey ( -- one row at most
	id        INTEGER PRIMARY KEY CHECK (id = 1),
	sealed    BLOB NOT NULL,
	recipient TEXT NOT NULL
) STRICT`, `
-- What counts now is found without the history: the newest removal, and the
-- newest record behind it that is deployed; 0 is none.
ALTER TABLE outputs_instances ADD COLUMN removal   INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outputs_instances ADD COLUMN published INTEGER NOT NULL DEFAULT 0;
UPDATE outputs_instances AS i SET removal = coalesce((
	SELECT max(number) FROM outputs_records AS r
	WHERE (r.app, r.stage, r.region, r.service) = (i.app, i.stage, i.region, i.service) AND record ->> 'removal'), 0);
UPDATE outputs_instances AS i SET published = coalesce((
	SELECT max(number) FROM outputs_records AS r
	WHERE (r.app, r.stage, r.region, r.service) = (i.app, i.stage, i.region, i.service)
		AND number > removal AND record ->> 'status' = 'deployed'), 0)`}
}

// Open opens the store in the file at path, which it creates if there is none;
// its directory must exist. The file may hold the state of other packages of
// this module too. The caller closes the store.
//
// If a key is given and the file has a secret for another one, the error wraps
// [ErrKey]: without any key the store opens.
func Open(ctx context.Context, path string, o Options) (*Store, error) {
	box, err := agebox.Load(o.Key, o.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("open outputs: %w", err)
	}
	db, err := sqlitefile.Open(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("open outputs: %w", err)
	}
	s := &Store{db: db, box: box}
	err = sqlitefile.Migrate(ctx, db, "sqliteoutputs_steps", steps())
	if err == nil && !box.Empty() {
		err = s.checkKey(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open outputs in %s: %w", path, err), db.Close())
	}
	return s, nil
}

// checkKey looks for a secret that the key does not open.
func (s *Store) checkKey(ctx context.Context) error {
	rows, err := s.db.QueryContext(ctx, `
		SELECT recipient, min(app || ':' || stage || ':' || region || ':' || service || '.' || key), count(*)
		FROM outputs_secrets GROUP BY recipient ORDER BY recipient`)
	if err != nil {
		return err
	}
	return s.box.CheckRows(rows, "secret output")
}

// Close closes the file. The store cannot be used after it.
func (s *Store) Close() error { return s.db.Close() }
