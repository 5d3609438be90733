package main

import (
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/outputs/sqliteoutputs"
	"github.com/slsflow/slsflow/stage"
)

// What the stage has is what its newest records say.
func TestDeployed(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, ".slsflow"), 0o700))
	store, err := sqliteoutputs.Open(t.Context(), filepath.Join(dir, ".slsflow", "state.db"), sqliteoutputs.Options{})
	require.NoError(t, err)
	prod, err := stage.Parse("prod")
	require.NoError(t, err)
	deploy := func(service, commit string, after int64, status, end outputs.Status) {
		t.Helper()
		r, err := store.Begin(t.Context(), outputs.Record{
			Instance: outputs.Instance{App: "shop", Service: service, Stage: prod, Region: "eu-west-1"}, Status: status,
			Run: "1", Commit: commit, Owner: "ann", Actor: "ann", Profile: "prod", Dir: service, Started: time.Unix(1_700_000_000, 0).UTC(),
		}, after)
		require.NoError(t, err)
		r.Status, r.Ended = end, r.Started.Add(time.Minute)
		require.NoError(t, store.End(t.Context(), r))
	}
	deploy("api", "a1", 0, outputs.Deploying, outputs.Deployed)
	deploy("api", "a2", 1, outputs.Deploying, outputs.Deployed)
	deploy("web", "b1", 0, outputs.Deploying, outputs.Deployed)
	deploy("old", "c1", 0, outputs.Deploying, outputs.Deployed)
	deploy("old", "c1", 1, outputs.Removing, outputs.Removed)
	require.NoError(t, store.Close())
	set, err := deployed(t.Context(), dir, prod)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"api": "a2", "web": "b1"}, maps.Collect(maps.All(set)))
}
