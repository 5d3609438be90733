package deploy_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/pipeline/deploy"
)

func TestWorkTree(t *testing.T) {
	dir, err := deploy.WorkTree("here").Dir(t.Context(), "run", "commit")
	require.NoError(t, err)
	require.Equal(t, "here", dir)
}

// A relative work tree is told to commands as an absolute one, since they run
// elsewhere.
func TestRelativeWorkTree(t *testing.T) {
	h := build(t, strings.Replace(pair, "{dir: db}", "{dir: db, test: 'cd / && cat $SERVERLESS_ROOT_PATH/serverless.yml'}", 1))
	t.Chdir(h.repo)
	h.exec.Workspaces = deploy.WorkTree(".")
	h.run(t, alice("db"))
}

func TestCheckouts(t *testing.T) {
	repo := t.TempDir()
	write := func(name, text string) func() {
		return func() { require.NoError(t, os.WriteFile(filepath.Join(repo, name), []byte(text), 0o600)) }
	}
	git, commits := repository(t, repo, write("a", "1"), write("a", "2"))
	root := filepath.Join(t.TempDir(), "not", "there", "yet")
	c := &deploy.Checkouts{Root: root, Repository: git}

	first, err := c.Dir(t.Context(), "run", commits[0])
	require.NoError(t, err)
	require.Equal(t, "1", read(t, first, "a"))
	require.NoDirExists(t, filepath.Join(first, ".git"))
	require.NoError(t, os.WriteFile(filepath.Join(first, "installed"), nil, 0o600))
	again, err := c.Dir(t.Context(), "run", commits[0])
	require.NoError(t, err)
	require.Equal(t, first, again)
	require.FileExists(t, filepath.Join(again, "installed"), "what one job installs another one finds")

	second, err := c.Dir(t.Context(), "run", commits[1])
	require.NoError(t, err)
	require.Equal(t, "2", read(t, second, "a"))
	other, err := c.Dir(t.Context(), "other run", commits[0])
	require.NoError(t, err)
	require.NotEqual(t, first, other)
	require.NoFileExists(t, filepath.Join(other, "installed"))

	require.NoError(t, c.Remove("run"))
	require.NoError(t, c.Remove("run"))
	require.NoDirExists(t, first)
	require.DirExists(t, other)
}

func read(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(path...))
	require.NoError(t, err)
	return string(text)
}

// Whatever a run is called, it has a directory of its own below the root, and
// takes nothing but that away.
func TestCheckoutsOfOddRuns(t *testing.T) {
	repo := t.TempDir()
	git, commits := repository(t, repo, func() { require.NoError(t, os.WriteFile(filepath.Join(repo, "a"), nil, 0o600)) })
	root := filepath.Join(t.TempDir(), "root")
	beside := filepath.Join(filepath.Dir(root), "beside")
	require.NoError(t, os.WriteFile(beside, nil, 0o600))
	c := &deploy.Checkouts{Root: root, Repository: git}
	kept, err := c.Dir(t.Context(), "kept", commits[0])
	require.NoError(t, err)

	dirs := map[string]bool{kept: true}
	for _, run := range []string{"", ".", "..", "../beside", "a/..", "/", "kept/..", "kept/", "a/b", "a\\b", "~x", ".hidden", strings.Repeat("x", 200), strings.Repeat("ü", 100)} {
		dir, err := c.Dir(t.Context(), run, commits[0])
		require.NoError(t, err, run)
		below, err := filepath.Rel(root, dir)
		require.NoError(t, err)
		require.True(t, filepath.IsLocal(below) && strings.Count(below, string(filepath.Separator)) == 1, "%q: %s", run, below)
		require.False(t, dirs[dir], "%q has the directory of another run", run)
		dirs[dir] = true
		require.NoError(t, c.Remove(run))
		require.NoDirExists(t, dir)
		require.DirExists(t, kept, run)
		require.FileExists(t, beside, run)
	}
	require.NoError(t, c.Remove("never was"))
}

func TestCheckoutsOfWhatIsNoCommit(t *testing.T) {
	repo := t.TempDir()
	git, commits := repository(t, repo, func() { require.NoError(t, os.WriteFile(filepath.Join(repo, "a"), nil, 0o600)) })
	c := &deploy.Checkouts{Root: t.TempDir(), Repository: git}
	for _, commit := range []string{"", "master", "..", "../../x", commits[0][:12], commits[0] + "-dirty", strings.ToUpper(commits[0])} {
		_, err := c.Dir(t.Context(), "run", commit)
		require.ErrorContains(t, err, "is no full hash")
	}
	_, err := c.Dir(t.Context(), "run", strings.Repeat("0", 40))
	require.ErrorContains(t, err, "checkout of "+strings.Repeat("0", 40)+": ")
	left, err := filepath.Glob(filepath.Join(c.Root, "*", "*"))
	require.NoError(t, err)
	require.Empty(t, left, "nothing half-made")
}

// A checkout that a crash has left half-made is made again, and several processes
// at once come to one that is whole.
func TestCheckoutsAtOnce(t *testing.T) {
	repo := t.TempDir()
	git, commits := repository(t, repo, func() {
		for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
			require.NoError(t, os.WriteFile(filepath.Join(repo, name), []byte(name), 0o600))
		}
	})
	root := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(root, "run", "part-1"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(root, "run", "part-1", "a"), []byte("half"), 0o600))

	dirs := make([]string, 8)
	errs := make([]error, 8)
	var wg sync.WaitGroup
	for i := range dirs {
		wg.Go(func() {
			c := &deploy.Checkouts{Root: root, Repository: git} // each as another process has it
			dirs[i], errs[i] = c.Dir(t.Context(), "run", commits[0])
			if errs[i] == nil {
				_, errs[i] = os.Stat(filepath.Join(dirs[i], "f"))
			}
		})
	}
	wg.Wait()
	for i := range dirs {
		require.NoError(t, errs[i])
		require.Equal(t, dirs[0], dirs[i])
		require.Equal(t, "a", read(t, dirs[i], "a"))
	}
	left, err := filepath.Glob(filepath.Join(root, "run", "part-*"))
	require.NoError(t, err)
	require.Len(t, left, 1, "the one of the crash, until the run is removed")
}
