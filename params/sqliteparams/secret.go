package sqliteparams

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/slsflow/slsflow/internal/agebox"
	"github.com/slsflow/slsflow/internal/sqlitefile"
	"github.com/slsflow/slsflow/params"
)

// sealName is what a secret is bound to. No part holds a zero byte.
func sealName(k params.Key) string {
	return "param\x00" + k.App + "\x00" + k.Profile + "\x00" + k.Name
}

// Rekey encrypts all that is not for the first key for it, so that the other
// ones need not be given any more.
func (s *Store) Rekey(ctx context.Context) error {
	err := sqlitefile.Write(ctx, s.db, func(tx *sql.Tx) error {
		secrets, err := s.secrets(ctx, tx)
		if err != nil {
			return err
		}
		for _, old := range secrets {
			sealed, err := s.box.Reseal(sealName(old.key), old.Sealed)
			if err != nil {
				return fmt.Errorf("param %v: %w", old.key, err)
			}
			_, err = tx.ExecContext(ctx, `
				UPDATE params SET sealed = ?, recipient = ? WHERE app = ? AND profile = ? AND name = ?`,
				sealed.Data, sealed.Recipient, old.key.App, old.key.Profile, old.key.Name)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("rekey params: %w", err)
	}
	return nil
}

type sealedParam struct {
	agebox.Sealed
	key params.Key
}

// secrets returns all that are sealed for another key than the first.
func (s *Store) secrets(ctx context.Context, tx *sql.Tx) (list []sealedParam, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT app, profile, name, sealed, recipient FROM params WHERE recipient <> ?`, s.box.Recipient())
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var p sealedParam
		if err := rows.Scan(&p.key.App, &p.key.Profile, &p.key.Name, &p.Data, &p.Recipient); err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, rows.Err()
}
