package sqliteparams

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/slsflow/slsflow/internal/agebox"
	"github.com/slsflow/slsflow/params"
)

// row is one version of a param.
type row struct {
	params.Change
	value     sql.NullString
	sealed    []byte
	recipient sql.NullString
}

// forgotten reports whether the value is gone.
func (r *row) forgotten() bool { return !r.value.Valid && !r.recipient.Valid }

// columns are those that scan reads.
const columns = `version, value, sealed, recipient, secret, deleted, author, updated`

func (r *row) scan(scan func(...any) error) error {
	var updated int64
	err := scan(&r.Version, &r.value, &r.sealed, &r.recipient, &r.Secret, &r.Deleted, &r.By, &updated)
	r.Time = time.UnixMicro(updated).UTC()
	return err
}

// querier is a pool or a transaction.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// newest returns the newest version of k. There is none if its Version is 0.
func newest(ctx context.Context, q querier, k params.Key) (row, error) {
	return one(q.QueryRowContext(ctx, `
		SELECT `+columns+` FROM params_versions WHERE app = ? AND profile = ? AND name = ? ORDER BY version DESC LIMIT 1`,
		k.App, k.Profile, k.Name))
}

func one(found *sql.Row) (r row, err error) {
	if err = r.scan(found.Scan); errors.Is(err, sql.ErrNoRows) {
		return row{}, nil
	}
	return r, err
}

// Get returns the value that was last put under k. The error wraps [ErrKey] if
// it is a secret and the key is not the right one.
func (s *Store) Get(ctx context.Context, k params.Key) (params.Value, bool, error) {
	v, _, ok, err := s.At(ctx, k, 0)
	return v, ok, err
}

// At returns the value of a version of k, 0 for the newest. The error is as that
// of Get.
func (s *Store) At(ctx context.Context, k params.Key, version int64) (params.Value, params.Change, bool, error) {
	fail := func(err error) (params.Value, params.Change, bool, error) {
		return nil, params.Change{}, false, fmt.Errorf("get param %v: %w", k, err)
	}
	if err := k.Check(); err != nil {
		return nil, params.Change{}, false, err
	}
	var r row
	var err error
	if version == 0 {
		r, err = newest(ctx, s.db, k)
	} else {
		r, err = one(s.db.QueryRowContext(ctx, `
			SELECT `+columns+` FROM params_versions WHERE app = ? AND profile = ? AND name = ? AND version = ?`,
			k.App, k.Profile, k.Name, version))
	}
	if err != nil {
		return fail(err)
	}
	if r.forgotten() {
		return nil, params.Change{}, false, nil
	}
	v, err := s.open(k, r)
	if err != nil {
		return fail(err)
	}
	return v, r.Change, true, nil
}

// open returns the value of a version.
func (s *Store) open(k params.Key, r row) (params.Value, error) {
	if !r.recipient.Valid {
		return params.Decode([]byte(r.value.String))
	}
	text, err := s.box.Open(sealName(k, r.Version), agebox.Sealed{Recipient: r.recipient.String, Data: r.sealed})
	if err != nil {
		return nil, err
	}
	return params.NewSecret(string(text)), nil
}

// History returns the changes of k, the newest first. It needs no key. None is
// ever forgotten.
func (s *Store) History(ctx context.Context, k params.Key) ([]params.Change, error) {
	if err := k.Check(); err != nil {
		return nil, err
	}
	var list []params.Change
	err := s.each(ctx, func(scan func(...any) error) error {
		var r row
		err := r.scan(scan)
		list = append(list, r.Change)
		return err
	}, `SELECT `+columns+` FROM params_versions WHERE app = ? AND profile = ? AND name = ? ORDER BY version DESC`, k.App, k.Profile, k.Name)
	if err != nil {
		return nil, fmt.Errorf("history of param %v: %w", k, err)
	}
	return list, nil
}

// List returns what is kept for an app and a profile. It needs no key.
func (s *Store) List(ctx context.Context, app, profile string) ([]params.Entry, error) {
	var list []params.Entry
	err := s.each(ctx, func(scan func(...any) error) error {
		e := params.Entry{Key: params.Key{App: app, Profile: profile}}
		var updated int64
		err := scan(&e.Name, &e.Version, &e.Secret, &updated)
		e.Updated = time.UnixMicro(updated).UTC()
		list = append(list, e)
		return err
	}, `
		SELECT name, max(version), secret, updated FROM params_versions WHERE app = ? AND profile = ?
		GROUP BY name HAVING NOT deleted ORDER BY name`, app, profile) // the other columns are of the row with the max: https://www.sqlite.org/lang_select.html#bareagg
	if err != nil {
		return nil, fmt.Errorf("list params of %s/%s: %w", app, profile, err)
	}
	return list, nil
}

// each calls scan for each row of a query.
func (s *Store) each(ctx context.Context, scan func(func(...any) error) error, query string, args ...any) error {
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := scan(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}
