package deploy

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
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
//
// A run that another machine resumes gets a new checkout there, without what its
// install steps have left in the first one.
type Checkouts struct {
	// Root is where the directories are made; so is it, if it is not there.
	Root       string
	Repository *gitflow.Repository

	mu sync.Mutex
}

// fullHash is what a commit must be named by, so that the name is safe and
// always means the same.
var fullHash = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

// Dir exports the commit into a directory of Root, unless that has been done.
// commit is a full hash.
func (c *Checkouts) Dir(ctx context.Context, run, commit string) (string, error) {
	if !fullHash.MatchString(commit) {
		return "", fmt.Errorf("checkout for run %q: commit %q is no full hash", run, commit)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	dir := filepath.Join(c.of(run), commit)
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	// Made under another name first, so that what stands there is complete. Of
	// two processes one is the first to give it its name.
	if err := os.MkdirAll(c.of(run), 0o700); err != nil {
		return "", err
	}
	part, err := os.MkdirTemp(c.of(run), "part-*")
	if err != nil {
		return "", err
	}
	err = c.Repository.Export(ctx, commit, part)
	if err == nil {
		if err = os.Rename(part, dir); err == nil {
			return dir, nil
		}
		if _, there := os.Stat(dir); there == nil {
			return dir, os.RemoveAll(part)
		}
	}
	return "", errors.Join(fmt.Errorf("checkout of %s: %w", commit, err), os.RemoveAll(part))
}

// Remove deletes what a run has been given. Call it when the run has finished.
// That there is nothing is no error.
func (c *Checkouts) Remove(run string) error { return os.RemoveAll(c.of(run)) }

// plainName are the runs whose directories are called like them.
var plainName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$`)

// of returns the directory of a run, whatever characters its ID has.
func (c *Checkouts) of(run string) string {
	if plainName.MatchString(run) {
		return filepath.Join(c.Root, run)
	}
	sum := sha256.Sum256([]byte(run))
	return filepath.Join(c.Root, "~"+hex.EncodeToString(sum[:16]))
}
