package treefile_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/treefile"
)

func TestExplain(t *testing.T) {
	dir := t.TempDir()
	repo := filepath.Join(dir, "repo")
	require.NoError(t, os.MkdirAll(filepath.Join(repo, "a", "b"), 0o750))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "secret"), nil, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(repo, "a", "x.yml"), nil, 0o600))
	for link, target := range map[string]string{
		"a/out":      "../../secret",
		"a/absolute": filepath.Join(repo, "a", "x.yml"),
		"a/twice":    "b/../out",
		"up":         "..",
		"a/round":    "round",
		"a/in":       "../a/x.yml",
		"a/dead":     "nothing",
	} {
		require.NoError(t, os.Symlink(target, filepath.Join(repo, filepath.FromSlash(link))))
	}
	root, err := os.OpenRoot(repo)
	require.NoError(t, err)
	defer root.Close()
	const remedy = ", which leads out of the repository (copy what it leads to, or link by a relative path to something in the repository)"
	for name, want := range map[string]string{
		"a/out":      "a/out: it is a link to ../../secret" + remedy,
		"a/absolute": "a/absolute: it is a link to " + filepath.Join(repo, "a", "x.yml") + remedy,
		"a/twice":    "a/twice: a/out is a link to ../../secret" + remedy,
		"up/secret":  "up/secret: up is a link to .." + remedy,
		"a/round":    "a/round: too many levels of symbolic links",
		"../secret":  "../secret: it leads out of the repository",
		"a":          "a: is a directory",
		"a/dead":     "a/dead: no such file or directory",
	} {
		_, err := fs.ReadFile(root.FS(), name)
		require.EqualError(t, treefile.Explain(root.FS(), name, err), want)
	}
	_, err = fs.ReadFile(root.FS(), "a/in")
	require.NoError(t, err)
	_, err = fs.ReadFile(root.FS(), "a/dead")
	require.ErrorIs(t, treefile.Explain(root.FS(), "a/dead", err), fs.ErrNotExist)
}

func TestRead(t *testing.T) {
	tree := fstest.MapFS{"a": {Data: []byte("text")}, "empty": {}, "large": {Data: make([]byte, 1<<20+1)}, "pipe": {Mode: fs.ModeNamedPipe}, "d/x": {}}
	src, err := treefile.Read(tree, "a", 1)
	require.NoError(t, err)
	require.Equal(t, "text", string(src))
	src, err = treefile.Read(tree, "empty", 1)
	require.NoError(t, err)
	require.Empty(t, src)
	_, err = treefile.Read(tree, "none", 1)
	require.ErrorIs(t, err, fs.ErrNotExist)
	for name, want := range map[string]string{
		"large": "large is larger than 1 MiB", "pipe": "pipe is no regular file", "d": "d is no regular file", "../a": "../a: it leads out of the repository",
	} {
		_, err := treefile.Read(tree, name, 1)
		require.EqualError(t, err, want)
	}
}
