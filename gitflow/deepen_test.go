package gitflow_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/gitflow"
)

// shallow clones the newest commit of a branch of a host, as a build server does.
func (h *host) shallow(branch string) *oracle {
	h.t.Helper()
	c := &oracle{t: h.t, dir: filepath.Join(h.t.TempDir(), "shallow"), when: h.when}
	h.git("clone", "-q", "--depth=1", "--branch", branch, "file://"+h.dir, c.dir)
	return c
}

func TestChangedDeepensAShallowClone(t *testing.T) {
	for _, commits := range []int{3, 60, 500} {
		t.Run(fmt.Sprint(commits, " commits"), func(t *testing.T) {
			g := newOracle(t)
			g.file("base", "1")
			g.git("branch", "feature")
			parent := g.git("rev-parse", "master")
			tree := g.git("rev-parse", "master^{tree}")
			for range commits {
				g.when++
				parent = g.git("commit-tree", "-p", parent, "-m", "x", tree)
			}
			g.git("reset", "-q", "--hard", parent)
			base := g.file("only/master", "1")
			g.on("feature").file("first", "1")
			head := g.file("second", "1")
			h := serve(t, g.bare())
			c := h.shallow("feature")
			r := c.open()

			_, err := r.Changed(t.Context(), base, head, gitflow.ChangedOptions{Alone: true})
			require.ErrorIs(t, err, gitflow.ErrNotFound)
			changes, err := r.Changed(t.Context(), base, head, gitflow.ChangedOptions{Alone: true, Remote: h.remote()})
			require.NoError(t, err)
			require.Equal(t, []gitflow.Change{{Path: "first", Kind: gitflow.Added}, {Path: "second", Kind: gitflow.Added}}, changes)
			require.Equal(t, base+"\n"+head, c.git("rev-parse", base, head))
			c.fsck()
			have := len(strings.Fields(c.git("rev-list", head, base)))
			if commits > 400 {
				require.Greater(t, have, 400)
			} else {
				require.Less(t, have, 70, "no more than was needed")
			}
			// By now nobody has to be asked, and git has the same opinion.
			changes, err = c.open().Changed(t.Context(), base, head, gitflow.ChangedOptions{Alone: true})
			require.NoError(t, err)
			require.Len(t, changes, 2)
			require.Equal(t, "first\nsecond", c.git("diff", "--name-only", base+"..."+head))
		})
	}
}

func TestChangedAlone(t *testing.T) {
	g := flow(t)
	base := g.change("master", "m", "1")
	head := g.change("prod", "p", "2")
	r := g.open()
	changes, err := r.Changed(t.Context(), base, head, gitflow.ChangedOptions{Alone: true})
	require.NoError(t, err)
	require.Equal(t, []gitflow.Change{{Path: "p", Kind: gitflow.Added}}, changes)
	changes, err = r.Changed(t.Context(), base, head, gitflow.ChangedOptions{})
	require.NoError(t, err)
	require.Len(t, changes, 2)

	g.git("checkout", "-q", "--orphan", "island")
	island := g.commit("unrelated")
	_, err = r.Changed(t.Context(), island, head, gitflow.ChangedOptions{Alone: true})
	require.ErrorIs(t, err, gitflow.ErrNotFound)
}

// A clone of one commit says what is missing and what to write where; from the
// remote it gets a commit that it does not have, also into a whole clone.
func TestChangedWithoutARemoteSaysWhatToDo(t *testing.T) {
	g := newOracle(t)
	first := g.file("a", "1")
	g.file("a", "2")
	g.git("checkout", "-q", "-b", "other")
	other := g.file("b", "1")
	h := serve(t, g.bare())
	c := h.shallow("other")
	r := c.open()
	_, err := r.Changed(t.Context(), "HEAD~2", "HEAD", gitflow.ChangedOptions{})
	require.ErrorIs(t, err, gitflow.ErrShallow)
	require.ErrorContains(t, err, "fetch-depth: 0")
	changes, err := r.Changed(t.Context(), "HEAD~2", "HEAD", gitflow.ChangedOptions{Remote: h.remote()})
	require.NoError(t, err)
	require.Len(t, changes, 2)
	require.Equal(t, first, c.git("rev-parse", "HEAD~2"))
	require.NoFileExists(t, filepath.Join(c.dir, ".git", "shallow"), "it has all by now")
	c.fsck()

	single := &oracle{t: t, dir: filepath.Join(t.TempDir(), "single")}
	h.git("clone", "-q", "--single-branch", "--branch", "master", "file://"+h.dir, single.dir)
	changes, err = single.open().Changed(t.Context(), "master", other, gitflow.ChangedOptions{Remote: h.remote()})
	require.NoError(t, err)
	require.Equal(t, []gitflow.Change{{Path: "b", Kind: gitflow.Added}}, changes)
	_, err = single.open().Changed(t.Context(), "master", strings.Repeat("7", 40), gitflow.ChangedOptions{Remote: h.remote()})
	require.ErrorIs(t, err, gitflow.ErrNotFound)
}

func TestFetchIntoAShallowClone(t *testing.T) {
	g := newOracle(t)
	g.file("a", "1")
	g.file("a", "2")
	b := g.bare()
	h := serve(t, b)
	c := h.shallow("master")
	g.file("a", "3")
	next := g.file("a", "4")
	g.git("push", "-q", b.dir, "master")
	_, err := c.open().Fetch(t.Context(), h.remote(), gitflow.FetchOptions{})
	require.NoError(t, err)
	require.Equal(t, next, c.git("rev-parse", "origin/master"))
	require.Len(t, strings.Fields(c.git("rev-list", "origin/master")), 3, "what is newer than the clone, and no more")
	c.fsck()
}
