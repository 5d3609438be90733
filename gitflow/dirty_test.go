package gitflow_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/gitflow"
)

func dirty(t *testing.T, g *oracle) []string {
	t.Helper()
	changes, err := g.open().Dirty(t.Context())
	require.NoError(t, err)
	var list []string
	for _, c := range changes {
		list = append(list, c.String())
	}
	return list
}

func TestDirty(t *testing.T) {
	g, _ := everything(t)
	g.write(".gitignore", "node_modules/\n*.log\n!keep.log\n/only-root\n")
	g.write("api/.gitignore", "local.*\n")
	g.write("tracked.log", "1")
	g.git("add", "-f", "tracked.log")
	g.commit("ignore")
	require.Empty(t, dirty(t, g), "clean")

	for name, text := range map[string]string{
		"node_modules/x/y.js": "", "a.log": "", "sub/b.log": "", "api/local.env": "", "only-root": "", // ignored
		"keep.log": "", "sub/only-root": "", "sub/local.env": "", "new/deep/file": "", // not
		"tracked.log": "2", "src/handler.js": "other\n", // changed
		"api/staged": "1",
	} {
		g.write(name, text)
	}
	g.write("empty", "") // written again, the same
	g.git("add", "api/staged")
	require.NoError(t, os.Remove(filepath.Join(g.dir, "serverless.yml")))
	require.NoError(t, os.Chmod(filepath.Join(g.dir, "run.sh"), 0o644))
	require.NoError(t, os.Remove(filepath.Join(g.dir, "link")))
	require.NoError(t, os.Symlink("empty", filepath.Join(g.dir, "link")))
	require.NoError(t, os.Remove(filepath.Join(g.dir, "dirlink")))
	g.write("dirlink/now", "a directory")
	require.Equal(t, []string{
		"added api/staged", "deleted dirlink", "added dirlink/now", "added keep.log", "modified link", "added new/deep/file",
		"modified run.sh", "deleted serverless.yml", "modified src/handler.js", "added sub/local.env", "added sub/only-root", "modified tracked.log",
	}, dirty(t, g))

	// What is staged, and then taken back in the file, is no change of the file.
	g.git("stash", "-q", "-u")
	g.write("src/handler.js", "staged\n")
	g.git("add", "-A")
	g.write("src/handler.js", "exports.x = 1\n")
	require.Empty(t, dirty(t, g))
}

// A change that keeps size and time is found, as long as it is as young as the
// index.
func TestDirtyDoesNotTrustAYoungIndex(t *testing.T) {
	g := newOracle(t)
	g.file("a", "one")
	file := filepath.Join(g.dir, "a")
	st, err := os.Stat(file)
	require.NoError(t, err)
	g.write("a", "two")
	require.NoError(t, os.Chtimes(file, st.ModTime(), st.ModTime()))
	require.NoError(t, os.Chtimes(filepath.Join(g.dir, ".git", "index"), st.ModTime(), st.ModTime()))
	require.Equal(t, []string{"modified a"}, dirty(t, g))
}

func TestDirtySpecialPlaces(t *testing.T) {
	t.Run("bare", func(t *testing.T) {
		g := newOracle(t)
		g.file("a", "1")
		_, err := g.bare().open().Dirty(t.Context())
		require.ErrorContains(t, err, "no work tree")
	})
	t.Run("no commit yet", func(t *testing.T) {
		g := newOracle(t)
		g.write("a", "1")
		require.Equal(t, []string{"added a"}, dirty(t, g))
	})
	t.Run("linked work tree", func(t *testing.T) {
		g := newOracle(t)
		g.file("a", "1")
		linked := &oracle{t: t, dir: filepath.Join(t.TempDir(), "linked")}
		g.git("worktree", "add", "-q", "-b", "other", linked.dir)
		require.Empty(t, dirty(t, linked))
		linked.write("a", "2")
		require.Equal(t, []string{"modified a"}, dirty(t, linked))
		require.Empty(t, dirty(t, g))
	})
	t.Run("sparse checkout", func(t *testing.T) {
		g := newOracle(t)
		g.write("in/a", "1")
		g.write("out/b", "1")
		g.commit("both")
		g.git("sparse-checkout", "set", "--no-sparse-index", "in")
		require.NoFileExists(t, filepath.Join(g.dir, "out", "b"))
		require.Empty(t, dirty(t, g))
	})
	t.Run("repositories inside", func(t *testing.T) {
		g := newOracle(t)
		g.file("a", "1")
		sub := &oracle{t: t, dir: filepath.Join(g.dir, "vendor", "lib"), when: g.when}
		require.NoError(t, os.MkdirAll(sub.dir, 0o777))
		sub.git("init", "-q", "-b", "master")
		head := sub.file("x", "1")
		require.Equal(t, []string{"added vendor/lib"}, dirty(t, g))
		g.git("update-index", "--add", "--cacheinfo", "160000,"+head+",vendor/lib")
		g.git("commit", "-q", "-m", "submodule")
		require.Empty(t, dirty(t, g))
		sub.file("x", "2")
		require.Equal(t, []string{"modified vendor/lib"}, dirty(t, g))
		require.NoError(t, os.RemoveAll(filepath.Join(sub.dir, ".git")))
		require.Empty(t, dirty(t, g), "not there yet")
	})
}

// Whatever is edited and ignored, git's own status says the same.
func TestDirtyAnswersAsGitDoes(t *testing.T) {
	lines := []string{"a", "/a", "b/", "a/b", "*.x", "!a.x", "**/c", "c/**", "/b/*", "!b/c", "a?", "[ab]c", "# no", "", "\\#h", "a/**/c", "!/a", "b ", "**", "/**", "**/", "a/**/", "[!ab]c", "[^a]", "[[:alpha:]]c", "[a-c].x", "[", "a[", "x\\", "\\a", "a**", "*/c", "?", "[]-a]", "!**/c", "!b/", "a\\ ", "[z-a]", "b/**/*.x", "/", "//", "a//b"}
	names := []string{"a", "b", "c", "ab", "a.x", "b.x", "ac", "#h"}
	for seed := range uint64(20) {
		g := newOracle(t)
		rnd := rand.New(rand.NewPCG(seed, 5))
		name := func() string {
			var parts []string
			for range 1 + rnd.IntN(3) {
				parts = append(parts, names[rnd.IntN(len(names))])
			}
			return strings.Join(parts, "/")
		}
		place := func(n int) {
			for range n {
				file := filepath.Join(g.dir, name())
				if os.MkdirAll(filepath.Dir(file), 0o777) == nil {
					_ = os.WriteFile(file, fmt.Append(nil, rnd.IntN(3)), 0o666) // may be a directory
				}
			}
		}
		place(6)
		g.commit("some")
		past := time.Now().Add(-time.Hour)
		require.NoError(t, os.Chtimes(g.dir, past, past))
		for _, dir := range []string{"", "a", "b"} {
			var text strings.Builder
			for range rnd.IntN(5) {
				text.WriteString(lines[rnd.IntN(len(lines))] + "\n")
			}
			if st, err := os.Stat(filepath.Join(g.dir, dir)); err == nil && st.IsDir() {
				g.write(filepath.Join(dir, ".gitignore"), text.String())
			}
		}
		place(8)
		for file := range strings.SplitSeq(g.git("ls-files"), "\n") {
			if rnd.IntN(4) == 0 {
				_ = os.Remove(filepath.Join(g.dir, file))
			}
		}
		var got []string
		changes, err := g.open().Dirty(t.Context())
		require.NoError(t, err)
		for _, c := range changes {
			got = append(got, map[gitflow.ChangeKind]string{gitflow.Added: "??", gitflow.Deleted: " D", gitflow.Modified: " M"}[c.Kind]+" "+c.Path)
		}
		var want []string
		for line := range strings.SplitSeq(g.git("status", "--porcelain", "-uall"), "\n") {
			if line != "" {
				want = append(want, line)
			}
		}
		ignores, _ := filepath.Glob(filepath.Join(g.dir, "*", ".gitignore"))
		require.ElementsMatch(t, want, got, "seed %d %v", seed, ignores)
	}
}
