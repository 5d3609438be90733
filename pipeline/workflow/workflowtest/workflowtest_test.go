package workflowtest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/pipeline/pipelinetest"
	"github.com/slsflow/slsflow/pipeline/workflow"
	"github.com/slsflow/slsflow/pipeline/workflow/workflowtest"
)

const file = `
app: shop
profiles: {dev: {account: "111111111111"}}
defaultProfile: dev
branches: {main: dev}
services:
  shop-db: {dir: db, test: sh test.sh}
  shop-api: {dir: api, verify: sh verify.sh}
`

func tree() fstest.MapFS {
	return fstest.MapFS{
		"db/serverless.yml":  {Data: []byte("service: shop-db\noutputs: {name: x}\n")},
		"api/serverless.yml": {Data: []byte("service: shop-api\ncustom: {db: \"${output:shop-db.name}\"}\n")},
	}
}

// plan returns the plan of the pull request of feature/x, or of its branch's
// deletion.
func plan(ctx context.Context, e workflow.Event) (pipeline.Plan, error) {
	f, err := workflow.ParseFile("slsflow.yml", []byte(file))
	if err != nil {
		return pipeline.Plan{}, err
	}
	e.Repository, e.Branch, e.Target, e.Commit, e.Trust = "acme/shop", "feature/x", "main", "c1", workflow.Trusted
	out, err := workflow.Plan(ctx, workflow.Input{File: f, Event: e, Tree: tree()})
	if err != nil {
		return pipeline.Plan{}, err
	}
	return out.Plans[0], nil
}

// A plan runs against a cloud and a git host in memory.
func Example() {
	ctx := context.Background()
	p, err := plan(ctx, workflow.Event{Kind: workflow.PullRequest, Action: workflow.Opened, PullRequest: 7})
	if err != nil {
		fmt.Println(err)
		return
	}
	var cloud workflowtest.Cloud
	var host workflowtest.Host
	runner := pipeline.Runner{
		Ledger: new(pipelinetest.Memory), Executor: &cloud, Parallel: 1,
		Reporters: []pipeline.Reporter{workflow.StatusReporter(&host, func(run string) string { return "https://ci.example/runs/" + run })},
	}
	state, err := runner.Start(ctx, "run-1", p)
	fmt.Println(state.Status(), err)
	for _, did := range cloud.Done() {
		fmt.Println(did)
	}
	status, _ := host.Latest("acme/shop", "c1", "slsflow/preview")
	fmt.Println(status.State, status.Description, status.URL)
	// Output:
	// succeeded <nil>
	// test shop-db
	// deploy shop-db
	// deploy shop-api
	// verify shop-api
	// success deployed shop-db, shop-api to feature-x https://ci.example/runs/run-1
}

func TestAFailingTestDeploysNothing(t *testing.T) {
	p, err := plan(t.Context(), workflow.Event{Kind: workflow.PullRequest, Action: workflow.Opened, PullRequest: 7})
	require.NoError(t, err)
	var cloud workflowtest.Cloud
	var host workflowtest.Host
	host.Down(2) // a report is tried again
	cloud.Fail("test", "shop-db", errors.New(strings.Repeat("x", 200)+"\nsecond line"))
	runner := pipeline.Runner{Ledger: new(pipelinetest.Memory), Executor: &cloud, Reporters: []pipeline.Reporter{workflow.StatusReporter(&host, nil)}}
	state, err := runner.Start(t.Context(), "run-1", p)
	require.NoError(t, err)
	require.Equal(t, pipeline.Failed, state.Status())
	require.Equal(t, []string{"test shop-db"}, cloud.Done())
	require.Empty(t, cloud.Instances())

	status, ok := host.Latest("acme/shop", "c1", "slsflow/preview")
	require.True(t, ok)
	require.Equal(t, workflow.StatusFailure, status.State)
	require.True(t, strings.HasPrefix(status.Description, "test shop-db: test failed: xxx"), status.Description)
	require.Len(t, []rune(status.Description), 140)
	require.Empty(t, status.URL)
	require.Greater(t, host.Calls(), len(host.Statuses()))
	require.Equal(t, workflow.StatusPending, host.Statuses()[0].State)
	require.Equal(t, "deploying shop-db, shop-api to feature-x", host.Statuses()[0].Description)

	// The fault is mended, and the next run deploys.
	cloud.Fail("test", "shop-db", nil)
	_, err = runner.Start(t.Context(), "run-2", p)
	require.NoError(t, err)
	require.Len(t, cloud.Instances(), 2)
	require.Equal(t, "shop-api", cloud.Instances()[0].Service)
}

func TestCloudDoesNothingWithoutTrust(t *testing.T) {
	var cloud workflowtest.Cloud
	for _, step := range []pipeline.Step{
		{Name: "deploy", Action: "deploy", Input: []byte(`{"service":"a","trust":"untrusted"}`)},
		{Name: "deploy", Action: "deploy", Input: []byte(`{"service":"a"}`)},
	} {
		_, err := cloud.Execute(t.Context(), pipeline.Task{Step: step})
		require.ErrorIs(t, err, workflowtest.ErrUntrusted)
	}
	require.Empty(t, cloud.Done())
	_, err := cloud.Execute(t.Context(), pipeline.Task{Step: pipeline.Step{Name: "x", Action: "x", Input: []byte(`{"trust":"trusted"}`)}})
	require.EqualError(t, err, `unknown action "x"`)
	_, err = cloud.Execute(t.Context(), pipeline.Task{Step: pipeline.Step{Name: "x", Input: []byte(`[]`)}})
	require.ErrorContains(t, err, "input of step x")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = cloud.Execute(ctx, pipeline.Task{Step: pipeline.Step{Input: []byte(`{}`)}})
	require.ErrorIs(t, err, context.Canceled)
}

func TestCloudReplacesAndRemoves(t *testing.T) {
	var cloud workflowtest.Cloud
	do := func(action, input string) {
		_, err := cloud.Execute(t.Context(), pipeline.Task{Step: pipeline.Step{Name: action, Action: action, Input: []byte(input)}})
		require.NoError(t, err)
	}
	do("deploy", `{"service":"a","stage":"x","commit":"1","trust":"trusted"}`)
	do("deploy", `{"service":"a","stage":"y","commit":"1","trust":"trusted"}`)
	do("deploy", `{"service":"a","stage":"x","commit":"2","trust":"trusted"}`)
	require.Len(t, cloud.Instances(), 2)
	require.Equal(t, "2", cloud.Instances()[0].Commit)
	do("remove", `{"service":"a","stage":"x","trust":"trusted"}`)
	require.Len(t, cloud.Instances(), 1)
	require.Equal(t, "y", cloud.Instances()[0].Stage.String())
}

// Statuses are only of commits that a host knows, and of deployments.
func TestStatusOfNothing(t *testing.T) {
	var host workflowtest.Host
	r := workflow.StatusReporter(&host, nil)
	entry := pipeline.Entry{Kind: pipeline.Finished}
	for _, labels := range []map[string]string{
		{},
		{workflow.LabelRepository: "a/b"},
		{workflow.LabelCommit: "c"},
		{workflow.LabelRepository: "a/b", workflow.LabelCommit: "c-dirty"},
		{workflow.LabelRepository: "a/b", workflow.LabelCommit: "c", workflow.LabelDeployType: string(workflow.DeployDestroy)},
	} {
		require.NoError(t, r.Report(t.Context(), pipeline.Report{Plan: pipeline.Plan{Labels: labels}, Entry: entry}))
	}
	good := map[string]string{workflow.LabelRepository: "a/b", workflow.LabelCommit: "c"}
	require.NoError(t, r.Report(t.Context(), pipeline.Report{Plan: pipeline.Plan{Labels: good}, Entry: pipeline.Entry{Kind: pipeline.Began}}))
	require.Zero(t, host.Calls())
	host.Down(-1)
	require.ErrorIs(t, r.Report(t.Context(), pipeline.Report{Plan: pipeline.Plan{Labels: good}, Entry: entry}), workflowtest.ErrDown)
	_, ok := host.Latest("a/b", "c", "slsflow/")
	require.False(t, ok)
}
