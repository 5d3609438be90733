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
// environment that is made from nothing: the run variables that Serverless CI/CD
// had, what [Allow] lets through, the profile's params, and, for deploy, verify
// and remove alone, the credentials.
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
	"github.com/slsflow/slsflow/profile"
)

// Executor does the steps of plans that workflow.Plan made. Set its fields
// before the first call; then it is safe for concurrent use.
type Executor struct {
	// File is the workflow file that the plan was made from. Required.
	File *workflow.File
	// Records are those of all instances. Required, unless RecordsOf is given.
	Records outputs.Store
	// RecordsOf returns the records of what is deployed with a profile, where each
	// profile's account keeps its own; see [RecordStores]. A deployment then reads
	// the outputs of that account and no others. Nil: Records has those of all.
	RecordsOf func(ctx context.Context, p profile.Profile) (outputs.Store, error)
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
	// Params are given on the command line, and win over all others. Secrets
	// among them are kept secret as those of a profile are.
	Params params.Map
	// Grace is how long an interrupted command may take to end by itself.
	// Default: 10 seconds.
	Grace time.Duration
	// Now is the time. Default: that of the machine.
	Now func() time.Time
}

var _ pipeline.Ender = (*Executor)(nil)

func (e *Executor) now() time.Time {
	if e.Now == nil {
		return time.Now().UTC()
	}
	return e.Now().UTC()
}

// Execute does one step. Its result is the JSON of a [Result], for deploy and
// remove.
func (e *Executor) Execute(ctx context.Context, t pipeline.Task) (json.RawMessage, error) {
	if err := e.required(); err != nil {
		return nil, err
	}
	// Before anything is refused: what is left running must end in any case.
	if err := e.endLost(ctx, t); err != nil {
		return nil, err
	}
	a, err := e.attempt(ctx, t)
	if err != nil {
		return nil, err
	}
	switch a.action {
	case workflow.ActionInstall, workflow.ActionTest:
		env, err := a.environment(ctx, nil)
		if err != nil {
			return nil, err
		}
		return nil, a.commands(ctx, a.withoutCredentials(env))
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

// End ends the processes that a lost attempt has left, and then its record, if
// it has left one open.
func (e *Executor) End(ctx context.Context, t pipeline.Task) error {
	if err := e.required(); err != nil {
		return err
	}
	if err := e.endLost(ctx, t); err != nil {
		return err // it may be at work still: the record stays open
	}
	return e.closeLost(ctx, t)
}

// required returns an error that names each field that is missing.
func (e *Executor) required() error {
	var errs []error
	need := func(name string, there bool) {
		if !there {
			errs = append(errs, fmt.Errorf("deploy.Executor: %s is required", name))
		}
	}
	need("File", e.File != nil)
	need("Records", e.Records != nil || e.RecordsOf != nil)
	need("Workspaces", e.Workspaces != nil)
	need("Provisioner", e.Provisioner != nil)
	return errors.Join(errs...)
}
