package deploy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/slsflow/slsflow/internal/process"
	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/pipeline/workflow"
)

// note is what a later attempt must know: which process group was about to run.
type note struct {
	Group string `json:"group"`
}

// note records the process group that is about to run.
func (a *attempt) note(ctx context.Context, group string) error {
	n, err := json.Marshal(note{Group: group})
	if err != nil {
		return err
	}
	return a.noted(ctx, n)
}

// endLost ends what earlier attempts of a step have left running.
func (e *Executor) endLost(ctx context.Context, t pipeline.Task) error {
	for _, n := range t.Notes {
		var left note
		if err := json.Unmarshal(n, &left); err != nil {
			return fmt.Errorf("note of an earlier attempt: %w", err)
		}
		g, err := process.ParseGroup(left.Group)
		if err != nil {
			return fmt.Errorf("note of an earlier attempt: %w", err)
		}
		ended, err := process.End(ctx, g, e.Grace)
		switch {
		case errors.Is(err, process.ErrElsewhere):
			// Its machine is gone or was started again. CloudFormation refuses a
			// second change to a stack that is still being changed.
			fmt.Fprintf(t.Log, "an earlier attempt ran elsewhere: %v\n", err)
		case err != nil:
			return fmt.Errorf("earlier attempt: %w", err)
		case ended:
			fmt.Fprintf(t.Log, "ended what an earlier attempt had left running\n")
		}
	}
	return nil
}

// closeLost closes the record that a lost attempt of a step has left open.
func (e *Executor) closeLost(ctx context.Context, t pipeline.Task) error {
	if t.Step.Action != workflow.ActionDeploy && t.Step.Action != workflow.ActionRemove {
		return nil
	}
	task, err := decode(t)
	if err != nil {
		return err
	}
	p, err := e.File.Profiles().Named(task.Profile)
	if err != nil {
		return err
	}
	records, err := e.recordsOf(ctx, p)
	if err != nil {
		return err
	}
	newest, ok, err := outputs.Newest(ctx, records, instanceOf(task))
	if err != nil || !ok || newest.Done() || newest.Run != t.Run {
		return err
	}
	return e.endUnfinished(ctx, records, newest, fmt.Sprintf("run %s was cancelled, and this attempt was lost before", t.Run))
}

// endUnfinished ends a record whose attempt is lost.
func (e *Executor) endUnfinished(ctx context.Context, records outputs.Store, r outputs.Record, why string) error {
	r.Status, r.Ended, r.Error = outputs.Failed, e.now(), why
	if err := records.End(ctx, r); !errors.Is(err, outputs.ErrDone) {
		return err
	}
	return nil // somebody was faster
}
