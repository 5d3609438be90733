// Package deploy gives the steps of a workflow's plan their meaning: install,
// test, deploy, verify and remove.
//
// An [Executor] is what a pipeline.Runner needs to carry out what workflow.Plan
// has planned. It joins the profile of the stage, its credentials and params, the
// service's variables and a [Provisioner], and records each deployment with what
// it published and read. [Local] is a Provisioner that renders into a directory,
// [CommandLine] one that calls osls or serverless.
//
// Nothing runs for a task that is not trusted. Commands and provisioners get an
// environment that is made from nothing: what [Allow] lets through, the run
// variables that Serverless CI/CD had, the profile's params, and, for deploy,
// verify and remove alone, the credentials.
package deploy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/pipeline/workflow"
)

// Executor does the steps of plans that workflow.Plan made. Set its fields
// before the first call; then it is safe for concurrent use.
type Executor struct {
	// File is the workflow file that the plan was made from. Required.
	File *workflow.File
	// Records are those of the instances. Required.
	Records outputs.Store
	// Secrets has the values of the secrets that profiles name. Nil: they have
	// none.
	Secrets params.Store
	// Workspaces has the code. Required.
	Workspaces Workspaces
	// Provisioner deploys and removes. Required.
	Provisioner Provisioner
	// Access gives credentials. Nil: there are none, as with [Local].
	Access Access
	// Env is what commands have of the caller's environment: usually
	// Allow(os.Environ()).
	Env map[string]string
	// Params are given on the command line, and win over all others.
	Params params.Map
	// Grace is how long an interrupted command may take to end by itself.
	// Default: 10 seconds.
	Grace time.Duration
	// Now is the time. Default: that of the machine.
	Now func() time.Time
}

func (e *Executor) now() time.Time {
	if e.Now == nil {
		return time.Now().UTC()
	}
	return e.Now().UTC()
}

// Execute does one step. Its result is the JSON of a [Result], for deploy and
// remove.
func (e *Executor) Execute(ctx context.Context, t pipeline.Task) (json.RawMessage, error) {
	a, err := e.attempt(ctx, t)
	if err != nil {
		return nil, err
	}
	if err := a.endLost(ctx, t.Notes); err != nil {
		return nil, err
	}
	switch a.action {
	case workflow.ActionInstall, workflow.ActionTest:
		env, err := a.environment(ctx)
		if err != nil {
			return nil, err
		}
		return nil, a.commands(ctx, env)
	case workflow.ActionVerify:
		env, err := a.verifying(ctx)
		if err != nil {
			return nil, err
		}
		return nil, a.commands(ctx, env)
	case workflow.ActionDeploy:
		return a.deploy(ctx)
	case workflow.ActionRemove:
		return a.remove(ctx)
	default:
		return nil, fmt.Errorf("action %q: unknown (the plan was made by a newer program)", a.action)
	}
}

// End ends the processes that a lost attempt has left.
func (e *Executor) End(ctx context.Context, t pipeline.Task) error {
	return (&attempt{exec: e, log: t.Log}).endLost(ctx, t.Notes)
}

// Result is what a deploy or remove step gives.
type Result struct {
	outputs.Instance
	Number  int64          `json:"number"` // of the record
	Status  outputs.Status `json:"status"`
	Account string         `json:"account,omitempty"`
	// Outputs are those that are not secret. They are left out if they are large.
	Outputs map[string]json.RawMessage `json:"outputs,omitempty"`
}

// resultSize bounds the outputs in a Result, well below an entry of the ledger.
const resultSize = 16 << 10

func result(r outputs.Record, published map[string]outputs.Output) (json.RawMessage, error) {
	res := Result{Instance: r.Instance, Number: r.Number, Status: outputs.Deployed, Account: r.Account}
	if r.Removal || r.Status == outputs.Removing {
		res.Status = outputs.Removed
	}
	size := 0
	for name, out := range published {
		if !out.Secret {
			if res.Outputs == nil {
				res.Outputs = make(map[string]json.RawMessage)
			}
			res.Outputs[name] = out.Value
			size += len(name) + len(out.Value)
		}
	}
	if size > resultSize {
		res.Outputs = nil
	}
	return json.Marshal(res)
}

// required returns an error that names each field that is missing.
func (e *Executor) required() error {
	var errs []error
	for name, missing := range map[string]bool{
		"File": e.File == nil, "Records": e.Records == nil, "Workspaces": e.Workspaces == nil, "Provisioner": e.Provisioner == nil,
	} {
		if missing {
			errs = append(errs, fmt.Errorf("deploy.Executor: %s is required", name))
		}
	}
	return errors.Join(errs...)
}
