package sqlitefile_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"

	"github.com/slsflow/slsflow/internal/sqlitefile"
)

// A file is opened, brought up to date, and written in a transaction.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()

	db, err := sqlitefile.Open(ctx, filepath.Join(dir, "state.db"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = db.Close() }()
	err = sqlitefile.Migrate(ctx, db, "notes_steps", []string{`CREATE TABLE notes (text TEXT NOT NULL) STRICT`})
	fmt.Println(err)
	err = sqlitefile.Write(ctx, db, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO notes (text) VALUES ('hello')`)
		return err
	})
	fmt.Println(err)
	// Output:
	// <nil>
	// <nil>
}
