package sqliteoutputs

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/slsflow/slsflow/internal/sqlitefile"
	"github.com/slsflow/slsflow/outputs"
)

// Begin adds r as the newest record of its instance.
func (s *Store) Begin(ctx context.Context, r outputs.Record, after int64) (outputs.Record, error) {
	if err := r.CheckBegin(); err != nil {
		return outputs.Record{}, err
	}
	r.Number = after + 1
	r, _ = r.Kept(r.Status == outputs.Removing, nil)
	text, err := json.Marshal(r)
	if err != nil {
		return outputs.Record{}, fmt.Errorf("begin %v: %w", r.Instance, err)
	}
	err = sqlitefile.Write(ctx, s.db, func(tx *sql.Tx) error {
		var newest int64
		err := tx.QueryRowContext(ctx, `
			SELECT newest FROM outputs_instances WHERE app = ? AND stage = ? AND region = ? AND service = ?`,
			where(r.Instance)...).Scan(&newest)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if newest != after {
			return fmt.Errorf("after record %d: %w: %s", after, outputs.ErrConflict, describe(ctx, tx, r.Instance, newest))
		}
		_, err = tx.ExecContext(ctx, `
			INSERT INTO outputs_records (app, stage, region, service, number, record) VALUES (?, ?, ?, ?, ?, ?)`,
			where(r.Instance, r.Number, string(text))...)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			INSERT INTO outputs_instances (app, stage, region, service, newest, removal) VALUES (?1, ?2, ?3, ?4, ?5, iif(?6, ?5, 0))
			ON CONFLICT DO UPDATE SET newest = ?5, removal = iif(?6, ?5, removal), published = iif(?6, 0, published)`,
			where(r.Instance, r.Number, r.Removal)...)
		return err
	})
	if err != nil {
		return outputs.Record{}, fmt.Errorf("begin %v: %w", r.Instance, err)
	}
	return r, nil
}

// describe says which record stands in the way.
func describe(ctx context.Context, tx *sql.Tx, i outputs.Instance, number int64) string {
	if number == 0 {
		return "there is no record"
	}
	r, err := load(ctx, tx, i, number)
	if err != nil {
		return fmt.Sprintf("the newest is %d", number)
	}
	return fmt.Sprintf("the newest is %d, %s by run %q", number, r.Status, r.Run)
}

// End replaces the record that has the instance and number of r. The error wraps
// [ErrKey] if r has a secret output and the store has no key, or another one
// than for the secrets before it.
func (s *Store) End(ctx context.Context, r outputs.Record) error {
	err := sqlitefile.Write(ctx, s.db, func(tx *sql.Tx) error {
		old, err := load(ctx, tx, r.Instance, r.Number)
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("%w: there is no such record", outputs.ErrConflict)
		}
		if err != nil {
			return err
		}
		if err := r.CheckEnd(old.Removal); err != nil {
			return err
		}
		var hash func(json.RawMessage) string
		if hasSecret(r) {
			if hash, err = s.hasher(ctx, tx); err != nil {
				return err
			}
		} else {
			hash = outputs.Hash // not called, but what is not secret is hashed too
		}
		kept, secrets := r.Kept(old.Removal, hash)
		if old.Done() {
			if !old.Equal(kept) {
				return fmt.Errorf("%w: %s by run %q", outputs.ErrDone, old.Status, old.Run)
			}
			return nil
		}
		text, err := json.Marshal(kept)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			UPDATE outputs_records SET record = ?5 WHERE app = ?1 AND stage = ?2 AND region = ?3 AND service = ?4 AND number = ?6`,
			where(r.Instance, string(text), r.Number)...)
		if err != nil {
			return err
		}
		if r.Status == outputs.Deployed {
			_, err = tx.ExecContext(ctx, `
				UPDATE outputs_instances SET published = ?5
				WHERE app = ?1 AND stage = ?2 AND region = ?3 AND service = ?4 AND ?5 > removal AND ?5 > published`,
				where(r.Instance, r.Number)...)
			if err != nil {
				return err
			}
		}
		for _, key := range slices.Sorted(maps.Keys(secrets)) {
			sealed, err := s.box.Seal(secretName(r.Instance, r.Number, key), secrets[key])
			if err != nil {
				return fmt.Errorf("output %q: %w", key, err)
			}
			_, err = tx.ExecContext(ctx, `
				INSERT INTO outputs_secrets (app, stage, region, service, number, key, sealed, recipient) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
				where(r.Instance, r.Number, key, sealed.Data, sealed.Recipient)...)
			if err != nil {
				return err
			}
		}
		return nil
	})
	switch {
	case err == nil:
		return nil
	case errors.Is(err, outputs.ErrInvalid):
		return err // which names all of it
	default:
		return fmt.Errorf("end %v, record %d: %w", r.Instance, r.Number, err)
	}
}

func hasSecret(r outputs.Record) bool {
	for _, out := range r.Outputs {
		if out.Secret {
			return true
		}
	}
	return false
}

// where returns the columns of an instance, and more behind them, as arguments.
func where(i outputs.Instance, more ...any) []any {
	return append([]any{i.App, i.Stage.String(), i.Region, i.Service}, more...)
}
