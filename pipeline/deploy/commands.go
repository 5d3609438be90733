package deploy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/slsflow/slsflow/internal/process"
	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/pipeline/workflow"
)

// shell runs commands in the directory of the service, one after the other, and
// stops at the first that fails.
func (a *attempt) shell(ctx context.Context, env environment, commands []string) error {
	for _, command := range commands {
		if err := a.command(ctx, env, command, a.log); err != nil {
			return err
		}
	}
	return nil
}

// command runs one command.
func (a *attempt) command(ctx context.Context, env environment, command string, out io.Writer) error {
	fmt.Fprintf(a.log, "$ %s\n", command)
	err := process.Run(ctx, process.Command{
		Args:    []string{"sh", "-c", command},
		Dir:     a.dir,
		Env:     env.list(),
		Stdout:  out,
		Stderr:  out,
		Grace:   a.exec.Grace,
		Started: func(g process.Group) error { return a.note(ctx, g.String()) },
	})
	if err != nil {
		return fmt.Errorf("command %q in %s: %w", command, a.task.Dir, err)
	}
	return nil
}

// commands does a step that is commands and nothing else: install, test,
// verify. The plan has them all; there may be none.
func (a *attempt) commands(ctx context.Context, env environment) error {
	if len(a.task.Before)+len(a.task.Commands)+len(a.task.After) == 0 {
		return pipeline.Skip("nothing to %s", a.action)
	}
	if err := a.shell(ctx, env, a.task.Before); err != nil {
		return err
	}
	idle := 0
	for _, command := range a.task.Commands {
		switch err := a.testCommand(ctx, env, command); {
		case errors.Is(err, errNoTest):
			idle++
		case err != nil:
			return err
		}
	}
	if err := a.shell(ctx, env, a.task.After); err != nil {
		return err
	}
	if idle > 0 && idle == len(a.task.Commands) {
		return pipeline.Skip("no test specified")
	}
	return nil
}

// noTest is what npm, and the script that "npm init" writes, say where there are
// no tests. Serverless CI/CD took it for a success.
const noTest = "Error: no test specified"

var errNoTest = errors.New("no test specified")

// testCommand runs a command. The error of a test that fails since there is none
// is errNoTest.
func (a *attempt) testCommand(ctx context.Context, env environment, command string) error {
	said := &finder{Writer: a.log, text: []byte(noTest)}
	err := a.command(ctx, env, command, said)
	if err != nil && said.found && a.action == workflow.ActionTest && context.Cause(ctx) == nil {
		return errNoTest
	}
	return err
}

// hooked runs what an action does by itself, or the commands that replace it,
// between the hooks.
func (a *attempt) hooked(ctx context.Context, env environment, builtin func() error) error {
	if err := a.shell(ctx, env, a.task.Before); err != nil {
		return err
	}
	if a.task.Commands != nil {
		builtin = func() error { return a.shell(ctx, env, a.task.Commands) }
	}
	if err := builtin(); err != nil {
		return err
	}
	return a.shell(ctx, env, a.task.After)
}

// finder passes text on and notices whether a piece of it is the one it looks
// for, also if that comes in two writes.
type finder struct {
	io.Writer
	text  []byte
	tail  []byte
	found bool
}

func (f *finder) Write(p []byte) (int, error) {
	seen := append(f.tail, p...)
	f.found = f.found || bytes.Contains(seen, f.text)
	f.tail = bytes.Clone(seen[max(0, len(seen)-len(f.text)):])
	return f.Writer.Write(p)
}
