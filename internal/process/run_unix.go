//go:build linux || darwin

package process

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// gate is the script that holds a program back until its group is recorded: it
// waits for a line, and ends without running anything if there is none.
const gate = `read -r line <&3 || exit 125; exec "$@" 3<&-`

func run(ctx context.Context, c Command) error {
	program, err := lookup(c)
	if err != nil {
		return err
	}
	args := append([]string{program}, c.Args[1:]...)
	if c.Started != nil {
		args = append([]string{"/bin/sh", "-c", gate, "sh"}, args...)
	}
	// The context does not end the command: the group is ended below.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), args[0], args[1:]...)
	cmd.Dir = c.Dir
	cmd.Env = append([]string{}, c.Env...) // never nil, which would be this process's
	if filepath.IsAbs(c.Dir) {
		cmd.Env = append(cmd.Env, "PWD="+c.Dir)
	}
	cmd.ExtraFiles = c.ExtraFiles
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := connect(cmd, c.Stdout, c.Stderr)
	if err != nil {
		return err
	}
	var hold, release *os.File
	if c.Started != nil {
		if hold, release, err = os.Pipe(); err != nil {
			out.started()
			return errors.Join(err, out.wait())
		}
		cmd.ExtraFiles = []*os.File{hold}
	}
	err = cmd.Start()
	out.started()
	if hold != nil {
		_ = hold.Close()
	}
	if err != nil {
		if release != nil {
			_ = release.Close()
		}
		return errors.Join(err, out.wait())
	}
	ch := child{cmd: cmd, id: cmd.Process.Pid}
	exit := make(chan error, 1)
	var refused error
	if c.Started != nil {
		refused = ch.open(release, c.Started)
	}
	if refused != nil {
		_ = ch.reap() // it was killed
		return errors.Join(refused, out.wait())
	}
	go func() { exit <- ch.reap() }()
	err = ch.await(ctx, exit, c.Grace)
	return errors.Join(err, out.wait())
}

// child is a running program and its group. The number of the group may be
// another's once the program was waited for, so it is not signaled after that.
type child struct {
	cmd  *exec.Cmd
	id   int
	mu   sync.Mutex
	gone bool
}

func (ch *child) signal(s syscall.Signal) {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	if !ch.gone {
		_ = syscall.Kill(-ch.id, s)
	}
}

// open tells the group to started and lets the program run if that agrees.
func (ch *child) open(release *os.File, started func(Group) error) error {
	defer release.Close()
	g, err := groupOf(ch.id)
	if err == nil {
		err = started(g)
	}
	if err == nil {
		_, err = release.WriteString("\n")
	}
	if err != nil {
		ch.signal(syscall.SIGKILL)
		return fmt.Errorf("not started: %w", err)
	}
	return nil
}

// await waits for the end of the program, and brings it about if ctx is done.
func (ch *child) await(ctx context.Context, exit <-chan error, grace time.Duration) error {
	select {
	case err := <-exit:
		return err
	case <-ctx.Done():
	}
	if grace >= 0 {
		ch.signal(syscall.SIGINT)
		timer := time.NewTimer(cmp.Or(grace, DefaultGrace))
		defer timer.Stop()
		select {
		case err := <-exit:
			return ended(ctx, err)
		case <-timer.C:
		}
	}
	ch.signal(syscall.SIGKILL)
	return ended(ctx, <-exit)
}

// ended is the error of a program that ctx has ended: its exit status alone
// would not tell why.
func ended(ctx context.Context, err error) error {
	if err == nil {
		return context.Cause(ctx)
	}
	return fmt.Errorf("%w (%w)", context.Cause(ctx), err)
}

// lookup returns the path of the program. It looks in the PATH that the program
// itself will have, not in that of this process.
func lookup(c Command) (string, error) {
	name := c.Args[0]
	if strings.Contains(name, "/") {
		return name, nil
	}
	path := ""
	for _, kv := range c.Env {
		if v, ok := strings.CutPrefix(kv, "PATH="); ok {
			path = v
		}
	}
	for _, dir := range filepath.SplitList(path) {
		if !filepath.IsAbs(dir) {
			continue // as os/exec: nothing is run from the current directory unasked
		}
		file := filepath.Join(dir, name)
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return file, nil
		}
	}
	return "", fmt.Errorf("%w (its PATH is %q)", exec.ErrNotFound, path)
}
