package workflow_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/pipeline/workflow"
)

func TestStatusOfAnEventOfWhichNothingRuns(t *testing.T) {
	pr := workflow.Event{Kind: workflow.PullRequest, Action: workflow.Opened, Repository: "acme/shop", Commit: "c1", Trust: workflow.Trusted}
	fork := pr
	fork.Fork = true
	push := workflow.Event{Kind: workflow.Push, Repository: "acme/shop", Commit: "c1", Branch: "master", Trust: workflow.Trusted}
	closed := pr
	closed.Action = workflow.Closed
	refused := []workflow.Refusal{{Reason: "branch \"prod\" may not\nsecond line"}}
	waiting := []workflow.Refusal{{Reason: "it comes from a fork", Plans: make([]pipeline.Plan, 1)}}

	for name, c := range map[string]struct {
		event workflow.Event
		out   workflow.Outcome
		want  workflow.Status
	}{
		"nothing changed":          {pr, workflow.Outcome{}, workflow.Status{Context: "slsflow/preview", State: workflow.StatusSuccess, Description: "nothing to deploy"}},
		"refused":                  {pr, workflow.Outcome{Refused: refused}, workflow.Status{Context: "slsflow/preview", State: workflow.StatusFailure, Description: `branch "prod" may not`}},
		"waits for approval":       {fork, workflow.Outcome{Refused: waiting}, workflow.Status{Context: "slsflow/preview", State: workflow.StatusPending, Description: "it comes from a fork"}},
		"refused, approved or not": {fork, workflow.Outcome{Refused: refused}, workflow.Status{Context: "slsflow/preview", State: workflow.StatusFailure, Description: `branch "prod" may not`}},
	} {
		t.Run(name, func(t *testing.T) {
			c.want.Repository, c.want.Commit = "acme/shop", "c1"
			st, ok := c.out.Status(c.event)
			require.True(t, ok)
			require.Equal(t, c.want, st)
		})
	}
	for name, c := range map[string]struct {
		event workflow.Event
		out   workflow.Outcome
	}{
		"something runs":      {pr, workflow.Outcome{Plans: make([]pipeline.Plan, 1)}},
		"a closed one":        {closed, workflow.Outcome{}},
		"a push":              {push, workflow.Outcome{}},
		"a person's command":  {workflow.Event{Kind: workflow.Manual, Repository: "acme/shop", Commit: "c1"}, workflow.Outcome{}},
		"a branch without it": {workflow.Event{Kind: workflow.BranchDeleted, Repository: "acme/shop"}, workflow.Outcome{}},
	} {
		_, ok := c.out.Status(c.event)
		require.False(t, ok, name)
	}
}
