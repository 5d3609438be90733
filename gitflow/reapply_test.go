package gitflow_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/gitflow"
)

func TestReapply(t *testing.T) {
	g := newOracle(t)
	g.file("a", "1")
	g.git("branch", "prod")
	g.file("a", "2")
	r := g.open()
	who := gitflow.Signature{Name: ann.Name, Email: ann.Email, When: ann.When}
	promoted, err := r.Promote(t.Context(), "master", "prod", gitflow.PromoteOptions{Author: who})
	require.NoError(t, err)

	_, err = r.Reapply(t.Context(), "prod", promoted.New, gitflow.RevertOptions{Author: who})
	require.ErrorIs(t, err, gitflow.ErrNotFound, "nothing was reverted yet")

	for range 2 { // back and forth, twice
		_, err = r.Revert(t.Context(), "prod", promoted.New, gitflow.RevertOptions{Parent: 1, Author: who})
		require.NoError(t, err)
		require.Equal(t, "1", g.git("show", "prod:a"))
		undone, err := r.Undone(t.Context(), "master", "prod")
		require.NoError(t, err)
		require.Len(t, undone, 1)
		require.Equal(t, promoted.New, undone[0].Work.Hash)

		again, err := r.Reapply(t.Context(), "prod", undone[0].Work.Hash, gitflow.RevertOptions{Author: who})
		require.NoError(t, err)
		require.Equal(t, undone[0].Revert.Hash, again.Commit)
		require.Equal(t, promoted.Tree, again.Tree)
		require.Equal(t, promoted.Tree, g.git("rev-parse", "prod^{tree}"))
		require.Contains(t, again.Message, "Reapply \"Promote master")

		undone, err = r.Undone(t.Context(), "master", "prod")
		require.NoError(t, err)
		require.Empty(t, undone)
		who.When = who.When.Add(60e9)
		_, err = r.Reapply(t.Context(), "prod", promoted.New, gitflow.RevertOptions{Author: who})
		require.ErrorIs(t, err, gitflow.ErrNotFound, "the revert is reverted already")
	}
	g.fsck()
}
