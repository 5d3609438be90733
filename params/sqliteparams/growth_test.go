package sqliteparams_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/sqlitefile"
	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/sqliteparams"
)

// BenchmarkGrowth is about a file with that many params of a hundred profiles, each
// with ten versions.
func BenchmarkGrowth(b *testing.B) {
	for _, n := range []int{10, 1000, 100_000} {
		path := filepath.Join(b.TempDir(), "state.db")
		s := open(b, path, sqliteparams.Options{Key: newKey(b)})
		db, err := sqlitefile.Open(b.Context(), path)
		require.NoError(b, err)
		require.NoError(b, sqlitefile.Write(b.Context(), db, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(b.Context(), `
				WITH RECURSIVE each(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM each WHERE i + 1 < ?), v(n) AS (VALUES (1),(2),(3),(4),(5),(6),(7),(8),(9),(10))
				INSERT INTO params_versions SELECT 'shop', 'p' || (i % 100), 'name' || i, n, '"value"', NULL, NULL, 0, 0, 'alice', n FROM each, v`, n)
			return err
		}))
		require.NoError(b, db.Close())
		k := params.Key{App: "shop", Profile: "p7", Name: "name7"}
		calls := map[string]func() error{
			"get":  func() error { _, _, err := s.Get(b.Context(), k); return err },
			"list": func() error { _, err := s.List(b.Context(), "shop", "p7"); return err },
			"put":  func() error { return s.Put(b.Context(), k, params.NewSecret("x")) },
		}
		for _, call := range []string{"get", "list", "put"} {
			b.Run(fmt.Sprintf("%s-of-%d", call, n), func(b *testing.B) {
				for b.Loop() {
					require.NoError(b, calls[call]())
				}
			})
		}
	}
}
