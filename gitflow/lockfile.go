package gitflow

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// lockFile is git's way to own a file: whoever makes "<file>.lock" may replace
// the file, by renaming the lock onto it.
type lockFile struct {
	target string
	file   *os.File // nil after commit or release
}

// lock waits for the lock of a file for about a second.
func lock(ctx context.Context, target string) (*lockFile, error) {
	const tries, pause = 50, 20 * time.Millisecond
	for try := 1; ; try++ {
		err := os.MkdirAll(filepath.Dir(target), 0o777)
		if err == nil {
			var f *os.File
			if f, err = os.OpenFile(target+".lock", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666); err == nil {
				return &lockFile{target: target, file: f}, nil
			}
		}
		// Not there: somebody just removed the directory, which was empty.
		if !errors.Is(err, fs.ErrExist) && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if try == tries {
			return nil, heldError(target+".lock", err)
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(pause):
		}
	}
}

// heldError says how old a lock is: one is held for moments, and one that is older
// was left behind by a process that was killed.
func heldError(name string, err error) error {
	age := "for about a second"
	if info, statErr := os.Stat(name); statErr == nil {
		age = "for " + max(time.Since(info.ModTime()), time.Second).Truncate(time.Second).String()
	}
	return fmt.Errorf("another process holds the lock %s, or was killed with it (locks last for moments: if no git and no other program is at work in the repository any more, remove %s): %w", age, name, err)
}

func (l *lockFile) write(text string) error {
	_, err := l.file.WriteString(text)
	return errors.Join(err, l.file.Sync())
}

// commit puts what was written into the place of the file.
func (l *lockFile) commit() error {
	if err := l.file.Close(); err != nil {
		return err
	}
	removeEmptyDirs(l.target) // left behind by deleted branches of a folder
	if err := os.Rename(l.target+".lock", l.target); err != nil {
		return err
	}
	l.file = nil
	return nil
}

// release gives up the lock, if commit has not done so.
func (l *lockFile) release() error {
	if l.file == nil {
		return nil
	}
	_ = l.file.Close() // closed already if commit failed
	l.file = nil
	return os.Remove(l.target + ".lock")
}

// removeEmptyDirs removes dir if it is a directory that holds directories only.
func removeEmptyDirs(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if e.IsDir() {
			removeEmptyDirs(filepath.Join(dir, e.Name()))
		}
	}
	_ = os.Remove(dir) // refuses a directory that is not empty
}
