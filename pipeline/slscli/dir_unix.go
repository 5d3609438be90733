//go:build linux || darwin

package slscli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// seized is a directory of a service that one call has for itself.
//
// The program makes .serverless in it, with resolved values, secrets too, and
// does so anew in each call, so that rights given to that beforehand are lost. A
// stricter umask would be in the way of the archives: code in them must be
// readable by all. So the directory above is closed for the time of the call. If
// this process is killed, it stays closed, and what was left in it private.
type seized struct {
	dir  *os.File
	mode os.FileMode // to be given back, 0 if the directory was closed before
}

// wait is how often a directory is asked for that another call has.
const wait = 50 * time.Millisecond

// seize waits until no other call, of this process or another, has dir.
func seize(ctx context.Context, dir string) (*seized, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	s := &seized{dir: f}
	if err := s.lock(ctx); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if err := s.shut(); err != nil {
		return nil, errors.Join(err, s.release())
	}
	return s, nil
}

func (s *seized) lock(ctx context.Context) error {
	tick := time.NewTicker(wait)
	defer tick.Stop()
	for {
		err := syscall.Flock(int(s.dir.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, syscall.EINTR):
			continue
		case !errors.Is(err, syscall.EWOULDBLOCK):
			return fmt.Errorf("lock: %w", err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("another call has the directory: %w", context.Cause(ctx))
		case <-tick.C:
		}
	}
}

func (s *seized) shut() error {
	info, err := s.dir.Stat()
	if err != nil {
		return err
	}
	const special = os.ModeSetuid | os.ModeSetgid | os.ModeSticky
	if mode := info.Mode() & (os.ModePerm | special); mode&0o077 != 0 {
		if err := s.dir.Chmod(mode&special | 0o700); err != nil {
			return fmt.Errorf("%w (the directory must be yours, so that nobody else can read what the program leaves in it)", err)
		}
		s.mode = mode
	}
	return s.clean()
}

// clean removes what a call has left, this one or one that was killed.
func (s *seized) clean() error {
	err := errors.Join(
		os.RemoveAll(filepath.Join(s.dir.Name(), leavings)),
		os.RemoveAll(filepath.Join(s.dir.Name(), rendered)),
	)
	stale, globErr := filepath.Glob(filepath.Join(quoted(s.dir.Name()), documents))
	for _, name := range stale {
		err = errors.Join(err, removeStale(name))
	}
	return errors.Join(err, globErr)
}

// release removes what the call has left and gives the directory back. If that
// could not be removed, the directory stays closed.
func (s *seized) release() error {
	err := s.clean()
	if s.mode != 0 && err == nil {
		err = s.dir.Chmod(s.mode)
	}
	return errors.Join(err, s.dir.Close())
}
