package sqliteparams

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/slsflow/slsflow/internal/sqlitefile"
	"github.com/slsflow/slsflow/params"
)

// Put replaces what is kept under k. The error wraps [ErrKey] if v is a secret
// and the store has no key, or the keys were changed since it was opened.
func (s *Store) Put(ctx context.Context, k params.Key, v params.Value) error {
	if err := k.Check(); err != nil {
		return err
	}
	if err := params.CheckValue(v); err != nil {
		return fmt.Errorf("put param %v: %w", k, err)
	}
	_, err := s.change(ctx, "put", k, v, "", func(row) error { return nil })
	return err
}

// Delete forgets k, with the values of all of its versions. It needs no key.
func (s *Store) Delete(ctx context.Context, k params.Key) error {
	if err := k.Check(); err != nil {
		return err
	}
	_, err := s.change(ctx, "delete", k, nil, "", func(row) error { return nil })
	return err
}

// Swap puts v under k, or deletes k if v is nil, if its version is e.After. The
// error is as that of Put, or a [*params.Conflict].
func (s *Store) Swap(ctx context.Context, k params.Key, v params.Value, e params.Edit) (params.Change, error) {
	if err := k.Check(); err != nil {
		return params.Change{}, err
	}
	op := "put"
	if v == nil {
		op = "delete"
	}
	if err := e.Check(v); err != nil {
		return params.Change{}, fmt.Errorf("%s param %v: %w", op, k, err)
	}
	return s.change(ctx, op, k, v, e.By, func(now row) error {
		version := now.Version
		if now.Deleted {
			version = 0
		}
		if version != e.After {
			return &params.Conflict{Key: k, After: e.After, Now: now.Change}
		}
		return nil
	})
}

// change makes the next version of k, if check agrees with the newest. To delete
// what is absent changes nothing.
func (s *Store) change(ctx context.Context, op string, k params.Key, v params.Value, by string, check func(now row) error) (c params.Change, err error) {
	err = sqlitefile.Write(ctx, s.db, func(tx *sql.Tx) error {
		now, err := newest(ctx, tx, k)
		if err != nil {
			return err
		}
		if err := check(now); err != nil {
			return err
		}
		if v == nil && (now.Version == 0 || now.Deleted) {
			return nil
		}
		next := row{Change: params.Change{Version: now.Version + 1, By: by, Deleted: v == nil, Time: s.now().UTC()}}
		if err := s.fill(ctx, tx, k, v, &next); err != nil {
			return err
		}
		c = next.Change
		_, err = tx.ExecContext(ctx, `
			INSERT INTO params_versions (app, profile, name, `+columns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			k.App, k.Profile, k.Name, next.Version, next.value, next.sealed, next.recipient, next.Secret, next.Deleted, next.By, next.Time.UnixMicro())
		return err
	})
	if errors.Is(err, params.ErrConflict) {
		return params.Change{}, err // it names the param itself
	}
	if err != nil {
		return params.Change{}, fmt.Errorf("%s param %v: %w", op, k, err)
	}
	return c, nil
}

// fill writes the value of the next version, and forgets those of all others if
// it is a deletion.
func (s *Store) fill(ctx context.Context, tx *sql.Tx, k params.Key, v params.Value, next *row) error {
	switch v := v.(type) {
	case nil:
		_, err := tx.ExecContext(ctx, `
			UPDATE params_versions SET value = NULL, sealed = NULL, recipient = NULL WHERE app = ? AND profile = ? AND name = ?`,
			k.App, k.Profile, k.Name)
		return err
	case params.Secret:
		if err := s.checkSeal(ctx, tx); err != nil {
			return err
		}
		sealed, err := s.box.Seal(sealName(k, next.Version), []byte(v.Reveal()))
		if err != nil {
			return err
		}
		next.sealed, next.recipient, next.Secret = sealed.Data, sql.NullString{String: sealed.Recipient, Valid: true}, true
		return nil
	default:
		b, err := params.Encode(v)
		next.value = sql.NullString{String: string(b), Valid: true}
		return err
	}
}
