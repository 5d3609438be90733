// Package slscli is the command line of the Serverless Framework, and of its open
// fork osls, as typed calls.
//
// A [CLI] says which program, a [Call] on which service and as whom. Start with
// [CLI.Deploy]. Credentials and secrets go by the environment: a call that would
// put a secret into an argument or a file is refused. The program sees the
// environment of the call and nothing of this process's.
//
// While a call may write .serverless, which holds resolved values, secrets too,
// the directory of the service is open to its owner alone, and .serverless is
// removed before and after. Calls in one directory wait for each other. A call
// whose context ends is interrupted, given time, and killed with all that it has
// started; every call has a deadline, since there are inputs from which the
// program never returns.
package slscli

import (
	"cmp"
	"context"
	"io"
	"time"

	"github.com/slsflow/slsflow/internal/process"
	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/stage"
)

// Flavor is which of the command lines a program is.
type Flavor int

// The flavors. They take the same arguments where this package calls them, and
// differ in their names and in the environment that keeps them quiet.
const (
	// Osls4 is osls 4, the open fork. It needs no login.
	Osls4 Flavor = iota
	// Serverless3 is serverless 3. It does not honor AWS_ENDPOINT_URL.
	Serverless3
	// Serverless4 is serverless 4, by its documentation alone: it is not tried
	// here. It wants SERVERLESS_ACCESS_KEY or SERVERLESS_LICENSE_KEY in
	// [Call.Env].
	Serverless4
)

// String returns "osls 4", "serverless 3" or "serverless 4".
func (f Flavor) String() string {
	switch f {
	case Serverless3:
		return "serverless 3"
	case Serverless4:
		return "serverless 4"
	default:
		return "osls 4"
	}
}

// program is what is run if nothing else is asked for.
func (f Flavor) program() string {
	if f == Osls4 {
		return "osls"
	}
	return "serverless"
}

// Default limits of [CLI].
const (
	// DefaultGrace is enough for calls to CloudFormation in flight.
	DefaultGrace = time.Minute
	// DefaultDeployTimeout is that of Deploy and Remove: some resources, such as
	// a CloudFront distribution, take most of an hour.
	DefaultDeployTimeout = time.Hour
	// DefaultTimeout is that of all other calls.
	DefaultTimeout = 10 * time.Minute
)

// CLI is a command line. The zero CLI is osls, found in the PATH of each call's
// environment. It may be used concurrently.
type CLI struct {
	// Command is the program and arguments that come before all others, such as
	// {"node", "node_modules/osls/bin/serverless.js"}. A program without a slash
	// is looked up in the PATH of [Call.Env]; a relative path is one from
	// [Call.Dir]. Default: "osls" or "serverless", by Flavor.
	Command []string
	Flavor  Flavor
	// Grace is how long an interrupted call may take to end by itself before it
	// is killed. Default: [DefaultGrace]. Negative: killed at once.
	Grace time.Duration
	// Timeout is the deadline of each call. Default: [DefaultDeployTimeout] or
	// [DefaultTimeout].
	Timeout time.Duration
}

func (c CLI) command() []string {
	if len(c.Command) > 0 {
		return c.Command
	}
	return []string{c.Flavor.program()}
}

func (c CLI) timeout(otherwise time.Duration) time.Duration { return cmp.Or(c.Timeout, otherwise) }

// Call says what a command acts on.
type Call struct {
	// Dir is the directory of the service. Required.
	Dir string
	// Config is the name of the service's file in Dir. Default: the program looks
	// for serverless.yml and the like.
	Config string
	// Document, if not nil, is used in place of the service's file: the JSON of a
	// rendered one. It is kept in a private file in Dir during the call, since
	// the program takes no other. It must not hold a secret, but ${env:NAME} for
	// each of Secrets.
	Document []byte
	// Stage is required.
	Stage stage.Name
	// Region is, for example, "us-east-1". Default: what the service's file says.
	Region string
	// Params are given as --param. They must be texts that are not empty and
	// have one line. A [params.Secret] is refused.
	Params map[string]params.Value
	// Env is the whole environment, "KEY=value" each: PATH, HOME, credentials.
	Env []string
	// Secrets are added to Env. They may appear in no argument, and not in
	// Document.
	Secrets map[string]params.Secret
	// Verbose makes the program tell more, such as each event of the stack.
	Verbose bool
	// Log gets what the program prints, as it comes. It is not masked. Default:
	// nowhere.
	Log io.Writer
	// Started is told, before the program does anything, by which text [End] can
	// end it. If it returns an error the program never runs.
	Started func(group string) error
}

// DeployOptions are those of [CLI.Deploy].
type DeployOptions struct {
	// Force deploys even if nothing has changed.
	Force bool
}

// Deploy packages and deploys the service, and returns when its stack is up to
// date. Deploying what is deployed already is no error. An error of the program
// is an [*Error].
func (c CLI) Deploy(ctx context.Context, call Call, o DeployOptions) error {
	args := []string{"deploy"}
	if o.Force {
		args = append(args, "--force")
	}
	return c.write(ctx, call, c.timeout(DefaultDeployTimeout), args, nil)
}

// Remove deletes the stack of the service and all that its deployments have
// left. The error is [ErrNoStack] if there is no stack of this name.
func (c CLI) Remove(ctx context.Context, call Call) error {
	return c.write(ctx, call, c.timeout(DefaultDeployTimeout), []string{"remove"}, nil)
}

// Print returns the service as the program has resolved it, as JSON. It has the
// values of the environment in it, secrets too: it is not to be shown or kept.
func (c CLI) Print(ctx context.Context, call Call) ([]byte, error) {
	return c.read(ctx, call, c.timeout(DefaultTimeout), []string{"print", "--format", "json"})
}

// Info asks AWS what is deployed. The error is [ErrNoStack] if nothing is.
func (c CLI) Info(ctx context.Context, call Call) (Info, error) {
	text, err := c.read(ctx, call, c.timeout(DefaultTimeout), []string{"info"})
	if err != nil {
		return Info{}, err
	}
	return parseInfo(text)
}

// End ends a call whose process has died, by the text that [Call.Started] was
// told: it is interrupted and, after the grace (0: [DefaultGrace]), killed. It
// reports whether anything was running. It cannot tell for a call on another
// machine, or before a restart of this one: that is an error that wraps
// [ErrElsewhere].
//
// The stack may go on changing after that: AWS ends what was asked for.
func End(ctx context.Context, group string, grace time.Duration) (ended bool, err error) {
	g, err := process.ParseGroup(group)
	if err != nil {
		return false, err
	}
	return process.End(ctx, g, cmp.Or(grace, DefaultGrace))
}

// ErrElsewhere is wrapped by the error of [End] for a call that was made on
// another machine, in another container, or before a restart.
var ErrElsewhere = process.ErrElsewhere
