package gitflow_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/gitflow"
	"github.com/slsflow/slsflow/internal/testenv"
)

// replay merges the parents of every merge of a repository again, here and with
// git, and writes nothing here. Arguments are of `git rev-list`. Where this
// package says clean, git does too, with the same tree.
func replay(t *testing.T, g *oracle, args ...string) checked {
	t.Helper()
	r := g.open()
	result := checked{causes: map[string]int{}}
	list := append([]string{"log", "--all", "--min-parents=2", "--max-parents=2", "--format=%P"}, args...)
	for line := range strings.Lines(g.git(list...)) {
		ours, theirs, ok := strings.Cut(strings.TrimSpace(line), " ")
		require.True(t, ok)
		res, err := r.Promote(t.Context(), theirs, ours, gitflow.PromoteOptions{Author: ann, DryRun: true, AllowUnrelated: true})
		if err == nil && res.Kind == gitflow.Nothing {
			continue
		}
		result.compare(t, askGit(g, ours, theirs), res.Tree, err, ours+" "+theirs)
	}
	return result
}

// SLSFLOW_REPLAY lists directories of repositories, SLSFLOW_REPLAY_ARGS has
// arguments of `git rev-list` that choose merges. Without it, a small history made
// here is replayed.
func TestReplay(t *testing.T) {
	for _, dir := range filepath.SplitList(os.Getenv("SLSFLOW_REPLAY")) {
		testenv.Git(t)
		result := replay(t, &oracle{t: t, dir: dir}, strings.Fields(os.Getenv("SLSFLOW_REPLAY_ARGS"))...)
		t.Logf("%s: %v", dir, &result)
	}
	g := newOracle(t)
	g.file("a", "1\n2\n3\n4\n5\n")
	g.git("checkout", "-q", "-b", "side")
	g.file("a", "1\n2\n3\n4\nfive\n")
	g.git("checkout", "-q", "master")
	g.file("a", "one\n2\n3\n4\n5\n")
	g.merge("side")
	result := replay(t, g)
	require.Equal(t, []int{1, 1, 1}, []int{result.cases, result.gitClean, result.clean})
}
