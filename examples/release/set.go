package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/slsflow/slsflow/gitflow"
	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/outputs/sqliteoutputs"
	"github.com/slsflow/slsflow/pipeline/workflow"
	"github.com/slsflow/slsflow/stage"
)

// planRelease brings together what git, the workflow files and the records know.
func planRelease(ctx context.Context, dir string, n stage.Name, now, want string) (gitflow.ReleasePlan, error) {
	r, err := gitflow.Open(dir)
	if err != nil {
		return gitflow.ReleasePlan{}, err
	}
	contracts := workflow.NewReleaseContracts(n, nil, r.FS)
	target, err := parseSet(r, want)
	if err != nil {
		return gitflow.ReleasePlan{}, fmt.Errorf("-want: %w", err)
	}
	var current gitflow.ReleaseSet
	if now == "" {
		current, err = deployed(ctx, dir, n)
	} else if current, err = parseSet(r, now); err != nil {
		err = fmt.Errorf("-now: %w", err)
	}
	if err != nil {
		return gitflow.ReleasePlan{}, err
	}
	before, err := contracts.Of(ctx, current)
	if err != nil {
		return gitflow.ReleasePlan{}, err
	}
	after, err := contracts.Of(ctx, target)
	if err != nil {
		return gitflow.ReleasePlan{}, err
	}
	return r.PlanRelease(ctx, current, target, gitflow.ReleaseOptions{
		Needs: func(service string) []string { return append(before.Needs(service), after.Needs(service)...) },
		Check: contracts.Check,
	})
}

// parseSet reads a set as it stands on the command line.
func parseSet(r *gitflow.Repository, text string) (gitflow.ReleaseSet, error) {
	set := gitflow.ReleaseSet{}
	for part := range strings.SplitSeq(text, ",") {
		service, rev, one := strings.Cut(part, "=")
		if one {
			set[service] = rev
			continue
		}
		names, err := servicesAt(r, part)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			set[name] = part
		}
	}
	return set, nil
}

// servicesAt returns the services that the workflow file of a revision names.
func servicesAt(r *gitflow.Repository, rev string) ([]string, error) {
	tree, err := r.FS(rev)
	if err != nil {
		return nil, err
	}
	text, err := fs.ReadFile(tree, workflow.FileName)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", rev, err)
	}
	file, err := workflow.ParseFile(workflow.FileName, text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", rev, err)
	}
	var names []string
	for _, s := range file.Services {
		names = append(names, s.Name)
	}
	return names, nil
}

// deployed returns the commits that the newest records of a stage name.
func deployed(ctx context.Context, dir string, n stage.Name) (set gitflow.ReleaseSet, err error) {
	file := filepath.Join(dir, ".slsflow", "state.db")
	if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) { // it would be made
		return nil, fmt.Errorf("nothing has been deployed from %s (say with -now what the stage has)", dir)
	}
	store, err := sqliteoutputs.Open(ctx, file, sqliteoutputs.Options{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	records, err := store.Latest(ctx, outputs.Filter{Stage: n})
	if err != nil {
		return nil, err
	}
	set = gitflow.ReleaseSet{}
	for _, record := range records {
		if slices.Contains([]outputs.Status{outputs.Deployed, outputs.Deploying, outputs.Failed}, record.Status) {
			set[record.Service] = record.Commit
		}
	}
	return set, nil
}
