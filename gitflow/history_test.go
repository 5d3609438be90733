package gitflow_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/gitflow"
)

// randomHistory makes commits with one to three parents each, with clocks that
// disagree by up to so many seconds, and returns them.
func randomHistory(g *oracle, rnd *rand.Rand, n, skew int) []string {
	g.t.Helper()
	tree := g.git("hash-object", "-t", "tree", "-w", "--stdin")
	var all []string
	for i := range n {
		g.when = 1_700_000_000 + i*600 + rnd.IntN(skew)
		args := []string{"commit-tree", "-m", fmt.Sprint("c", i), tree}
		for range min(i, 1+rnd.IntN(3)) {
			p := all[max(0, len(all)-1-rnd.IntN(6))]
			if !slices.Contains(args, p) {
				args = append(args, "-p", p)
			}
		}
		all = append(all, g.git(args...))
	}
	return all
}

func TestHistoryAnswersAsGitDoes(t *testing.T) {
	several := 0
	for seed := range uint64(4) {
		g := newOracle(t)
		rnd := rand.New(rand.NewPCG(seed, 1))
		all := randomHistory(g, rnd, 30, 7200)
		r := g.open()
		for range 25 {
			a, b := all[rnd.IntN(len(all))], all[rnd.IntN(len(all))]
			bases := strings.Fields(g.git("merge-base", "--all", a, b))
			got, err := r.MergeBase(t.Context(), a, b)
			require.NoError(t, err)
			require.Contains(t, bases, got)
			if len(bases) > 1 {
				several++
			}

			pending, err := r.Pending(t.Context(), a, b, gitflow.PendingOptions{})
			require.NoError(t, err)
			var hashes []string
			for _, c := range pending.Commits {
				hashes = append(hashes, c.Hash)
			}
			want := strings.Fields(g.git("rev-list", b+".."+a))
			require.ElementsMatch(t, want, hashes)
			for i, c := range pending.Commits { // each before its parents
				for _, p := range c.Parents {
					require.NotContains(t, hashes[:i], p)
				}
			}
		}
	}
	require.Positive(t, several, "no criss-cross in any of the histories")
}

// Clocks that are wrong by weeks must not make a merge base of an ancestor of
// one: the merge would be made from too old a state.
func TestMergeBaseDoesNotTrustClocks(t *testing.T) {
	for seed := range uint64(4) {
		g := newOracle(t)
		rnd := rand.New(rand.NewPCG(seed, 4))
		all := randomHistory(g, rnd, 30, 5_000_000)
		r := g.open()
		for range 40 {
			a, b := all[rnd.IntN(len(all))], all[rnd.IntN(len(all))]
			got, err := r.MergeBase(t.Context(), a, b)
			require.NoError(t, err)
			require.Contains(t, strings.Fields(g.git("merge-base", "--all", a, b)), got)
		}
	}
}

func TestPendingTellsTheCommits(t *testing.T) {
	g := flow(t)
	g.change("master", "a", "1")
	g.git("checkout", "-q", "master")
	g.when++
	g.write("b", "1")
	g.commit("A subject\nover two lines\n\nand a body")
	r := g.open()
	waiting, err := r.Pending(t.Context(), "master", "prod", gitflow.PendingOptions{})
	require.NoError(t, err)
	list := waiting.Commits
	require.Len(t, list, 2)
	c := list[0]
	require.Equal(t, "A subject over two lines", c.Subject())
	require.Equal(t, "A subject\nover two lines\n\nand a body\n", c.Message)
	require.Equal(t, "Ann <ann@example.com>", c.Author.String())
	require.Equal(t, "Cleo <cleo@example.com>", c.Committer.String())
	require.EqualValues(t, g.when, c.Author.When.Unix())
	require.Equal(t, []string{list[1].Hash}, c.Parents)
	require.Equal(t, g.git("rev-parse", "master^{tree}"), c.Tree)
	require.False(t, c.IsMerge())
	same, err := r.Commit("master")
	require.NoError(t, err)
	require.Equal(t, c, same)

	none, err := r.Pending(t.Context(), "prod", "master", gitflow.PendingOptions{})
	require.NoError(t, err)
	require.Empty(t, none.Commits)
	_, err = r.Pending(t.Context(), "nope", "master", gitflow.PendingOptions{})
	require.ErrorIs(t, err, gitflow.ErrNotFound)
}

// A criss-cross: each branch has merged the other, so there are two best common
// ancestors. Git merges those first, and so do we.
func TestPromoteAfterACrissCross(t *testing.T) {
	g := newOracle(t)
	base := state{"a": "1\n", "b": "1\n", "c": "1\n"}
	root := g.commitState(base)
	left := g.commitState(state{"a": "2\n", "b": "1\n", "c": "1\n"}, root)
	right := g.commitState(state{"a": "1\n", "b": "2\n", "c": "1\n"}, root)
	both := state{"a": "2\n", "b": "2\n", "c": "1\n"}
	left2, right2 := g.commitState(both, left, right), g.commitState(both, right, left)
	ours := g.commitState(state{"a": "3\n", "b": "2\n", "c": "1\n"}, left2)
	theirs := g.commitState(state{"a": "2\n", "b": "2\n", "c": "3\n"}, right2)
	require.Len(t, strings.Fields(g.git("merge-base", "--all", ours, theirs)), 2)

	want, clean := g.mergeTree(ours, theirs)
	require.True(t, clean)
	got, conflicts := theMerge(t, g, g.open(), ours, theirs)
	require.Empty(t, conflicts)
	require.Equal(t, want, got)
	g.fsck()

	// Ancestors that cannot be joined themselves are a conflict.
	left, right = g.commitState(state{"a": "2\n"}, root), g.commitState(state{"a": "3\n"}, root)
	left2, right2 = g.commitState(state{"a": "2\n"}, left, right), g.commitState(state{"a": "3\n"}, right, left)
	_, conflicts = theMerge(t, g, g.open(), left2, right2)
	require.NotEmpty(t, conflicts)
}

func TestHistoryOfAShallowClone(t *testing.T) {
	g := flow(t)
	g.change("master", "a", "1")
	g.change("master", "a", "2")
	g.change("prod", "b", "1")
	shallow := &oracle{t: t, dir: filepath.Join(t.TempDir(), "shallow")}
	g.git("clone", "-q", "--depth=1", "--no-single-branch", "file://"+g.dir, shallow.dir)
	r := shallow.open()
	_, err := r.Pending(t.Context(), "origin/master", "origin/prod", gitflow.PendingOptions{})
	require.ErrorIs(t, err, gitflow.ErrShallow)
	require.ErrorContains(t, err, "git fetch --unshallow")
	_, err = r.MergeBase(t.Context(), "origin/master", "origin/prod")
	require.ErrorIs(t, err, gitflow.ErrShallow)
	// Two trees can still be compared.
	changes, err := r.Changed(t.Context(), "origin/prod", "origin/master", gitflow.ChangedOptions{})
	require.NoError(t, err)
	require.Equal(t, []gitflow.Change{{Path: "a", Kind: gitflow.Added}, {Path: "b", Kind: gitflow.Deleted}}, changes)
}
