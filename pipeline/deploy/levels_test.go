package deploy_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/pipeline/workflow"
)

const levelsApp = `
-- slsflow.yml --
app: shop
profiles:
  org: {account: "111111111111", params: {queue: none}}
  orders: {inherits: org, params: {queue: small}, secrets: [key]}
  orders-prod: {inherits: orders, account: "333333333333", params: {queue: big}}
defaultProfile: org
branches: {main: prod}
services:
  orders: {dir: orders, profile: orders, stages: {prod: orders-prod}}
  mailer: {dir: mailer}
-- orders/serverless.yml --
service: orders
custom: {key: "${param:key}"}
outputs: {queue: "${param:queue}"}
-- mailer/serverless.yml --
service: mailer
outputs: {queue: "${param:queue}"}
`

// Each instance is deployed with the profile of its level, and recorded so.
func TestProfilesOfServices(t *testing.T) {
	h := build(t, levelsApp)
	for _, profile := range []string{"orders", "orders-prod"} {
		h.keepFor(t, profile, "key", "secret-of-"+profile)
	}
	h.run(t, alice())
	h.run(t, workflow.Event{Kind: workflow.Push, Branch: "main", Commit: "c1", Trust: workflow.Trusted, Actor: "alice"})
	for _, tt := range []struct{ service, stage, profile, account, queue string }{
		{"orders", "alice", "orders", "111111111111", "small"},
		{"mailer", "alice", "org", "111111111111", "none"},
		{"orders", "prod", "orders-prod", "333333333333", "big"},
		{"mailer", "prod", "org", "111111111111", "none"},
	} {
		r := h.history(t, tt.service, tt.stage)[0]
		require.Equal(t, outputs.Deployed, r.Status, "%v", tt)
		require.Equal(t, []string{tt.profile, tt.account, `"` + tt.queue + `"`}, []string{r.Profile, r.Account, string(r.Outputs["queue"].Value)}, "%v", tt)
	}

	// A plan that was made before somebody moved the service is refused.
	plan, err := h.plan(t.Context(), alice("orders"))
	require.NoError(t, err)
	h.reread(t, strings.Replace(read(t, h.repo, "slsflow.yml"), "profile: orders,", "profile: org,", 1))
	require.ErrorContains(t, h.start(t, plan).Err(), `stage "alice": its profile is "org", the plan was made with "orders" (plan again)`)
}

// Two branches that have one name: the first has the stage until it is deleted.
func TestTwoBranchesOfOneName(t *testing.T) {
	h := build(t, levelsApp)
	h.keepFor(t, "orders", "key", "secret")
	opened := func(branch string, number int) workflow.Event {
		return workflow.Event{
			Kind: workflow.PullRequest, Action: workflow.Opened, PullRequest: number, Branch: branch, Target: "main", Commit: "c1",
			Actor: "alice", Trust: workflow.Trusted,
		}
	}
	h.run(t, opened("feature/x", 1))
	require.Equal(t, "branch:feature/x", h.history(t, "orders", "feature-x")[0].Owner)
	_, err := h.plan(t.Context(), opened("feature-x", 2))
	require.ErrorContains(t, err, `stage "feature-x" belongs to branch "feature/x", not to branch "feature-x" (rename the branch, or name stages by previews.stage: unique)`)
	require.Len(t, h.history(t, "orders", "feature-x"), 1)

	// Nor can a person take it by its name, but on purpose.
	bob := at(alice("orders"), "feature-x")
	bob.Actor = "bob"
	_, err = h.plan(t.Context(), bob)
	require.ErrorContains(t, err, `belongs to branch "feature/x", not to user "bob"`)

	h.run(t, workflow.Event{Kind: workflow.BranchDeleted, Branch: "feature/x", Trust: workflow.Trusted})
	h.run(t, opened("feature-x", 2))
	require.Equal(t, "branch:feature-x", h.history(t, "orders", "feature-x")[0].Owner)
}
