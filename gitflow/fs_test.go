package gitflow_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/gitflow"
)

// tree makes a commit with every kind of entry.
func everything(t *testing.T) (*oracle, string) {
	t.Helper()
	g := newOracle(t)
	g.write("serverless.yml", "service: api\n")
	g.write("src/handler.js", "exports.x = 1\n")
	g.write("src/deep/er/file.txt", "deep")
	g.write("empty", "")
	g.write("run.sh", "#!/bin/sh\n")
	require.NoError(t, os.Chmod(filepath.Join(g.dir, "run.sh"), 0o755))
	require.NoError(t, os.Symlink("src/handler.js", filepath.Join(g.dir, "link")))
	require.NoError(t, os.Symlink("../serverless.yml", filepath.Join(g.dir, "src", "up")))
	require.NoError(t, os.Symlink("src/deep", filepath.Join(g.dir, "dirlink")))
	head := g.commit("everything")
	return g, head
}

func TestFSIsAFileSystem(t *testing.T) {
	g, head := everything(t)
	for _, packed := range []bool{false, true} {
		if packed {
			g.git("gc", "-q")
		}
		fsys, err := g.open().FS(head)
		require.NoError(t, err)
		require.NoError(t, fstest.TestFS(fsys, "serverless.yml", "src/handler.js", "src/deep/er/file.txt", "empty", "run.sh", "link", "src/up", "dirlink"))
	}
}

func TestFSHoldsWhatWasCommitted(t *testing.T) {
	g, head := everything(t)
	fsys, err := g.open().FS(head)
	require.NoError(t, err)
	for name, want := range map[string]string{
		"serverless.yml": "service: api\n", "link": "exports.x = 1\n", "src/up": "service: api\n",
		"dirlink/er/file.txt": "deep", "empty": "",
	} {
		got, err := fs.ReadFile(fsys, name)
		require.NoError(t, err, name)
		require.Equal(t, want, string(got), name)
	}
	info, err := fs.Stat(fsys, "run.sh")
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o555), info.Mode())
	require.EqualValues(t, g.when, info.ModTime().Unix())
	target, err := fs.ReadLink(fsys, "src/up")
	require.NoError(t, err)
	require.Equal(t, "../serverless.yml", target)

	for _, name := range []string{"nope", "serverless.yml/x", "src/nope/x"} {
		_, err := fs.Stat(fsys, name)
		require.ErrorIs(t, err, fs.ErrNotExist, name)
	}
	for _, name := range []string{"/etc/passwd", "../x", "src/../empty", ""} {
		_, err := fsys.Open(name)
		require.ErrorIs(t, err, fs.ErrInvalid, name)
	}
	_, err = fs.ReadFile(fsys, "src")
	require.ErrorContains(t, err, "is a directory")
	_, err = fs.ReadDir(fsys, "empty")
	require.ErrorContains(t, err, "not a directory")
}

func TestFSLinksCannotLeaveTheTree(t *testing.T) {
	g := newOracle(t)
	for name, target := range map[string]string{
		"abs": "/etc/passwd", "up": "../x", "sub/upup": "../../x", "loop": "loop", "a": "b", "b": "a", "through": "sub/in/../../..", "sub/in": ".",
	} {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(g.dir, name)), 0o777))
		require.NoError(t, os.Symlink(target, filepath.Join(g.dir, name)))
	}
	fsys, err := g.open().FS(g.commit("links"))
	require.NoError(t, err)
	for name, want := range map[string]string{
		"abs": "leads out", "up": "leads out", "sub/upup": "leads out", "through": "leads out", "loop": "too many", "a": "too many",
	} {
		_, err := fsys.Open(name)
		require.ErrorContains(t, err, want, name)
		_, err = fs.Lstat(fsys, name)
		require.NoError(t, err, name)
	}
}

func TestFSSubmoduleIsAnEmptyDirectory(t *testing.T) {
	g := newOracle(t)
	head := g.file("a", "1")
	g.git("update-index", "--add", "--cacheinfo", "160000,"+head+",vendor/lib")
	g.git("commit", "-q", "-m", "submodule")
	r := g.open()
	fsys, err := r.FS("HEAD")
	require.NoError(t, err)
	entries, err := fs.ReadDir(fsys, "vendor/lib")
	require.NoError(t, err)
	require.Empty(t, entries)
	require.NoError(t, fstest.TestFS(fsys, "a", "vendor/lib"))

	dir := t.TempDir()
	require.NoError(t, r.Export(t.Context(), "HEAD", dir))
	require.DirExists(t, filepath.Join(dir, "vendor", "lib"))
}

func TestFSIsSafeForConcurrentUse(t *testing.T) {
	g, head := everything(t)
	r := g.open()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			fsys, err := r.FS(head)
			if err != nil {
				t.Error(err)
				return
			}
			err = fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				_, err = fs.Stat(fsys, name)
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestExportIsACheckout(t *testing.T) {
	g, head := everything(t)
	dir := filepath.Join(t.TempDir(), "new", "dir")
	require.NoError(t, g.open().Export(t.Context(), head, dir))
	// git finds nothing to say about it.
	g.git("--work-tree="+dir, "update-index", "-q", "--refresh")
	require.Empty(t, g.git("--work-tree="+dir, "status", "--porcelain"))

	err := g.open().Export(t.Context(), head, dir)
	require.ErrorContains(t, err, "is not empty")
}

func TestExportLeavesNothingHalfWritten(t *testing.T) {
	g, head := everything(t)
	r := g.open()
	dir := t.TempDir()
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(context.DeadlineExceeded)
	require.ErrorIs(t, r.Export(ctx, head, dir), context.DeadlineExceeded)

	// A blob that is missing is found out in the middle.
	blob := g.git("rev-parse", "HEAD:src/handler.js")
	require.NoError(t, os.Remove(filepath.Join(g.dir, ".git", "objects", blob[:2], blob[2:])))
	err := g.open().Export(t.Context(), head, dir)
	require.ErrorIs(t, err, gitflow.ErrNotFound)
	require.ErrorContains(t, err, "src/handler.js")
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
}

// Trees that git itself would never make.
func TestExportStaysInItsDirectory(t *testing.T) {
	g := newOracle(t)
	g.file("a", "text")
	blob := g.git("rev-parse", "HEAD:a")
	tree := g.git("rev-parse", "HEAD^{tree}")
	link := hashObject(g, "blob", "/tmp")
	for _, tc := range []struct {
		name    string
		entries []rawEntry
		want    string
	}{
		{"parent", []rawEntry{{"40000", "..", tree}}, "may not be in a tree"},
		{"slash", []rawEntry{{"100644", "../escaped", blob}}, "may not be in a tree"},
		{"absolute", []rawEntry{{"100644", "/tmp/gitflow-escaped", blob}}, "may not be in a tree"},
		{"git directory", []rawEntry{{"40000", ".GIT", tree}}, "may not be in a tree"},
		{"link and directory of one name", []rawEntry{{"120000", "x", link}, {"40000", "x", tree}}, "exists"},
		{"link and file of one name", []rawEntry{{"120000", "x", link}, {"100644", "x", blob}}, "exists"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			commit := rawCommit(g, rawTree(g, tc.entries...))
			base := t.TempDir()
			err := g.open().Export(t.Context(), commit, filepath.Join(base, "out"))
			require.ErrorContains(t, err, tc.want)
			left, err := filepath.Glob(filepath.Join(base, "*", "*"))
			require.NoError(t, err)
			require.Empty(t, left)
			require.NoFileExists(t, filepath.Join(base, "escaped"))
			fsys, err := g.open().FS(commit)
			require.NoError(t, err)
			require.NoError(t, fs.WalkDir(fsys, ".", func(_ string, _ fs.DirEntry, err error) error { return err }))
		})
	}
}
