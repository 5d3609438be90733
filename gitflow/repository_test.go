package gitflow_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/gitflow"
)

func TestOpenFindsEveryKindOfRepository(t *testing.T) {
	g := newOracle(t)
	head := g.file("a", "1")
	bare := g.bare()
	linked := filepath.Join(t.TempDir(), "linked")
	g.git("worktree", "add", "-q", "-b", "other", linked)
	separate := &oracle{t: t, dir: t.TempDir(), when: g.when}
	separate.git("init", "-q", "-b", "master", "--separate-git-dir", filepath.Join(t.TempDir(), "elsewhere"))
	separateHead := separate.file("a", "2")

	for _, tc := range []struct {
		name, dir, work, branch, commit string
	}{
		{"work tree", g.dir, g.dir, "master", head},
		{"its git directory", filepath.Join(g.dir, ".git"), g.dir, "master", head},
		{"bare", bare.dir, "", "master", head},
		{"linked work tree", linked, linked, "other", head},
		{"git directory elsewhere", separate.dir, separate.dir, "master", separateHead},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r, err := gitflow.Open(tc.dir)
			require.NoError(t, err)
			require.Equal(t, tc.work, r.WorkTree())
			h, err := r.Head()
			require.NoError(t, err)
			require.Equal(t, gitflow.Head{Branch: tc.branch, Commit: tc.commit}, h)
			got, err := r.Resolve("HEAD")
			require.NoError(t, err)
			require.Equal(t, tc.commit, got)
		})
	}
}

func TestOpenRefusesWhatItCannotRead(t *testing.T) {
	g := newOracle(t)
	g.file("a", "1")
	config := func(key, value string) func(*oracle) {
		return func(c *oracle) {
			c.git("config", "core.repositoryformatversion", "1")
			c.git("config", key, value)
		}
	}
	for _, tc := range []struct {
		name  string
		spoil func(*oracle)
		want  string
	}{
		{"reftable", config("extensions.refStorage", "reftable"), "git refs migrate"},
		{"partial clone", config("remote.origin.promisor", "true"), "without --filter"},
		{"partial clone, old style", config("extensions.partialClone", "origin"), "without --filter"},
		{"grafts", func(c *oracle) {
			require.NoError(t, os.WriteFile(filepath.Join(c.dir, ".git", "info", "grafts"), []byte("# none\n"+c.git("rev-parse", "HEAD")+"\n"), 0o666))
		}, "info/grafts"},
		{"a replaced object", func(c *oracle) {
			c.git("replace", "HEAD:a", c.feed(strings.NewReader("2"), "hash-object", "-w", "--stdin"))
		}, "refs/replace/"},
		{"a replaced object, packed", func(c *oracle) {
			c.git("replace", "HEAD:a", c.feed(strings.NewReader("2"), "hash-object", "-w", "--stdin"))
			c.git("pack-refs", "--all", "--prune")
		}, "refs/replace/"},
		{"unknown extension", config("extensions.lasers", "on"), `unknown extension "lasers"`},
		{"newer format", func(c *oracle) {
			f := filepath.Join(c.dir, ".git", "config")
			require.NoError(t, os.WriteFile(f, []byte("[core]\n\trepositoryformatversion = 7\n"), 0o666))
		}, `"7"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := &oracle{t: t, dir: filepath.Join(t.TempDir(), "c")}
			g.git("clone", "-q", "--no-local", g.dir, c.dir)
			tc.spoil(c)
			_, err := gitflow.Open(c.dir)
			require.ErrorIs(t, err, gitflow.ErrUnsupported)
			require.ErrorContains(t, err, tc.want)
		})
	}
	t.Run("sha256", func(t *testing.T) {
		s := newOracle(t, "--object-format=sha256")
		_, err := gitflow.Open(s.dir)
		require.ErrorIs(t, err, gitflow.ErrUnsupported)
		require.ErrorContains(t, err, "sha256")
	})
	t.Run("alternates", func(t *testing.T) {
		shared := filepath.Join(t.TempDir(), "shared")
		g.git("clone", "-q", "--shared", g.dir, shared)
		_, err := gitflow.Open(shared)
		require.ErrorIs(t, err, gitflow.ErrUnsupported)
		require.ErrorContains(t, err, "git repack -a -d")
	})
	t.Run("no repository", func(t *testing.T) {
		_, err := gitflow.Open(t.TempDir())
		require.ErrorIs(t, err, gitflow.ErrNotFound)
		_, err = gitflow.Open(filepath.Join(t.TempDir(), "no", "such"))
		require.ErrorIs(t, err, gitflow.ErrNotFound)
	})
}

func TestRoot(t *testing.T) {
	g := newOracle(t)
	g.file("services/api/serverless.yml", "service: api\n")
	root, err := gitflow.Root(filepath.Join(g.dir, "services", "api"))
	require.NoError(t, err)
	require.Equal(t, g.dir, root)
	_, err = gitflow.Root(t.TempDir())
	require.ErrorIs(t, err, gitflow.ErrNotFound)
}

func TestResolveAnswersAsGitDoes(t *testing.T) {
	g := newOracle(t)
	g.file("a", "1")
	second := g.file("a", "2")
	g.git("tag", "light")
	g.git("tag", "-a", "-m", "annotated", "heavy")
	g.git("checkout", "-q", "-b", "feature/x", "HEAD~1")
	g.file("b", "1")
	g.git("checkout", "-q", "master")
	g.merge("feature/x")
	g.git("update-ref", "refs/remotes/origin/master", second)
	g.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/master")
	revs := []string{
		"HEAD", "master", "feature/x", "light", "heavy", "origin/master", "refs/heads/feature/x", "refs/tags/heavy",
		second, second[:7], second[:4+1], strings.ToUpper(second[:8]), "master~1", "master^2", "master^1~1", "HEAD^0", "master~0", "master^^", "heavy^", "HEAD~2",
		"@", "@~1", "heads/master", "tags/heavy", "remotes/origin/master", "origin", "heavy^{}", "master^{commit}", "heavy^{commit}~1", "heavy^{}^{commit}",
	}
	revs = append(revs, g.git("describe", "--long", "master"))
	check := func(t *testing.T) {
		t.Helper()
		for _, rev := range revs {
			got, err := g.open().Resolve(rev)
			require.NoError(t, err, rev)
			require.Equal(t, g.git("rev-parse", rev+"^{commit}"), got, rev)
		}
	}
	t.Run("loose", check)
	g.git("gc", "-q")
	t.Run("packed", check)

	for _, rev := range []string{"", "nope", "refs/heads/nope", "master^3", "HEAD~9", strings.Repeat("0", 40), "abc", "HEAD:a", "master~x", "master^{tree}", "master^{", "@{1}", ":/change", "x-gzzzz", "../../config", "refs/heads/../../config", "a b", "-"} {
		got, err := g.open().Resolve(rev)
		require.Error(t, err, rev)
		require.Empty(t, got)
	}
	blob := g.git("rev-parse", "HEAD:a")
	_, err := g.open().Resolve(blob)
	require.ErrorIs(t, err, gitflow.ErrNotFound)
}

func TestResolveNeverChoosesBetweenTagAndBranch(t *testing.T) {
	g := newOracle(t)
	g.file("a", "1")
	g.git("tag", "v1")
	g.git("branch", "v1")
	_, err := g.open().Resolve("v1")
	require.NoError(t, err, "both name the same commit")
	g.file("a", "2")
	g.git("branch", "-f", "v1")
	_, err = g.open().Resolve("v1")
	require.ErrorContains(t, err, "ambiguous: say which of refs/tags/v1, refs/heads/v1")
}

func TestBranches(t *testing.T) {
	g := newOracle(t)
	first := g.file("a", "1")
	g.git("branch", "z")
	g.git("branch", "feature/deep/one")
	g.git("pack-refs", "--all")
	second := g.file("a", "2")
	g.git("branch", "feature/two")
	// What another process leaves for a moment while it updates a branch.
	require.NoError(t, os.WriteFile(filepath.Join(g.dir, ".git", "refs", "heads", "z.lock"), nil, 0o666))

	got, err := g.open().Branches(t.Context())
	require.NoError(t, err)
	require.Equal(t, []gitflow.Branch{{"feature/deep/one", first}, {"feature/two", second}, {"master", second}, {"z", first}}, got)
}

// A long-lived Repository sees what git does to the same directory.
func TestRepositorySeesOtherProcesses(t *testing.T) {
	g := newOracle(t)
	g.file("a", "1")
	r := g.open()
	_, err := r.Resolve("master")
	require.NoError(t, err)
	for i := range 3 {
		want := g.file("a", strings.Repeat("x", i+2))
		g.git("gc", "-q", "--prune=now")
		got, err := r.Resolve("master")
		require.NoError(t, err)
		require.Equal(t, want, got)
		_, err = r.Resolve(want[:10])
		require.NoError(t, err)
	}
}
