package workflow_test

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/pipeline/workflow"
)

const trunkFile = `app: shop
profiles: {dev: {account: "111111111111"}, prod: {account: "222222222222"}}
stages: {prod: prod}
defaultProfile: dev
branches: {master: staging, prod: prod}
previews: {into: [master, next]}
services: {api: {dir: api, branches: {hotfix: hotfix}}}
`

// grab is the file of a branch that wants production for itself.
const grab = `app: shop
profiles: {dev: {account: "111111111111"}, prod: {account: "222222222222"}}
stages: {prod: prod}
defaultProfile: prod
branches: {evil: prod}
previews: {into: [evil]}
services: {api: {dir: api, test: steal}}
`

func TestWhoseFileCounts(t *testing.T) {
	f, err := workflow.ParseFile("slsflow.yml", []byte(trunkFile))
	require.NoError(t, err)
	for _, c := range []struct {
		name string
		e    workflow.Event
		want string
	}{
		{"a push to a branch that deploys", workflow.Event{Kind: workflow.Push, Branch: "prod", Commit: "c"}, "c"},
		{"one that only a service deploys", workflow.Event{Kind: workflow.Push, Branch: "hotfix", Commit: "c"}, "c"},
		{"a push to another branch", workflow.Event{Kind: workflow.Push, Branch: "evil", Commit: "c"}, ""},
		{"a push to one that only has previews", workflow.Event{Kind: workflow.Push, Branch: "next", Commit: "c"}, ""},
		{"a pull request into the trunk", workflow.Event{Kind: workflow.PullRequest, Branch: "evil", Target: "master", Commit: "c"}, "master"},
		{"into a branch that has previews", workflow.Event{Kind: workflow.PullRequest, Branch: "evil", Target: "next", Commit: "c"}, "next"},
		{"into a branch that deploys", workflow.Event{Kind: workflow.PullRequest, Branch: "evil", Target: "prod", Commit: "c"}, "prod"},
		{"into another branch", workflow.Event{Kind: workflow.PullRequest, Branch: "x", Target: "evil", Commit: "c"}, ""},
		{"a deleted branch", workflow.Event{Kind: workflow.BranchDeleted, Branch: "master", Commit: "c"}, ""},
		{"a person", workflow.Event{Kind: workflow.Manual, Actor: "alice", Branch: "master", Commit: "c"}, ""},
	} {
		require.Equal(t, c.want, f.Revision(c.e), c.name)
	}
}

// TestBranchThatGrabsProduction has a branch whose workflow file gives it
// production, by a push and by a pull request into it.
func TestBranchThatGrabsProduction(t *testing.T) {
	files := map[string]string{"": trunkFile, "c": grab, "evil": grab}
	tree := fstest.MapFS{
		"slsflow.yml":        {Data: []byte(grab)},
		"api/serverless.yml": {Data: []byte("service: api\n")},
	}
	trunk, err := workflow.ParseFile("slsflow.yml", []byte(trunkFile))
	require.NoError(t, err)
	for _, e := range []workflow.Event{
		{Kind: workflow.Push, Trust: workflow.Trusted, Branch: "evil", Commit: "c"},
		{Kind: workflow.PullRequest, Action: workflow.Opened, PullRequest: 1, Trust: workflow.Trusted, Branch: "x", Target: "evil", Commit: "c"},
	} {
		bad, err := workflow.ParseFile("slsflow.yml", []byte(files["c"]))
		require.NoError(t, err)
		out, err := workflow.Plan(t.Context(), workflow.Input{File: bad, Event: e, Tree: tree})
		require.NoError(t, err)
		require.Len(t, out.Plans, 1, "its own file would give it production")
		require.Equal(t, "prod", out.Plans[0].Labels[workflow.LabelProfile])

		f, err := workflow.ParseFile("slsflow.yml", []byte(files[trunk.Revision(e)]))
		require.NoError(t, err)
		out, err = workflow.Plan(t.Context(), workflow.Input{File: f, Event: e, Tree: tree})
		require.NoError(t, err)
		require.Empty(t, out.Plans)
	}
}
