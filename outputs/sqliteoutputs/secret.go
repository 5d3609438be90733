package sqliteoutputs

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/slsflow/slsflow/internal/agebox"
	"github.com/slsflow/slsflow/internal/sqlitefile"
	"github.com/slsflow/slsflow/outputs"
)

// hashKeyName is what the key of the hashes is sealed under.
const hashKeyName = "hash key of secret outputs"

// secretName is what the value of a secret output is sealed under. Only the key,
// which is the last, may hold a zero byte.
func secretName(i outputs.Instance, number int64, key string) string {
	return strings.Join([]string{"output", i.App, i.Stage.String(), i.Region, i.Service, strconv.FormatInt(number, 10), key}, "\x00")
}

func scanSealed(row *sql.Row) (s agebox.Sealed, err error) {
	err = row.Scan(&s.Data, &s.Recipient)
	return s, err
}

// hasher returns the hash of secrets, whose key is made with the first of them.
func (s *Store) hasher(ctx context.Context, tx *sql.Tx) (func(json.RawMessage) string, error) {
	sealed, err := scanSealed(tx.QueryRowContext(ctx, `SELECT sealed, recipient FROM outputs_hashkey`))
	var key []byte
	switch {
	case errors.Is(err, sql.ErrNoRows):
		key = make([]byte, sha256.Size)
		_, _ = rand.Read(key) // it never fails
		if sealed, err = s.box.Seal(hashKeyName, key); err != nil {
			return nil, err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO outputs_hashkey (id, sealed, recipient) VALUES (1, ?, ?)`, sealed.Data, sealed.Recipient)
	case err == nil:
		key, err = s.box.Open(hashKeyName, sealed)
	}
	if err != nil {
		return nil, err
	}
	return func(value json.RawMessage) string {
		mac := hmac.New(sha256.New, key)
		_, _ = mac.Write(value) // it never fails
		return hex.EncodeToString(mac.Sum(nil))
	}, nil
}

// Rekey encrypts all that is not for the first key for it, so that the other
// ones need not be given any more.
func (s *Store) Rekey(ctx context.Context) error {
	err := sqlitefile.Write(ctx, s.db, func(tx *sql.Tx) error {
		sealed, err := scanSealed(tx.QueryRowContext(ctx, `SELECT sealed, recipient FROM outputs_hashkey`))
		if errors.Is(err, sql.ErrNoRows) {
			return nil // and so there is no secret
		}
		if err != nil {
			return err
		}
		if sealed, err = s.box.Reseal(hashKeyName, sealed); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE outputs_hashkey SET sealed = ?, recipient = ?`, sealed.Data, sealed.Recipient); err != nil {
			return err
		}
		secrets, err := s.secrets(ctx, tx)
		if err != nil {
			return err
		}
		for _, old := range secrets {
			sealed, err := s.box.Reseal(old.name, old.Sealed)
			if err != nil {
				return err
			}
			_, err = tx.ExecContext(ctx, `UPDATE outputs_secrets SET sealed = ?, recipient = ? WHERE rowid = ?`, sealed.Data, sealed.Recipient, old.row)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("rekey outputs: %w", err)
	}
	return nil
}

type sealedRow struct {
	agebox.Sealed
	row  int64
	name string
}

// secrets returns all that are sealed for another key than the first.
func (s *Store) secrets(ctx context.Context, tx *sql.Tx) (list []sealedRow, err error) {
	rows, err := tx.QueryContext(ctx, `
		SELECT rowid, app, stage, region, service, number, key, sealed, recipient FROM outputs_secrets WHERE recipient <> ?`, s.box.Recipient())
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var r sealedRow
		var i outputs.Instance
		var stageName, key string
		var number int64
		if err := rows.Scan(&r.row, &i.App, &stageName, &i.Region, &i.Service, &number, &key, &r.Data, &r.Recipient); err != nil {
			return nil, err
		}
		if err := i.Stage.UnmarshalText([]byte(stageName)); err != nil {
			return nil, err
		}
		r.name = secretName(i, number, key)
		list = append(list, r)
	}
	return list, rows.Err()
}
