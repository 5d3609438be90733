//go:build unix

package gitflow_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/gitflow"
)

// Names by which a tree would reach out of where it is written, or into .git, are
// refused by everything that reads the tree.
func TestHostileTreeEntries(t *testing.T) {
	for _, name := range []string{"..", ".", "", "a/b", "../a", ".git", ".GIT", "/etc"} {
		t.Run(name, func(t *testing.T) {
			g := newOracle(t)
			base := g.file("a", "1")
			blob := hashObject(g, "blob", "evil")
			evil := rawCommit(g, rawTree(g, rawEntry{"40000", "dir", rawTree(g, rawEntry{"100644", name, blob})}), base)
			g.git("branch", "prod", base)
			r := g.open()
			_, err := r.Changed(t.Context(), base, evil, gitflow.ChangedOptions{})
			require.ErrorContains(t, err, "malformed")
			_, err = r.Pending(t.Context(), evil, "prod", gitflow.PendingOptions{Services: firstDir})
			require.ErrorContains(t, err, "malformed")
			require.Error(t, r.Export(t.Context(), evil, filepath.Join(t.TempDir(), "out")))
		})
	}
}

// Files in refs/ that are no refs are not read, whoever put them there.
func TestHostileRefs(t *testing.T) {
	g := newOracle(t)
	head := g.file("a", "1")
	refs := filepath.Join(g.dir, ".git", "refs", "heads")
	secret := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(secret, []byte("hunter2"), 0o600))
	for name, put := range map[string]func(file string) error{
		"a link to a file":   func(file string) error { return os.Symlink(secret, file) },
		"a pipe":             func(file string) error { return syscall.Mkfifo(file, 0o600) },
		"a gigabyte":         func(file string) error { return sparse(file, 1<<30) },
		"no hash":            func(file string) error { return os.WriteFile(file, []byte("hunter2"), 0o600) },
		"nothing":            func(file string) error { return os.WriteFile(file, nil, 0o600) },
		"a ref of elsewhere": func(file string) error { return os.WriteFile(file, []byte("ref: ../../secret"), 0o600) },
		"a circle":           func(file string) error { return os.WriteFile(file, []byte("ref: refs/heads/x"), 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, put(filepath.Join(refs, "x")))
			defer func() { require.NoError(t, os.Remove(filepath.Join(refs, "x"))) }()
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			r := g.open()
			_, err := r.Resolve("x")
			require.Error(t, err)
			require.NotContains(t, err.Error(), "hunter2")
			_, err = r.Branches(ctx)
			require.Error(t, err)
			// What does not need it works.
			got, err := r.Resolve("refs/heads/master")
			require.NoError(t, err)
			require.Equal(t, head, got)
		})
	}
	t.Run("a link as git once made it", func(t *testing.T) {
		require.NoError(t, os.Symlink("refs/heads/master", filepath.Join(refs, "x")))
		got, err := g.open().Resolve("x")
		require.NoError(t, err)
		require.Equal(t, head, got)
		require.NoError(t, os.Remove(filepath.Join(refs, "x")))
	})
}

func sparse(file string, size int64) error {
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		return err
	}
	return os.Truncate(file, size)
}

// A HEAD that points to nothing spoils nothing but what asks for it.
func TestDanglingHead(t *testing.T) {
	g := flow(t)
	g.change("master", "a", "1")
	bare := g.bare()
	bare.git("symbolic-ref", "HEAD", "refs/heads/gone")
	r := bare.open()
	_, err := r.Resolve("HEAD")
	require.ErrorIs(t, err, gitflow.ErrNotFound)
	require.ErrorContains(t, err, "HEAD points to refs/heads/gone, which has no commit")
	h := serve(t, bare)
	mirror := emptyBare(t)
	_, err = mirror.open().Fetch(t.Context(), h.remote(), gitflow.FetchOptions{Into: "refs/heads/"})
	require.NoError(t, err)
	require.Equal(t, bare.git("rev-parse", "master"), mirror.git("rev-parse", "master"))
	_, err = g.open().Promote(t.Context(), "master", "prod", gitflow.PromoteOptions{Author: ann, Target: h.remote()})
	require.NoError(t, err)
	bare.fsck()
}

// Twenty thousand branches, one of them with a very long name.
func TestManyRefs(t *testing.T) {
	g := newOracle(t)
	head := g.file("a", "1")
	const n = 20_000
	long := "z/" + strings.Repeat("deep/", 40) + strings.Repeat("n", 70_000)
	var all strings.Builder
	all.WriteString("# pack-refs with: peeled fully-peeled sorted \n")
	for i := range n {
		fmt.Fprintf(&all, "%s refs/heads/many/%06d\n", head, i)
	}
	fmt.Fprintf(&all, "%s refs/heads/%s\n", head, long)
	require.NoError(t, os.WriteFile(filepath.Join(g.dir, ".git", "packed-refs"), []byte(all.String()), 0o600))
	require.Len(t, strings.Fields(g.git("for-each-ref", "--format=%(objecttype)")), n+2, "git reads it too")
	r := g.open()
	branches, err := r.Branches(t.Context())
	require.NoError(t, err)
	require.Len(t, branches, n+2)
	got, err := r.Resolve("refs/heads/many/019999")
	require.NoError(t, err)
	require.Equal(t, head, got)
	require.Equal(t, long, branches[len(branches)-1].Name)
}
