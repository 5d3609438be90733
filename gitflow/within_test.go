package gitflow_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/gitflow"
)

// A promotion of three services is rolled back for two of them, then for the
// third; later work on them stays, and the trap is told.
func TestRevertWithinSomeServices(t *testing.T) {
	g := newOracle(t)
	for _, s := range []string{"api", "db", "web"} {
		g.write(s+"/handler", "1\n2\n3\n4\n5\n")
	}
	g.file("web2/handler", "1\n")
	g.git("branch", "prod")
	g.write("api/handler", "bad\n2\n3\n4\n5\n")
	g.write("api/new/file", "bad\n")
	g.write("db/handler", "bad\n2\n3\n4\n5\n")
	g.write("web2/handler", "good\n")
	g.git("rm", "-q", "web/handler")
	g.commit("three services")
	m := g.on("prod").merge("master")
	g.file("api/handler", "bad\n2\n3\n4\nlater\n")
	g.git("checkout", "-q", "--detach")
	r := g.open()
	who := ann
	within := func(paths ...string) gitflow.RevertOptions {
		who.When = who.When.Add(time.Minute)
		return gitflow.RevertOptions{Parent: 1, Author: who, Within: paths}
	}
	dry := within("api", "web")
	dry.DryRun = true
	before := g.git("count-objects", "-v")
	tried, err := r.Revert(t.Context(), "prod", m, dry)
	require.NoError(t, err)
	require.Equal(t, before, g.git("count-objects", "-v"))

	res, err := r.Revert(t.Context(), "prod", m, within("api", "web"))
	require.NoError(t, err)
	require.Equal(t, tried.Tree, res.Tree)
	require.Equal(t, gitflow.Reverted, res.Kind)
	require.Equal(t, fmt.Sprintf("Revert \"merge master\" in api, web\n\nThis reverts commit %s, reversing\nchanges made to %s in api, web.\n", m, g.git("rev-parse", m+"^1")), res.Message)
	require.Equal(t, "1\n2\n3\n4\nlater", g.git("show", "prod:api/handler"))
	require.Equal(t, "1\n2\n3\n4\n5", g.git("show", "prod:web/handler"))
	require.Equal(t, "bad\n2\n3\n4\n5", g.git("show", "prod:db/handler"))
	require.Equal(t, "good", g.git("show", "prod:web2/handler"), "its name begins like another one")
	require.Equal(t, "api/handler", g.git("ls-tree", "-r", "--name-only", "prod", "api"))
	g.fsck()
	undone, err := r.Undone(t.Context(), "master", "prod")
	require.NoError(t, err)
	require.Len(t, undone, 1)
	require.Equal(t, m, undone[0].Work.Hash)

	none, err := r.Revert(t.Context(), "prod", m, within("api"))
	require.NoError(t, err)
	require.Equal(t, gitflow.Nothing, none.Kind)
	_, err = r.Revert(t.Context(), "prod", m, within("api/hander", "ap", "nowhere", "api/new/file"))
	require.ErrorIs(t, err, gitflow.ErrNotFound)
	for _, problem := range []string{`within "api/hander": directory or file not found in the commit and in its parent (did you mean api/handler?)`, `within "ap": `, `within "nowhere": `} {
		require.ErrorContains(t, err, problem)
	}
	require.NotContains(t, err.Error(), "api/new/file")
	_, err = r.Revert(t.Context(), "prod", m, within("../api"))
	require.ErrorContains(t, err, `within "../api"`)

	rest, err := r.Revert(t.Context(), "prod", m, within())
	require.NoError(t, err)
	require.Equal(t, gitflow.Reverted, rest.Kind)
	require.Equal(t, "1\n2\n3\n4\n5", g.git("show", "prod:db/handler"))
	require.Equal(t, "1\n2\n3\n4\nlater", g.git("show", "prod:api/handler"))
	g.fsck()
}
