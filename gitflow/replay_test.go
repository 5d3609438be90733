package gitflow_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/gitflow"
	"github.com/slsflow/slsflow/internal/testenv"
)

// replay merges the parents of every merge of a repository again, here and with
// git, and writes nothing here. Where this package says clean, git does too,
// with the same tree.
func replay(t *testing.T, g *oracle) (merges, gitClean, clean int) {
	t.Helper()
	r := g.open()
	for line := range strings.Lines(g.git("log", "--all", "--min-parents=2", "--max-parents=2", "--format=%P")) {
		ours, theirs, ok := strings.Cut(strings.TrimSpace(line), " ")
		require.True(t, ok)
		res, err := r.Promote(t.Context(), theirs, ours, gitflow.PromoteOptions{Author: ann, DryRun: true})
		if err == nil && res.Kind == gitflow.Nothing {
			continue
		}
		merges++
		want, isClean := g.mergeTree(ours, theirs)
		if isClean {
			gitClean++
		}
		if errors.Is(err, gitflow.ErrConflict) || errors.Is(err, gitflow.ErrNotFound) {
			if isClean {
				t.Logf("%s %s: %v", ours, theirs, err)
			}
			continue
		}
		require.NoError(t, err, "%s %s", ours, theirs)
		clean++
		require.True(t, isClean, "git has a conflict: %s %s", ours, theirs)
		require.Equal(t, want, res.Tree, "%s %s", ours, theirs)
	}
	return merges, gitClean, clean
}

// SLSFLOW_REPLAY lists directories of repositories. Without it, a small history
// made here is replayed.
func TestReplay(t *testing.T) {
	dirs := filepath.SplitList(os.Getenv("SLSFLOW_REPLAY"))
	for _, dir := range dirs {
		testenv.Git(t)
		merges, gitClean, clean := replay(t, &oracle{t: t, dir: dir})
		t.Logf("%s: %d merges, %d clean in git, %d here", filepath.Base(dir), merges, gitClean, clean)
	}
	g := newOracle(t)
	g.file("a", "1\n2\n3\n4\n5\n")
	g.git("checkout", "-q", "-b", "side")
	g.file("a", "1\n2\n3\n4\nfive\n")
	g.git("checkout", "-q", "master")
	g.file("a", "one\n2\n3\n4\n5\n")
	g.merge("side")
	merges, gitClean, clean := replay(t, g)
	require.Equal(t, []int{1, 1, 1}, []int{merges, gitClean, clean})
}
