package workflow_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/pipeline/workflow"
	"github.com/slsflow/slsflow/stage"
)

// One event for each stage has each service once, and none that nobody has asked
// for.
func TestRedeploy(t *testing.T) {
	f, err := workflow.ParseFile("slsflow.yml", []byte("app: shop\nprofiles: {dev: {}}\ndefaultProfile: dev\nservices: {db: {dir: db}, api: {dir: api}, web: {dir: web}}\n"))
	require.NoError(t, err)
	of := func(app, in, region, service string) outputs.Stale {
		n, err := stage.Parse(in)
		require.NoError(t, err)
		return outputs.Stale{Record: outputs.Record{Instance: outputs.Instance{App: app, Stage: n, Region: region, Service: service}}}
	}
	asked := workflow.Event{Actor: "alice", Trust: workflow.Trusted, Commit: "0123", Services: []string{"db"}, Remove: true}
	events := f.Redeploy(asked, []outputs.Stale{
		of("crm", "alice", "us-east-1", "api"), of("shop", "alice", "eu-west-1", "api"), of("shop", "alice", "us-east-1", "api"),
		of("shop", "alice", "us-east-1", "gone"), of("shop", "alice", "us-east-1", "web"), of("shop", "dev", "us-east-1", "web"),
	})
	require.Len(t, events, 2)
	require.Equal(t, []string{"api", "web"}, events[0].Services)
	require.Equal(t, "alice", events[0].Stage.String())
	require.Equal(t, []string{"web"}, events[1].Services)
	require.Equal(t, "dev", events[1].Stage.String())
	for _, e := range events {
		require.Equal(t, workflow.Manual, e.Kind)
		require.Equal(t, "0123", e.Commit)
		require.False(t, e.Remove)
		require.True(t, e.Trusted())
	}
	require.Equal(t, []string{"db"}, asked.Services)
	require.Empty(t, f.Redeploy(asked, nil))
}
