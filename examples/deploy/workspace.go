package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/slsflow/slsflow/gitflow"
	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/pipeline/deploy"
	"github.com/slsflow/slsflow/pipeline/workflow"
)

// workspaces is the work tree. But to remove an instance whose directory is not in
// it any more, such as on another branch, the commit that was deployed is checked
// out beside it.
type workspaces struct {
	deploy.WorkTree
	gone map[string]*deploy.Checkouts // by commit
}

// Dir returns the work tree, or a checkout.
func (w workspaces) Dir(ctx context.Context, run, commit string) (string, error) {
	if old := w.gone[commit]; old != nil {
		return old.Dir(ctx, run, commit)
	}
	return w.WorkTree.Dir(ctx, run, commit)
}

// remove deletes the checkouts of a run.
func (w workspaces) remove(run string) error {
	var errs []error
	for _, old := range w.gone {
		errs = append(errs, old.Remove(run))
	}
	return errors.Join(errs...)
}

// workspaces returns the code that the plans work with.
func (s *state) workspaces(root string, plans []pipeline.Plan) (workspaces, error) {
	w := workspaces{WorkTree: deploy.WorkTree(root), gone: make(map[string]*deploy.Checkouts)}
	tasks, err := tasksOf(plans)
	if err != nil {
		return w, err
	}
	for _, t := range tasks {
		if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(t.Dir))); !errors.Is(err, os.ErrNotExist) || t.Commit == "" || w.gone[t.Commit] != nil {
			continue
		}
		top, err := gitflow.Root(root)
		if errors.Is(err, gitflow.ErrNotFound) || err == nil && top != root {
			continue // the removal says what is missing
		}
		repo, openErr := gitflow.Open(top)
		if err := errors.Join(err, openErr); err != nil {
			return w, fmt.Errorf("the code of %s at commit %s: %w", t.Service, t.Commit, err)
		}
		w.gone[t.Commit] = &deploy.Checkouts{Root: filepath.Join(s.dir, "checkouts"), Repository: repo}
	}
	return w, nil
}

// tasksOf returns what the steps of the plans are to do.
func tasksOf(plans []pipeline.Plan) ([]workflow.Task, error) {
	var list []workflow.Task
	for _, plan := range plans {
		for _, j := range plan.Jobs {
			for _, s := range j.Steps {
				var t workflow.Task
				if err := json.Unmarshal(s.Input, &t); err != nil {
					return nil, fmt.Errorf("%s: step %s: %w", j.ID, s.Name, err)
				}
				list = append(list, t)
			}
		}
	}
	return list, nil
}
