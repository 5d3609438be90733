package main

import (
	"context"
	"io/fs"
	"os"
	"strings"

	"github.com/slsflow/slsflow/gitflow"
	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/pipeline/workflow"
)

// plan gathers what planning needs to know. It is the only place that looks at
// the repository and the records; workflow.Plan itself looks at nothing.
func (t *team) plan(ctx context.Context, e workflow.Event, work *clone) (workflow.Outcome, *workflow.File, error) {
	in := workflow.Input{Event: e, ChangedKnown: e.Base != "" && e.Commit != ""}
	var err error
	if work != nil {
		root, err := os.OpenRoot(work.dir)
		if err != nil {
			return workflow.Outcome{}, nil, err
		}
		defer root.Close()
		in.Tree = root.FS()
		in.File, err = workflowFile(in.Tree)
		if err != nil {
			return workflow.Outcome{}, nil, err
		}
	} else {
		if e.Commit != "" {
			if in.Tree, err = t.origin.FS(e.Commit); err != nil {
				return workflow.Outcome{}, nil, err
			}
		}
		if in.File, err = t.governing(e); err != nil {
			return workflow.Outcome{}, nil, err
		}
	}
	if in.Instances, err = t.records.Latest(ctx, outputs.Filter{App: in.File.App}); err != nil {
		return workflow.Outcome{}, nil, err
	}
	branches, err := t.origin.Branches(ctx)
	if err != nil {
		return workflow.Outcome{}, nil, err
	}
	in.Branches = make([]string, 0, len(branches))
	for _, b := range branches {
		in.Branches = append(in.Branches, b.Name)
	}
	if in.ChangedKnown {
		if in.Changed, err = t.changed(ctx, e.Base, e.Commit); err != nil {
			return workflow.Outcome{}, nil, err
		}
	}
	in.Since = make(map[string][]string)
	for _, r := range in.Instances {
		if e.Commit == "" || in.Since[r.Commit] != nil || strings.HasSuffix(r.Commit, "-dirty") {
			continue
		}
		if in.Since[r.Commit], err = t.changed(ctx, r.Commit, e.Commit); err != nil {
			return workflow.Outcome{}, nil, err
		}
	}
	out, err := workflow.Plan(ctx, in)
	return out, in.File, err
}

// governing returns the workflow file that counts for an event. The trunk says
// which other branches have one of their own.
func (t *team) governing(e workflow.Event) (*workflow.File, error) {
	source, err := t.origin.FS(trunk)
	if err != nil {
		return nil, err
	}
	file, err := workflowFile(source)
	if err != nil {
		return nil, err
	}
	rev := file.Revision(e)
	if rev == "" {
		return file, nil
	}
	if source, err = t.origin.FS(rev); err != nil {
		return nil, err
	}
	return workflowFile(source)
}

func workflowFile(tree fs.FS) (*workflow.File, error) {
	text, err := fs.ReadFile(tree, workflow.FileName)
	if err != nil {
		return nil, err
	}
	return workflow.ParseFile(workflow.FileName, text)
}

func (t *team) changed(ctx context.Context, base, head string) ([]string, error) {
	changes, err := t.origin.Changed(ctx, base, head, gitflow.ChangedOptions{})
	paths := make([]string, 0, len(changes))
	for _, c := range changes {
		paths = append(paths, c.Path)
		if c.From != "" {
			paths = append(paths, c.From)
		}
	}
	return paths, err
}
