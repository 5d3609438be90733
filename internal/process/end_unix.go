//go:build linux || darwin

package process

import (
	"cmp"
	"context"
	"errors"
	"syscall"
	"time"
)

// poll is how often a group that is ending is looked at. A process can only wait
// for children of its own.
const poll = 10 * time.Millisecond

// groupOf returns the group whose first process, alive or not yet waited for, is
// id.
func groupOf(id int) (Group, error) {
	host, err := host()
	if err != nil {
		return Group{}, err
	}
	start, ok, err := startOf(id)
	if err != nil {
		return Group{}, err
	}
	if !ok {
		return Group{}, syscall.ESRCH
	}
	return Group{ID: id, Start: start, Host: host}, nil
}

func end(ctx context.Context, g Group, grace time.Duration) (bool, error) {
	here, err := host()
	if err != nil {
		return false, err
	}
	if g.Host != here {
		return false, ErrElsewhere
	}
	running, err := g.running()
	if err != nil || !running {
		return false, err
	}
	if grace >= 0 {
		if err := kill(g.ID, syscall.SIGINT); err != nil {
			return true, err
		}
		gone, err := g.wait(ctx, cmp.Or(grace, DefaultGrace))
		if err != nil || gone {
			return true, err
		}
	}
	if err := kill(g.ID, syscall.SIGKILL); err != nil {
		return true, err
	}
	gone, err := g.wait(ctx, DefaultGrace)
	if err == nil && !gone {
		err = errors.New("it does not die")
	}
	return true, err
}

func kill(group int, s syscall.Signal) error {
	if err := syscall.Kill(-group, s); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return nil
}

// running reports whether the group still has a process that does something.
func (g Group) running() (bool, error) {
	start, ok, err := startOf(g.ID)
	if err != nil {
		return false, err
	}
	if ok && start != g.Start {
		return false, nil // the number was given away, so nothing of the group was left
	}
	// If the first process is gone and others are not, the number cannot have
	// been given to anybody else.
	return alive(g.ID)
}

// wait reports whether the group has ended within d.
func (g Group) wait(ctx context.Context, d time.Duration) (bool, error) {
	deadline := time.NewTimer(d)
	defer deadline.Stop()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		running, err := g.running()
		if err != nil || !running {
			return !running, err
		}
		select {
		case <-ctx.Done():
			return false, context.Cause(ctx)
		case <-deadline.C:
			return false, nil
		case <-tick.C:
		}
	}
}
