//go:build linux || darwin

package slscli

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// shared writes the rendered file beside those of others. It stays locked until
// it is removed, so that one that a killed process has left can be told.
func shared(dir string, doc []byte) (name string, remove func() error, err error) {
	for {
		f, err := os.CreateTemp(dir, documents) // 0600
		if err != nil {
			return "", nil, err
		}
		remove = func() error { return errors.Join(os.Remove(f.Name()), f.Close()) }
		if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
			_ = f.Close() // it was taken for a stale one just now, and is removed by who did
			if errors.Is(err, syscall.EWOULDBLOCK) {
				continue
			}
			return "", nil, errors.Join(err, os.Remove(f.Name()))
		}
		if !still(f) {
			_ = f.Close()
			continue
		}
		if _, err := f.Write(doc); err != nil {
			return "", nil, errors.Join(err, remove())
		}
		return filepath.Base(f.Name()), remove, nil
	}
}

// still reports whether a file has the name that it was opened by.
func still(f *os.File) bool {
	a, aErr := f.Stat()
	b, bErr := os.Stat(f.Name())
	return aErr == nil && bErr == nil && os.SameFile(a, b)
}

// removeStale removes a rendered file unless it is in use.
func removeStale(name string) error {
	f, err := os.Open(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	switch {
	case errors.Is(err, syscall.EWOULDBLOCK):
		err = nil
	case err == nil:
		if err = os.Remove(name); errors.Is(err, os.ErrNotExist) {
			err = nil
		}
	}
	return errors.Join(err, f.Close())
}

// quoted is a directory as filepath.Glob takes it.
func quoted(dir string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(dir)
}
