package deploy

import (
	"context"
	"io"

	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/variables"
)

// Provisioner makes the cloud what a resolved service says. It is safe for
// concurrent use for several instances. Both calls converge: they are repeated
// after an attempt whose end is not known, and return soon after their ctx is
// done.
type Provisioner interface {
	// Deploy creates or updates the instance.
	Deploy(ctx context.Context, d Deployment) error
	// Remove takes the instance away. One that is not there is no error.
	Remove(ctx context.Context, d Deployment) error
}

// Deployment is what a [Provisioner] is told.
type Deployment struct {
	outputs.Instance
	// Account is the AWS account, or "" if the profile names none.
	Account string
	// Commit is the commit, with "-dirty" behind it if the tree has changes.
	Commit string
	// Dir is the directory of the service, on disk.
	Dir string
	// Resolved is the serverless.yml with its variables resolved. For a removal,
	// what could not be resolved any more stands as a word of no meaning.
	Resolved *variables.Result
	// StackOutputs are the names of the outputs that are a function of
	// CloudFormation, sorted: see [StackReader]. A removal has none.
	StackOutputs []string
	// Env is the whole environment of a command, "KEY=value" each, with
	// credentials, but without Secrets.
	Env []string
	// Secrets are those of the environment.
	Secrets map[string]params.Secret
	// Log gets what there is to tell. It masks the secrets.
	Log io.Writer
	// Started is told the process group of each command before it runs, as
	// slscli.End reads it.
	Started func(group string) error
}

func (a *attempt) deployment(ctx context.Context, resolved *variables.Result, env environment) Deployment {
	d := Deployment{
		Instance: a.instance,
		Account:  a.profile.Account,
		Commit:   a.task.Revision(),
		Dir:      a.dir,
		Resolved: resolved,
		Secrets:  make(map[string]params.Secret),
		Log:      a.log,
		Started:  func(group string) error { return a.note(ctx, group) },
	}
	plain := make(environment, len(env))
	for name, value := range env {
		if s, ok := value.(params.Secret); ok {
			d.Secrets[name] = s
		} else {
			plain[name] = value
		}
	}
	d.Env = plain.list()
	return d
}
