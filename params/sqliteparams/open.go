// Package sqliteparams keeps params in a SQLite file, with all that they were
// before, and the secret ones encrypted with age (https://age-encryption.org).
//
// Start with [Open]. The key is text that [NewKey] or the program age-keygen
// makes. Keep it apart from the file: in a file of its own, or in a variable of
// the environment whose value the caller passes on. Several people, or a person
// and a machine, have a key each: name the public keys of all in
// [Options.Recipients].
package sqliteparams

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/slsflow/slsflow/internal/agebox"
	"github.com/slsflow/slsflow/internal/sqlitefile"
	"github.com/slsflow/slsflow/params"
)

// ErrKey is wrapped by the error about a key that is missing, that is no key, or
// that is not one that a secret was encrypted for.
var ErrKey = agebox.ErrKey

// Options says how to open a [Store]. The zero Options open one that keeps no
// secrets: it can put and get plain values, and list and delete all. Options
// print without the key.
type Options struct {
	// Key is one age identity or several, each on a line of its own. Each may
	// decrypt. To change the key, put the new one before the old one and call
	// [Store.Rekey].
	Key string `json:"-"`
	// KeyFile is the path of a file with such lines. Give it or Key, not both.
	KeyFile string
	// Recipients are the public keys that secrets are encrypted for: any of them
	// decrypts. By default it is that of the first identity. Give it without a
	// Key to a writer that must not read.
	Recipients []string
	// Now says when a param is put. By default it is time.Now.
	Now func() time.Time `json:"-"`
}

// Format writes the options without the key, whatever the verb.
func (o Options) Format(f fmt.State, _ rune) {
	key := ""
	if o.Key != "" {
		key = params.Redacted
	}
	_, _ = fmt.Fprintf(f, "{Key:%s KeyFile:%s Recipients:%v}", key, o.KeyFile, o.Recipients)
}

// NewKey returns the text of a new random key, for Options.Key or a file that
// only its owner can read.
func NewKey() (string, error) { return agebox.NewKey() }

// Store is a [params.Versioned] store in a SQLite file. Several stores, of several
// processes too, may have the same file open.
//
// What is deleted leaves behind who changed it when. Its values are gone, but a
// file system, and a copy of the file, may still have the encrypted bytes.
type Store struct {
	db   *sql.DB
	box  *agebox.Box
	keys atomic.Int64 // how often the keys had been changed when it was opened
	now  func() time.Time
}

var _ params.Versioned = (*Store)(nil)

// steps make the tables, see [sqlitefile.Migrate].
func steps() []string {
	return []string{`
CREATE TABLE params (
	app       TEXT NOT NULL,
	profile   TEXT NOT NULL,
	name      TEXT NOT NULL,
	value     TEXT,             -- JSON, of a plain value
	sealed    BLOB,             -- of a secret
	recipient TEXT,             -- the public key that sealed is for
	updated   INTEGER NOT NULL, -- microseconds since 1970
	PRIMARY KEY (app, profile, name),
	CHECK ((value IS NULL) = (sealed IS NOT NULL) AND (sealed IS NULL) = (recipient IS NULL))
) STRICT, WITHOUT ROWID`, `
CREATE TABLE params_versions (
	app       TEXT NOT NULL,
	profile   TEXT NOT NULL,
	name      TEXT NOT NULL,
	version   INTEGER NOT NULL, -- from 1
	value     TEXT,             -- JSON, of a plain value that is not forgotten
	sealed    BLOB,             -- of a secret that is not forgotten
	recipient TEXT,             -- the public keys that sealed is for
	secret    INTEGER NOT NULL,
	deleted   INTEGER NOT NULL, -- this version is the deletion
	author    TEXT NOT NULL,
	updated   INTEGER NOT NULL, -- microseconds since 1970
	PRIMARY KEY (app, profile, name, version),
	CHECK (value IS NULL OR sealed IS NULL),
	CHECK ((sealed IS NULL) = (recipient IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX params_versions_recipient ON params_versions (recipient) WHERE recipient IS NOT NULL;
INSERT INTO params_versions SELECT app, profile, name, 1, value, sealed, recipient, sealed IS NOT NULL, 0, '', updated FROM params;
DROP TABLE params;
CREATE TABLE params_keys (id INTEGER PRIMARY KEY CHECK (id = 1), changes INTEGER NOT NULL) STRICT;
INSERT INTO params_keys VALUES (1, 0)`}
}

// Open opens the store in the file at path, which it creates if there is none;
// its directory must exist. The file may hold the state of other packages of
// this module too. The caller closes the store.
//
// If a key is given and the file has a secret for another one, the error wraps
// [ErrKey]: without any key the store opens, and the secret can be deleted.
func Open(ctx context.Context, path string, o Options) (*Store, error) {
	box, err := agebox.Load(o.Key, o.KeyFile, o.Recipients...)
	if err != nil {
		return nil, fmt.Errorf("open params: %w", err)
	}
	db, err := sqlitefile.Open(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("open params: %w", err)
	}
	s := &Store{db: db, box: box, now: o.Now}
	if s.now == nil {
		s.now = time.Now
	}
	err = sqlitefile.Migrate(ctx, db, "sqliteparams_steps", steps())
	if err == nil {
		err = s.readKeys(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open params in %s: %w", path, err), db.Close())
	}
	return s, nil
}

// readKeys checks that the key opens the secrets that there are.
func (s *Store) readKeys(ctx context.Context) error {
	n, err := changes(ctx, s.db)
	if err != nil {
		return err
	}
	s.keys.Store(n)
	return s.checkOpen(ctx)
}

// Close closes the file. The store cannot be used after it.
func (s *Store) Close() error { return s.db.Close() }
