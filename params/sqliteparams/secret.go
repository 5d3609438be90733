package sqliteparams

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"

	"github.com/slsflow/slsflow/internal/agebox"
	"github.com/slsflow/slsflow/internal/sqlitefile"
	"github.com/slsflow/slsflow/params"
)

// sealName is what a secret is bound to, so that neither that of another param
// nor an older one of the same can be put in its place. No part holds a zero byte.
// The first version has the name of the time when there was but one.
func sealName(k params.Key, version int64) string {
	name := "param\x00" + k.App + "\x00" + k.Profile + "\x00" + k.Name
	if version > 1 {
		name += "\x00" + strconv.FormatInt(version, 10)
	}
	return name
}

// checkOpen looks for a secret that the key does not open.
func (s *Store) checkOpen(ctx context.Context) error {
	if s.box.Empty() {
		return nil
	}
	rows, err := s.db.QueryContext(ctx, `
		SELECT recipient, min(app || '/' || profile || '/' || name), count(DISTINCT app || '/' || profile || '/' || name)
		FROM params_versions WHERE recipient IS NOT NULL GROUP BY recipient ORDER BY recipient`)
	if err != nil {
		return err
	}
	return s.box.CheckRows(rows, "secret")
}

// changes returns how often the keys were changed.
func changes(ctx context.Context, q querier) (n int64, err error) {
	err = q.QueryRowContext(ctx, `SELECT changes FROM params_keys`).Scan(&n)
	return n, err
}

// errKeysChanged is about a store that would encrypt for a key that was taken
// away.
var errKeysChanged = fmt.Errorf("%w: the keys were changed since it was opened (open it again with the new one)", ErrKey)

// checkSeal returns an error if a secret would be sealed for others than those
// that there are.
func (s *Store) checkSeal(ctx context.Context, tx *sql.Tx) error {
	n, err := changes(ctx, tx)
	if err != nil {
		return err
	}
	if n != s.keys.Load() {
		return errKeysChanged
	}
	// One look-up in the index for each of the sets of keys, of which there are few.
	rows, err := tx.QueryContext(ctx, `
		WITH RECURSIVE each(r) AS (
			SELECT min(recipient) FROM params_versions WHERE recipient IS NOT NULL
			UNION ALL
			SELECT (SELECT min(recipient) FROM params_versions WHERE recipient > r) FROM each WHERE r IS NOT NULL
		) SELECT r FROM each WHERE r IS NOT NULL`)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	var recipients []string
	for rows.Next() {
		var r string
		if err := rows.Scan(&r); err != nil {
			return err
		}
		recipients = append(recipients, r)
	}
	return errors.Join(rows.Err(), s.box.CheckSeal(recipients))
}

// Rekey encrypts all secrets, old versions too, anew for the recipients of the
// store, in one transaction: after it, other keys are not needed any more and open
// nothing. Stores that are open elsewhere put no secrets until they are opened
// again. A copy of the file from before still opens with the old key: if that is
// lost to somebody, change the secrets too.
func (s *Store) Rekey(ctx context.Context) error {
	var n int64
	err := sqlitefile.Write(ctx, s.db, func(tx *sql.Tx) error {
		if s.box.Recipient() == "" || s.box.Empty() {
			return fmt.Errorf("%w: none given (give the new one, and behind it the old one)", ErrKey)
		}
		// What was there before does not stay in free pages.
		if _, err := tx.ExecContext(ctx, `PRAGMA secure_delete = ON`); err != nil {
			return err
		}
		secrets, err := s.secrets(ctx, tx)
		if err != nil {
			return err
		}
		for _, old := range secrets {
			name := sealName(old.key, old.version)
			sealed, err := s.box.Reseal(name, old.Sealed)
			if err != nil {
				return fmt.Errorf("param %v: %w", old.key, err)
			}
			_, err = tx.ExecContext(ctx, `
				UPDATE params_versions SET sealed = ?, recipient = ? WHERE app = ? AND profile = ? AND name = ? AND version = ?`,
				sealed.Data, sealed.Recipient, old.key.App, old.key.Profile, old.key.Name, old.version)
			if err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, `UPDATE params_keys SET changes = changes + 1`); err != nil {
			return err
		}
		n, err = changes(ctx, tx)
		return err
	})
	if err != nil {
		return fmt.Errorf("rekey params: %w", err)
	}
	s.keys.Store(n)
	return s.truncateLog(ctx)
}

// truncateLog empties the log of writes, in which the old bytes stand. If somebody
// reads just now, it is left to the next one.
func (s *Store) truncateLog(ctx context.Context) error {
	var busy, log, done int
	if err := s.db.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &log, &done); err != nil {
		return fmt.Errorf("rekey params: done, but the log of writes keeps the old bytes: %w", err)
	}
	return nil
}

type sealedParam struct {
	agebox.Sealed
	key     params.Key
	version int64
}

// secrets returns all that are sealed for others than the recipients.
func (s *Store) secrets(ctx context.Context, tx *sql.Tx) (list []sealedParam, err error) {
	rows, err := tx.QueryContext(ctx, `
		SELECT app, profile, name, version, sealed, recipient FROM params_versions WHERE recipient IS NOT NULL AND recipient <> ?`, s.box.Recipient())
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var p sealedParam
		if err := rows.Scan(&p.key.App, &p.key.Profile, &p.key.Name, &p.version, &p.Data, &p.Recipient); err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, rows.Err()
}
