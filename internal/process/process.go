// Package process runs foreign programs so that none is left behind.
//
// [Run] gives a program a process group of its own and an environment that is
// exactly the one asked for. When its context ends, the group is interrupted, and
// killed if it does not end by itself; when the program ends, what it left
// running in its group is killed. [Command.Started] tells the group before the
// program does anything, so that it can be recorded; [End] ends a recorded group
// whose runner has died.
//
// It works on Linux and macOS. Elsewhere every call is an error that wraps
// [errors.ErrUnsupported].
package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// DefaultGrace is how long a program may take to end after the interrupt.
const DefaultGrace = 10 * time.Second

// straggler bounds the wait for output after the whole group is dead: a process
// that has left its group may hold the pipe open forever.
const straggler = 2 * time.Second

// Command says what to run.
type Command struct {
	// Args are the program and its arguments. A program without a slash is looked
	// up in the PATH of Env; one with a slash is taken from Dir if relative.
	Args []string
	// Dir is the working directory. Default: the one of this process.
	Dir string
	// Env is the whole environment, "KEY=value" each. Nothing is inherited. The
	// program sees PWD as well, and what sh sets by itself if Started is given.
	Env []string
	// Stdout and Stderr get the output as it comes. They may be the same writer,
	// which is then never called concurrently. Default: nowhere.
	Stdout, Stderr io.Writer
	// ExtraFiles are the descriptors 3, 4 and so on of the program. They stay the
	// caller's, who closes them when Run has returned. They exclude Started.
	ExtraFiles []*os.File
	// Grace is the time between the interrupt and the kill. Default:
	// [DefaultGrace]. Negative: killed at once.
	Grace time.Duration
	// Started is called with the new process group before the program runs. If
	// it returns an error, or if this process dies in it, the program never runs.
	Started func(Group) error
}

// Run runs a program to its end. It returns nil only if the exit status is 0 and
// ctx was not done before. An error wraps the cause of ctx if that ended the
// program, and an *exec.ExitError if there is an exit status. Standard input is
// empty.
func Run(ctx context.Context, c Command) error {
	if len(c.Args) == 0 {
		return errors.New("run: no program")
	}
	if len(c.ExtraFiles) > 0 && c.Started != nil {
		return fmt.Errorf("run %s: ExtraFiles and Started exclude each other", c.Args[0])
	}
	if err := context.Cause(ctx); err != nil {
		return fmt.Errorf("run %s: %w", c.Args[0], err)
	}
	if err := run(ctx, c); err != nil {
		return fmt.Errorf("run %s: %w", c.Args[0], err)
	}
	return nil
}

// End ends the process group of a runner that has died: it is interrupted, and
// killed if anything of it is left after the grace (0: [DefaultGrace], negative:
// at once). It reports whether anything was running. A group whose number
// belongs to other processes by now is left alone: that is not running.
//
// The error wraps [ErrElsewhere] if the group cannot be looked at from here, and
// the cause of ctx if that was done first.
func End(ctx context.Context, g Group, grace time.Duration) (ended bool, err error) {
	ended, err = end(ctx, g, grace)
	if err != nil {
		return ended, fmt.Errorf("end process group %d: %w", g.ID, err)
	}
	return ended, nil
}

// ErrElsewhere is wrapped by the error of [End] for a group that was started on
// another machine, in another container, or before this machine was restarted.
var ErrElsewhere = errors.New("started on another machine, or before a restart")
