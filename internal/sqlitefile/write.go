package sqlitefile

import (
	"context"
	"database/sql"
	"errors"
)

// Write runs do in a transaction that holds the file's write lock from its
// beginning, so that what do reads is still so when it writes. It commits if do
// returns nil, and else undoes everything; do may be killed at any point. do must
// use tx alone, and end before anything slow: other writers wait.
func Write(ctx context.Context, db *sql.DB, do func(tx *sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return explain(ctx, err)
	}
	defer func() { _ = tx.Rollback() }() // after Commit it does nothing
	if err := do(tx); err != nil {
		return explain(ctx, err)
	}
	return explain(ctx, tx.Commit())
}

// Read runs do in a transaction that sees one state of the file, however much
// is written meanwhile. do must only read.
func Read(ctx context.Context, db *sql.DB, do func(tx *sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return explain(ctx, err)
	}
	err = do(tx)
	if rollback := tx.Rollback(); !errors.Is(rollback, sql.ErrTxDone) {
		err = errors.Join(err, rollback)
	}
	return explain(ctx, err)
}
