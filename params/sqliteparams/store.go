// Package sqliteparams keeps params in a SQLite file, and the secret ones
// encrypted with age (https://age-encryption.org).
//
// Start with [Open]. The key is text that [NewKey] or the program age-keygen
// makes. Keep it apart from the file: in a file of its own, or in a variable of
// the environment whose value the caller passes on.
package sqliteparams

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/slsflow/slsflow/internal/agebox"
	"github.com/slsflow/slsflow/internal/sqlitefile"
	"github.com/slsflow/slsflow/params"
)

// ErrKey is wrapped by the error about a key that is missing, that is no key, or
// that is not the one that a secret was encrypted for.
var ErrKey = agebox.ErrKey

// Options says how to open a [Store]. The zero Options open one that keeps no
// secrets: it can put and get plain values, and list and delete all. Options
// print without the key.
type Options struct {
	// Key is one age identity or several, each on a line of its own. The first
	// encrypts, each may decrypt: to change the key, put the new one before the
	// old one and call [Store.Rekey].
	Key string `json:"-"`
	// KeyFile is the path of a file with such lines. Give it or Key, not both.
	KeyFile string
	// Now says when a param is put. By default it is time.Now.
	Now func() time.Time `json:"-"`
}

// Format writes the options without the key, whatever the verb.
func (o Options) Format(f fmt.State, _ rune) {
	key := ""
	if o.Key != "" {
		key = params.Redacted
	}
	_, _ = fmt.Fprintf(f, "{Key:%s KeyFile:%s}", key, o.KeyFile)
}

// NewKey returns the text of a new random key, for Options.Key or a file that
// only its owner can read.
func NewKey() (string, error) { return agebox.NewKey() }

// Store is a [params.Store] in a SQLite file. Several stores, of several
// processes too, may have the same file open.
type Store struct {
	db  *sql.DB
	box *agebox.Box
	now func() time.Time
}

var _ params.Store = (*Store)(nil)

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
) STRICT, WITHOUT ROWID`}
}

// Open opens the store in the file at path, which it creates if there is none;
// its directory must exist. The file may hold the state of other packages of
// this module too. The caller closes the store.
//
// If a key is given and the file has a secret for another one, the error wraps
// [ErrKey]: without any key the store opens, and the secret can be deleted.
func Open(ctx context.Context, path string, o Options) (*Store, error) {
	box, err := agebox.Load(o.Key, o.KeyFile)
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
	if err == nil && !box.Empty() {
		err = s.checkKey(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open params in %s: %w", path, err), db.Close())
	}
	return s, nil
}

// checkKey looks for a secret that the key does not open.
func (s *Store) checkKey(ctx context.Context) error {
	rows, err := s.db.QueryContext(ctx, `
		SELECT recipient, min(app || '/' || profile || '/' || name), count(*)
		FROM params WHERE recipient IS NOT NULL GROUP BY recipient ORDER BY recipient`)
	if err != nil {
		return err
	}
	return s.box.CheckRows(rows, "secret")
}

// Close closes the file. The store cannot be used after it.
func (s *Store) Close() error { return s.db.Close() }

// Get returns the value that was last put under k. The error wraps [ErrKey] if
// it is a secret and the key is not the right one.
func (s *Store) Get(ctx context.Context, k params.Key) (params.Value, bool, error) {
	if err := k.Check(); err != nil {
		return nil, false, err
	}
	var value, recipient sql.NullString
	var sealed []byte
	err := s.db.QueryRowContext(ctx, `
		SELECT value, sealed, recipient FROM params WHERE app = ? AND profile = ? AND name = ?`,
		k.App, k.Profile, k.Name).Scan(&value, &sealed, &recipient)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("get param %v: %w", k, err)
	}
	var v params.Value
	if recipient.Valid {
		var text []byte
		text, err = s.box.Open(sealName(k), agebox.Sealed{Recipient: recipient.String, Data: sealed})
		v = params.NewSecret(string(text))
	} else {
		v, err = params.Decode([]byte(value.String))
	}
	if err != nil {
		return nil, false, fmt.Errorf("get param %v: %w", k, err)
	}
	return v, true, nil
}

// Put replaces what is kept under k. The error wraps [ErrKey] if v is a secret
// and the store has no key.
func (s *Store) Put(ctx context.Context, k params.Key, v params.Value) error {
	if err := k.Check(); err != nil {
		return err
	}
	var value, recipient sql.NullString
	var sealed []byte
	if secret, ok := v.(params.Secret); ok {
		box, err := s.box.Seal(sealName(k), []byte(secret.Reveal()))
		if err != nil {
			return fmt.Errorf("put param %v: %w", k, err)
		}
		sealed, recipient = box.Data, sql.NullString{String: box.Recipient, Valid: true}
	} else {
		b, err := params.Encode(v)
		if err != nil {
			return fmt.Errorf("put param %v: %w", k, err)
		}
		value = sql.NullString{String: string(b), Valid: true}
	}
	err := sqlitefile.Write(ctx, s.db, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `
			INSERT OR REPLACE INTO params (app, profile, name, value, sealed, recipient, updated) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			k.App, k.Profile, k.Name, value, sealed, recipient, s.now().UnixMicro())
		return err
	})
	if err != nil {
		return fmt.Errorf("put param %v: %w", k, err)
	}
	return nil
}

// Delete forgets k. It needs no key.
func (s *Store) Delete(ctx context.Context, k params.Key) error {
	if err := k.Check(); err != nil {
		return err
	}
	err := sqlitefile.Write(ctx, s.db, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM params WHERE app = ? AND profile = ? AND name = ?`, k.App, k.Profile, k.Name)
		return err
	})
	if err != nil {
		return fmt.Errorf("delete param %v: %w", k, err)
	}
	return nil
}

// List returns what is kept for an app and a profile. It needs no key.
func (s *Store) List(ctx context.Context, app, profile string) ([]params.Entry, error) {
	fail := func(err error) ([]params.Entry, error) {
		return nil, fmt.Errorf("list params of %s/%s: %w", app, profile, err)
	}
	rows, err := s.db.QueryContext(ctx, `
		SELECT name, recipient IS NOT NULL, updated FROM params WHERE app = ? AND profile = ? ORDER BY name`, app, profile)
	if err != nil {
		return fail(err)
	}
	defer func() { _ = rows.Close() }()
	var list []params.Entry
	for rows.Next() {
		e := params.Entry{Key: params.Key{App: app, Profile: profile}}
		var updated int64
		if err := rows.Scan(&e.Name, &e.Secret, &updated); err != nil {
			return fail(err)
		}
		e.Updated = time.UnixMicro(updated).UTC()
		list = append(list, e)
	}
	if err := rows.Err(); err != nil {
		return fail(err)
	}
	return list, nil
}
