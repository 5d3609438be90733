package deploy_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/pipeline/workflow"
	"github.com/slsflow/slsflow/stage"
)

// alice is a person who deploys to a stage of her own, or to another one.
func alice(services ...string) workflow.Event {
	return workflow.Event{Kind: workflow.Manual, Trust: workflow.Trusted, Actor: "alice", Services: services}
}

func removal(services ...string) workflow.Event {
	e := alice(services...)
	e.Remove = true
	return e
}

func at(e workflow.Event, s string) workflow.Event {
	e.Stage = must(stage.Parse(s))
	return e
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// plan plans an event that must come to one plan.
func (h *house) plan(ctx context.Context, e workflow.Event) (pipeline.Plan, error) {
	instances, err := h.records.Latest(ctx, outputs.Filter{})
	if err != nil {
		return pipeline.Plan{}, err
	}
	out, err := workflow.Plan(ctx, workflow.Input{File: h.file, Event: e, Tree: os.DirFS(h.repo), Instances: instances, Params: h.exec.Params})
	if err == nil && len(out.Plans) != 1 {
		err = fmt.Errorf("%v: %d plans, %v", e, len(out.Plans), out.Refused)
	}
	if err != nil {
		return pipeline.Plan{}, err
	}
	return out.Plans[0], nil
}

// try carries out an event and returns how the run ended.
func (h *house) try(t *testing.T, e workflow.Event) pipeline.State {
	t.Helper()
	plan, err := h.plan(t.Context(), e)
	require.NoError(t, err)
	return h.start(t, plan)
}

// start carries out a plan.
func (h *house) start(t *testing.T, plan pipeline.Plan) pipeline.State {
	t.Helper()
	h.runs++
	st, err := h.runner.Start(t.Context(), fmt.Sprintf("run-%d", h.runs), plan)
	require.NoError(t, err)
	return st
}

// run carries out an event with success.
func (h *house) run(t *testing.T, e workflow.Event) pipeline.State {
	t.Helper()
	st := h.try(t, e)
	require.NoError(t, st.Err())
	return st
}

// attempt makes the executor do the one step of a plan that has this action.
func (h *house) attempt(t *testing.T, e workflow.Event, action string, number int, notes ...string) (json.RawMessage, string, error) {
	t.Helper()
	task, log := h.task(t, e, action, number, notes...)
	result, err := h.exec.Execute(t.Context(), task)
	return result, log.String(), err
}

func (h *house) task(t *testing.T, e workflow.Event, action string, number int, notes ...string) (pipeline.Task, *bytes.Buffer) {
	t.Helper()
	plan, err := h.plan(t.Context(), e)
	require.NoError(t, err)
	log := new(bytes.Buffer)
	task := pipeline.Task{
		Run: "run", Plan: plan, Attempt: number, Log: log, Mask: func(...string) {},
		Note: func(context.Context, json.RawMessage) error { return nil },
	}
	for _, n := range notes {
		task.Notes = append(task.Notes, json.RawMessage(n))
	}
	for _, job := range plan.Jobs {
		for _, step := range job.Steps {
			if step.Action == action {
				task.Job, task.Step = job, step
			}
		}
	}
	require.NotEmpty(t, task.Step.Name)
	return task, log
}

// reread takes another workflow file.
func (h *house) reread(t *testing.T, text string) {
	t.Helper()
	file, err := workflow.ParseFile(workflow.FileName, []byte(text))
	require.NoError(t, err)
	h.file, h.exec.File = file, file
}
