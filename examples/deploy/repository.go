package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/slsflow/slsflow/examples/internal/repository"
	"github.com/slsflow/slsflow/gitflow"
	"github.com/slsflow/slsflow/pipeline/workflow"
	"github.com/slsflow/slsflow/stage"
)

// findRoot returns the directory with the workflow file: dir, or if that is ""
// the nearest one, the current directory or one above it.
func findRoot(dir string) (string, error) {
	if dir != "" {
		if _, err := os.Stat(filepath.Join(dir, workflow.FileName)); errors.Is(err, os.ErrNotExist) {
			return "", fmt.Errorf("no %s in %s (name the root of the repository with -dir)", workflow.FileName, dir)
		} else if err != nil {
			return "", err
		}
		return dir, nil
	}
	if at, ok := repository.Nearest(); ok {
		return at, nil
	}
	here, err := filepath.Abs(".")
	if err != nil {
		return "", err
	}
	return "", fmt.Errorf("no %s in %s or above it (name the root of the repository with -dir, or write one)", workflow.FileName, here)
}

// readFile reads the workflow file of a repository.
func readFile(root string) (*workflow.File, error) {
	text, err := os.ReadFile(filepath.Join(root, workflow.FileName))
	if err != nil {
		return nil, err
	}
	return workflow.ParseFile(workflow.FileName, text)
}

// asked returns the event that the command line is, and what a person should know
// about it.
func asked(ctx context.Context, o options, root string) (e workflow.Event, note string, err error) {
	e = workflow.Event{
		Kind: workflow.Manual, Trust: workflow.Trusted, Actor: o.user,
		Remove: o.remove, Services: o.services, Takeover: o.takeover,
	}
	if o.user == "" {
		return e, "", errors.New("your user name is not known (set SLSFLOW_USER)")
	}
	if e.Stage, err = o.at(); err != nil {
		return e, "", err
	}
	note, err = describe(ctx, &e, root)
	return e, note, err
}

// at returns the stage that is named, or the zero Name: that of the user.
func (o options) at() (n stage.Name, err error) {
	if o.stage == "" {
		return n, nil
	}
	if n, err = stage.Parse(o.stage); err != nil {
		if like, dashErr := stage.Branch(o.stage); dashErr == nil {
			return n, fmt.Errorf("-stage: %w (did you mean %s?)", err, like)
		}
		return n, fmt.Errorf("-stage: %w", err)
	}
	return n, nil
}

// where returns the stage that is meant.
func (o options) where() (stage.Name, error) {
	n, err := o.at()
	if err != nil || !n.IsZero() {
		return n, err
	}
	return stage.Developer(o.user)
}

// describe adds to an event what git knows of the work tree. Without git there is
// nothing to add; a repository that cannot be read is no reason not to deploy, and
// the note says so.
func describe(ctx context.Context, e *workflow.Event, dir string) (note string, err error) {
	root, err := gitflow.Root(dir)
	if errors.Is(err, gitflow.ErrNotFound) {
		return "there is no git repository: no commit is recorded", nil
	} else if err != nil {
		return "", err
	}
	repo, err := gitflow.Open(root)
	if errors.Is(err, gitflow.ErrUnsupported) {
		return fmt.Sprintf("no commit is recorded: %v", err), nil
	} else if err != nil {
		return "", err
	}
	head, err := repo.Head()
	if err != nil {
		return "", err
	}
	e.Branch, e.Commit = head.Branch, head.Commit
	if head.Commit == "" {
		return fmt.Sprintf("branch %s has no commit yet: none is recorded", head.Branch), nil
	}
	changes, err := repo.Dirty(ctx)
	e.Dirty = len(changes) > 0
	return "", err
}
