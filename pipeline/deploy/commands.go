package deploy

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/slsflow/slsflow/internal/process"
	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/pipeline/workflow"
)

// shell runs commands in the directory of the service, one after the other, and
// stops at the first that fails.
func (a *attempt) shell(ctx context.Context, env environment, commands []string) error {
	for _, command := range commands {
		fmt.Fprintf(a.log, "$ %s\n", command)
		if err := a.command(ctx, env, command); err != nil {
			return fmt.Errorf("command %q in %s: %w", command, a.task.Dir, err)
		}
	}
	return nil
}

// command runs one command.
func (a *attempt) command(ctx context.Context, env environment, command string) error {
	return process.Run(ctx, process.Command{
		Args:    []string{"sh", "-c", command},
		Dir:     a.dir,
		Env:     env.list(),
		Stdout:  a.log,
		Stderr:  a.log,
		Grace:   a.exec.Grace,
		Started: func(g process.Group) error { return a.note(ctx, g.String()) },
	})
}

// commands does a step that is commands and nothing else: install, test,
// verify. The plan has them all; there may be none.
func (a *attempt) commands(ctx context.Context, env environment) error {
	all := slices.Concat(a.task.Before, a.task.Commands, a.task.After)
	if len(all) == 0 {
		return pipeline.Skip("nothing to %s", a.action)
	}
	said := &finder{Writer: a.log, text: []byte(noTest)}
	a.log = said
	err := a.shell(ctx, env, all)
	if err != nil && said.found && a.action == workflow.ActionTest && context.Cause(ctx) == nil {
		return pipeline.Skip("no test specified")
	}
	return err
}

// noTest is what npm, and the script that "npm init" writes, say where there are
// no tests. Serverless CI/CD took it for a success.
const noTest = "Error: no test specified"

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
