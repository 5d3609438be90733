package sqliteparams_test

import (
	"bytes"
	"database/sql"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/agebox"
	"github.com/slsflow/slsflow/internal/sqlitefile"
	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/sqliteparams"
)

// public returns the public key in the text of NewKey.
func public(key string) string {
	return "age1" + strings.Fields(strings.SplitAfter(key, "age1")[1])[0]
}

func TestAnyOfSeveralRecipientsReads(t *testing.T) {
	ctx, path := t.Context(), filepath.Join(t.TempDir(), "state.db")
	alice, bob, eve := newKey(t), newKey(t), newKey(t)
	both := []string{public(alice), public(bob), public(bob)}

	// A machine that writes and has no key.
	writer := open(t, path, sqliteparams.Options{Recipients: both})
	require.NoError(t, writer.Put(ctx, devKey("a"), params.NewSecret("x")))
	_, _, err := writer.Get(ctx, devKey("a"))
	require.ErrorIs(t, err, sqliteparams.ErrKey)

	for _, key := range []string{alice, bob} {
		s := open(t, path, sqliteparams.Options{Key: key, Recipients: both})
		v, _, err := s.Get(ctx, devKey("a"))
		require.NoError(t, err)
		require.Equal(t, params.NewSecret("x"), v)
		require.NoError(t, s.Put(ctx, devKey("b"), params.NewSecret("y")))
	}
	_, err = sqliteparams.Open(ctx, path, sqliteparams.Options{Key: eve, Recipients: both})
	require.ErrorIs(t, err, sqliteparams.ErrKey)
	require.ErrorContains(t, err, " and ")

	// Another list would leave out somebody who reads the other secrets.
	err = open(t, path, sqliteparams.Options{Recipients: both[:1]}).Put(ctx, devKey("c"), params.NewSecret("z"))
	require.ErrorIs(t, err, sqliteparams.ErrKey)
	require.ErrorContains(t, err, "give the same recipients, or change the keys of all")
}

func TestRecipientsThatAreNone(t *testing.T) {
	key := newKey(t)
	secret := strings.Fields(key[strings.Index(key, "AGE-SECRET"):])[0]
	_, err := sqliteparams.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"), sqliteparams.Options{Recipients: []string{secret, "x", ""}})
	require.ErrorIs(t, err, sqliteparams.ErrKey)
	require.NotContains(t, err.Error(), secret)
	require.EqualError(t, err, `open params: wrong or missing key: recipient 1: a secret key (give its public one, which begins with age1)
wrong or missing key: recipient 2: no public key of age, which begins with age1 (age-keygen -y prints it)
wrong or missing key: recipient 3: no public key of age, which begins with age1 (age-keygen -y prints it)`)
}

// After Rekey the old key opens nothing, and its bytes are gone from the file.
// Who has the file open with it since before puts nothing for it any more.
func TestRekeyOfAllVersions(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	path := filepath.Join(dir, "state.db")
	old, alice, bob := newKey(t), newKey(t), newKey(t)
	before := open(t, path, sqliteparams.Options{Key: old})
	long := strings.Repeat("x", 20_000) // takes pages of its own
	for _, text := range []string{"first", "second"} {
		require.NoError(t, before.Put(ctx, devKey("a"), params.NewSecret(text+long)))
	}
	require.NoError(t, before.Put(ctx, devKey("plain"), "p"))
	sealed := sealedIn(t, path)
	require.Len(t, sealed, 2)

	rotating, err := sqliteparams.Open(ctx, path, sqliteparams.Options{Key: alice + old, Recipients: []string{public(alice), public(bob)}})
	require.NoError(t, err)
	require.NoError(t, rotating.Rekey(ctx))
	require.NoError(t, rotating.Put(ctx, devKey("b"), params.NewSecret("y")))
	require.NoError(t, rotating.Close())

	for _, key := range []string{alice, bob} {
		s := open(t, path, sqliteparams.Options{Key: key})
		for version, text := range map[int64]string{1: "first", 2: "second"} {
			v, _, ok, err := s.At(ctx, devKey("a"), version)
			require.NoError(t, err)
			require.True(t, ok)
			require.Equal(t, params.NewSecret(text+long), v)
		}
	}
	_, _, err = before.Get(ctx, devKey("a"))
	require.ErrorIs(t, err, sqliteparams.ErrKey)
	require.EqualError(t, before.Put(ctx, devKey("c"), params.NewSecret("z")),
		"put param shop/dev/c: wrong or missing key: the keys were changed since it was opened (open it again with the new one)")
	require.NoError(t, before.Put(ctx, devKey("plain"), "q"), "what is not secret needs no key")

	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(dir, f.Name()))
		require.NoError(t, err)
		for _, bytesBefore := range sealed {
			for piece := range slices.Chunk(bytesBefore, 64) {
				require.False(t, len(piece) == 64 && bytes.Contains(b, piece), "%s has what the old key opens", f.Name())
			}
		}
	}
}

// sealedIn returns all encrypted secrets of a file.
func sealedIn(t *testing.T, path string) (list [][]byte) {
	t.Helper()
	db, err := sqlitefile.Open(t.Context(), path)
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	rows, err := db.QueryContext(t.Context(), `SELECT sealed FROM params_versions WHERE sealed IS NOT NULL`)
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	for rows.Next() {
		var b []byte
		require.NoError(t, rows.Scan(&b))
		list = append(list, b)
	}
	require.NoError(t, rows.Err())
	return list
}

// Who can write the file, and has no key, cannot bring back an older secret.
func TestAnOldSecretDoesNotOpenAsTheNewOne(t *testing.T) {
	ctx, path := t.Context(), filepath.Join(t.TempDir(), "state.db")
	s := open(t, path, sqliteparams.Options{Key: newKey(t)})
	for _, text := range []string{"first", "second", "third"} {
		require.NoError(t, s.Put(ctx, devKey("a"), params.NewSecret(text)))
	}
	db, err := sqlitefile.Open(ctx, path)
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	_, err = db.ExecContext(ctx, `UPDATE params_versions SET sealed = (SELECT sealed FROM params_versions WHERE version = 2) WHERE version = 3`)
	require.NoError(t, err)
	_, _, err = s.Get(ctx, devKey("a"))
	require.ErrorContains(t, err, "moved here")
}

// A file of the time when there was one version of each param is read on.
func TestAFileOfBeforeThereWereVersions(t *testing.T) {
	ctx, path, key := t.Context(), filepath.Join(t.TempDir(), "state.db"), newKey(t)
	db, err := sqlitefile.Open(ctx, path)
	require.NoError(t, err)
	require.NoError(t, sqlitefile.Migrate(ctx, db, "sqliteparams_steps", sqliteparams.Steps()[:1]))
	box, err := agebox.Load(key, "")
	require.NoError(t, err)
	sealed, err := box.Seal("param\x00shop\x00dev\x00a", []byte("x"))
	require.NoError(t, err)
	require.NoError(t, sqlitefile.Write(ctx, db, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO params VALUES ('shop', 'dev', 'a', NULL, ?, ?, 1770000000000000), ('shop', 'dev', 'b', '1', NULL, NULL, 1)`,
			sealed.Data, sealed.Recipient)
		return err
	}))
	require.NoError(t, db.Close())

	s := open(t, path, sqliteparams.Options{Key: key})
	v, c, ok, err := s.At(ctx, devKey("a"), 0)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, params.NewSecret("x"), v)
	require.Equal(t, "version 1, put by somebody who gave no name on 2026-02-02T02:40:00Z", c.String())
	_, err = s.Swap(ctx, devKey("a"), params.NewSecret("y"), params.Edit{After: 1, By: "alice"})
	require.NoError(t, err)
	list, err := s.List(ctx, "shop", "dev")
	require.NoError(t, err)
	require.Len(t, list, 2)
	require.Equal(t, int64(2), list[0].Version)
}
