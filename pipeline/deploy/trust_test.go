package deploy_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/pipeline/workflow"
)

// every step of it leaves a file behind.
const marking = `
-- slsflow.yml --
app: shop
profiles:
  dev: {account: "111111111111"}
defaultProfile: dev
services:
  db: {dir: db, install: touch ../ran, test: touch ../ran, verify: touch ../ran, hooks: {beforeDeploy: touch ../ran, beforeRemove: touch ../ran}}
-- db/serverless.yml --
service: db
outputs: {table: orders}
`

// idle checks that nothing was run, deployed or recorded.
func (h *house) idle(t *testing.T) {
	t.Helper()
	require.NoFileExists(t, filepath.Join(h.repo, "ran"))
	require.NoDirExists(t, h.cloud())
	require.Empty(t, h.history(t, "db", "alice"))
}

// edit changes the inputs of all steps of a plan, and lets every step run.
func edit(t *testing.T, plan pipeline.Plan, change func(task map[string]any)) pipeline.Plan {
	t.Helper()
	for i := range plan.Jobs {
		plan.Jobs[i].Needs = nil
		for j := range plan.Jobs[i].Steps {
			step := &plan.Jobs[i].Steps[j]
			step.Always = true
			var task map[string]any
			require.NoError(t, json.Unmarshal(step.Input, &task))
			change(task)
			text, err := json.Marshal(task)
			require.NoError(t, err)
			step.Input = text
		}
	}
	return plan
}

func TestPlansThatMayNotRun(t *testing.T) {
	for name, c := range map[string]struct {
		change func(task map[string]any)
		why    string
	}{
		"untrusted": {
			func(task map[string]any) { task["trust"], task["commit"] = "untrusted", strings.Repeat("a", 40) },
			"db of an untrusted event: nothing runs (approve commit " + strings.Repeat("a", 40) + ")",
		},
		"no trust": {
			func(task map[string]any) { delete(task, "trust") },
			"db of an untrusted event: nothing runs",
		},
		"a trust of a newer program": {
			func(task map[string]any) { task["trust"] = "half" },
			`trust "half": unknown, want trusted or untrusted (plan again with this program)`,
		},
		"an unknown field": {
			func(task map[string]any) { task["onlyTest"] = true },
			`json: unknown field "onlyTest" (plan again with this program)`,
		},
		"another account": {
			func(task map[string]any) { task["account"] = "222222222222" },
			`profile "dev": its account is "111111111111", the plan was made for "222222222222" (plan again)`,
		},
		"an account that is gone": {
			func(task map[string]any) { delete(task, "account") },
			`profile "dev": its account is "111111111111", the plan was made for "" (plan again)`,
		},
		"a profile that is gone": {
			func(task map[string]any) { task["profile"] = "qa" },
			`no such profile "qa" (there are: dev)`,
		},
		"a directory elsewhere": {
			func(task map[string]any) { task["dir"] = "../.." },
			`service db: directory "../.." is not in the repository`,
		},
		"no directory": {
			func(task map[string]any) { task["dir"], task["commit"] = "dbx", strings.Repeat("a", 40) },
			`service db: there is no directory "dbx" at commit ` + strings.Repeat("a", 40),
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := build(t, marking)
			for _, e := range []workflow.Event{alice(), removal()} {
				if e.Remove {
					h.deployed(t, "db", "alice", nil)
				}
				plan, err := h.plan(t.Context(), e)
				require.NoError(t, err)
				st := h.start(t, edit(t, plan, c.change))
				steps := 0
				for job := range st.Jobs() {
					for _, s := range job.Steps {
						steps++
						require.Equal(t, pipeline.Failed, s.Status, "%s: %s", job.ID, s.Name)
						require.Contains(t, s.Error, c.why)
					}
				}
				require.GreaterOrEqual(t, steps, 2)
				if e.Remove {
					require.Len(t, h.history(t, "db", "alice"), 1)
					require.NoFileExists(t, filepath.Join(h.repo, "ran"))
				} else {
					h.idle(t)
				}
			}
		})
	}
}

// What the plan says of a refused event is never run.
func TestForkRunsNothing(t *testing.T) {
	h := build(t, marking)
	text := read(t, h.repo, workflow.FileName)
	h.reread(t, text+"branches: {master: staging}\n")
	e := workflow.Event{
		Kind: workflow.PullRequest, Action: workflow.Opened, PullRequest: 1, Branch: "x", Target: "master",
		Commit: strings.Repeat("b", 40), Fork: true, Trust: workflow.Trusted,
	}
	out, err := workflow.Plan(t.Context(), workflow.Input{File: h.file, Event: e, Tree: os.DirFS(h.repo)})
	require.NoError(t, err)
	require.Empty(t, out.Plans)
	require.Len(t, out.Refused, 1)
	plan := out.Refused[0].Plans[0]
	st := h.start(t, plan)
	require.ErrorContains(t, st.Err(), "db of an untrusted event: nothing runs (approve commit "+e.Commit+")")
	h.idle(t)

	e.Approved = e.Commit
	out, err = workflow.Plan(t.Context(), workflow.Input{File: h.file, Event: e, Tree: os.DirFS(h.repo)})
	require.NoError(t, err)
	require.NoError(t, h.start(t, out.Plans[0]).Err())
	require.FileExists(t, filepath.Join(h.repo, "ran"))
}

// The stage has got a profile of its own since the plan was made.
func TestProfileOfTheStageHasChanged(t *testing.T) {
	h := build(t, marking)
	plan, err := h.plan(t.Context(), alice())
	require.NoError(t, err)
	text := read(t, h.repo, workflow.FileName)
	changed := strings.Replace(text, "profiles:\n", "stages: {alice: own}\nprofiles:\n  own: {account: \"111111111111\"}\n", 1)
	h.reread(t, changed)
	st := h.start(t, edit(t, plan, func(map[string]any) {}))
	for job := range st.Jobs() {
		for _, s := range job.Steps {
			require.Equal(t, `stage "alice": its profile is "own", the plan was made with "dev" (plan again)`, s.Error)
		}
	}
	h.idle(t)
}

func TestInputWithMoreBehindIt(t *testing.T) {
	h := build(t, marking)
	plan, err := h.plan(t.Context(), alice())
	require.NoError(t, err)
	step := plan.Jobs[0].Steps[0]
	_, err = h.exec.Execute(t.Context(), pipeline.Task{
		Run: "r", Step: pipeline.Step{Name: "test", Action: step.Action, Input: append(step.Input, " {}"...)},
	})
	require.EqualError(t, err, "input of step test: something stands behind it (plan again with this program)")
	h.idle(t)
}

func TestUnknownAction(t *testing.T) {
	h := build(t, marking)
	plan, err := h.plan(t.Context(), alice())
	require.NoError(t, err)
	plan.Jobs[0].Steps[0].Action = "teleport"
	st := h.start(t, plan)
	require.ErrorContains(t, st.Err(), `action "teleport": unknown (the plan was made by a newer program)`)
	h.idle(t)
}

func TestExecutorSaysWhatItNeeds(t *testing.T) {
	h := build(t, marking)
	empty := *h.exec
	empty.File, empty.Records, empty.Workspaces, empty.Provisioner = nil, nil, nil, nil
	want := "deploy.Executor: File is required\ndeploy.Executor: Records is required\n" +
		"deploy.Executor: Workspaces is required\ndeploy.Executor: Provisioner is required"
	_, err := empty.Execute(t.Context(), pipeline.Task{})
	require.EqualError(t, err, want)
	require.EqualError(t, empty.End(t.Context(), pipeline.Task{}), want)
}
