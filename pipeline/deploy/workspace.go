package deploy

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/slsflow/slsflow/gitflow"
)

// Workspaces gives the directory that holds the code of a run. It is safe for
// concurrent use.
type Workspaces interface {
	// Dir returns the root of the repository at a commit, for one run. It
	// returns the same directory for the same run and commit, so that what one
	// job installs another one finds.
	Dir(ctx context.Context, run, commit string) (string, error)
}

// WorkTree is the [Workspaces] of a person: one directory, as it is, with the
// changes that are not committed.
type WorkTree string

// Dir returns w.
func (w WorkTree) Dir(context.Context, string, string) (string, error) { return string(w), nil }

// Checkouts is the [Workspaces] of a server: each run gets the files of its
// commit in a directory of its own. The zero value cannot be used; set Root and
// Repository. It must not be copied.
type Checkouts struct {
	// Root is where the directories are made; it must exist.
	Root       string
	Repository *gitflow.Repository

	mu sync.Mutex
}

// Dir exports the commit into a directory of Root, unless that has been done.
func (c *Checkouts) Dir(ctx context.Context, run, commit string) (string, error) {
	if commit == "" {
		return "", fmt.Errorf("checkout for run %s: no commit", run)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	dir := filepath.Join(c.Root, run, commit)
	if !filepath.IsLocal(filepath.Join(run, commit)) {
		return "", fmt.Errorf("checkout of %q for run %q: not a name of a directory", commit, run)
	}
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	// Made under another name first, so that what stands there is complete.
	part := dir + ".part"
	if err := errors.Join(os.RemoveAll(part), os.MkdirAll(part, 0o700)); err != nil {
		return "", err
	}
	if err := c.Repository.Export(ctx, commit, part); err != nil {
		return "", fmt.Errorf("checkout of %s: %w", commit, err)
	}
	return dir, os.Rename(part, dir)
}

// Remove deletes what a run has been given. Call it when the run has finished.
func (c *Checkouts) Remove(run string) error {
	if !filepath.IsLocal(run) {
		return fmt.Errorf("checkout of run %q: not a name of a directory", run)
	}
	return os.RemoveAll(filepath.Join(c.Root, run))
}
