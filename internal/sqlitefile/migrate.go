package sqlitefile

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"strings"
)

// Migrate runs those of the steps, each some SQL statements, that the file has
// not seen, all in one transaction. What it has seen stands in the table of that
// name, one for each user of the file: letters and underscores.
//
// Steps are only ever added at the end. A file that has seen others, or more of
// them, was written by another version, and is refused.
func Migrate(ctx context.Context, db *sql.DB, table string, steps []string) error {
	if table == "" || strings.Trim(table, "abcdefghijklmnopqrstuvwxyz_") != "" {
		return fmt.Errorf("migration table %q: want letters a-z and underscores", table)
	}
	// Most files are up to date; only looking must not wait for a writer.
	done := false
	err := Read(ctx, db, func(tx *sql.Tx) error {
		var exists bool
		err := tx.QueryRowContext(ctx, `SELECT count(*) > 0 FROM sqlite_schema WHERE type = 'table' AND name = ?`, table).Scan(&exists)
		if err != nil || !exists {
			return err
		}
		seen, err := check(ctx, tx, table, steps)
		done = seen == len(steps)
		return err
	})
	if err != nil || done {
		return wrapMigrate(table, err)
	}
	return wrapMigrate(table, Write(ctx, db, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS `+table+` (step INTEGER PRIMARY KEY, digest TEXT NOT NULL) STRICT`)
		if err != nil {
			return err
		}
		seen, err := check(ctx, tx, table, steps)
		if err != nil {
			return err
		}
		for i, step := range steps[seen:] {
			n := seen + i + 1
			if _, err := tx.ExecContext(ctx, step); err != nil {
				return fmt.Errorf("step %d: %w", n, err)
			}
			if _, err := tx.ExecContext(ctx, `INSERT INTO `+table+` (step, digest) VALUES (?, ?)`, n, digest(step)); err != nil {
				return err
			}
		}
		return nil
	}))
}

func wrapMigrate(table string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("migrate %s: %w", table, err)
}

// check returns how many of the steps the file has seen.
func check(ctx context.Context, tx *sql.Tx, table string, steps []string) (seen int, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT digest FROM `+table+` ORDER BY step`)
	if err != nil {
		return 0, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var d string
		if err := rows.Scan(&d); err != nil {
			return 0, err
		}
		if seen == len(steps) {
			return 0, fmt.Errorf("the file was written by a newer version, which knows more than the %d steps of this one (use that version)", len(steps))
		}
		if d != digest(steps[seen]) {
			return 0, fmt.Errorf("step %d is not the one that the file has seen (use the version that wrote it)", seen+1)
		}
		seen++
	}
	return seen, rows.Err()
}

func digest(step string) string {
	sum := sha256.Sum256([]byte(step))
	return hex.EncodeToString(sum[:])
}
