package deploy

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/slsflow/slsflow/pipeline/slscli"
)

// CommandLine is a [Provisioner] that calls osls or serverless.
//
// The command line gets the service as it was resolved here, so that it cannot
// come to other values; only variables that this library has no source for are
// left to it. Secrets go by environment.
type CommandLine struct {
	CLI slscli.CLI
	// Env is added to the environment of each call, "KEY=value" each.
	Env []string
	// Poll is how often a stack is looked at that is still being changed, before
	// it is changed again. Default: [DefaultPoll].
	Poll time.Duration
}

// secretPrefix begins the names of the variables that carry secrets.
const secretPrefix = "SLSFLOW_SECRET_"

// Deploy deploys the service's stack.
func (c CommandLine) Deploy(ctx context.Context, d Deployment) error {
	call, err := c.call(d)
	if err != nil {
		return err
	}
	if len(d.StackOutputs) > 0 && c.cloudFormation(d) == nil {
		return errNoCredentials // before anything is deployed
	}
	if err := c.settle(ctx, d); err != nil {
		return err
	}
	return c.CLI.Deploy(ctx, call, slscli.DeployOptions{})
}

// Remove deletes the service's stack.
func (c CommandLine) Remove(ctx context.Context, d Deployment) error {
	if err := names(d.Resolved); err != nil {
		return err
	}
	call, err := c.call(d)
	if err != nil {
		return err
	}
	if err := c.settle(ctx, d); err != nil {
		return err
	}
	if err := c.CLI.Remove(ctx, call); !errors.Is(err, slscli.ErrNoStack) {
		return err
	}
	return nil
}

func (c CommandLine) call(d Deployment) (slscli.Call, error) {
	doc, secrets, err := d.Resolved.CLI(secretPrefix, "outputs")
	if err != nil {
		return slscli.Call{}, err
	}
	doc, more, err := d.withOutputs(doc)
	if err != nil {
		return slscli.Call{}, err
	}
	maps.Copy(secrets, more)
	all := maps.Clone(d.Secrets)
	if all == nil {
		all = secrets
	}
	maps.Copy(all, secrets) // those of the document win: a param may be called like one
	return slscli.Call{
		Dir:      d.Dir,
		Document: doc,
		Stage:    d.Stage,
		Region:   d.Region,
		Env:      slices.Concat(d.Env, c.Env),
		Secrets:  all,
		Log:      d.Log,
		Started:  d.Started,
	}, nil
}
