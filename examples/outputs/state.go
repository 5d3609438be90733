package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/slsflow/slsflow/examples/internal/repository"
	"github.com/slsflow/slsflow/examples/internal/statedir"
	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/outputs/sqliteoutputs"
	"github.com/slsflow/slsflow/pipeline/workflow"
	"github.com/slsflow/slsflow/stage"
)

// read gives ask the records.
func read(ctx context.Context, o options, ask func(outputs.Store) error) (err error) {
	if !o.records.File() {
		s, err := elsewhereKept(ctx, o)
		if err != nil {
			return err
		}
		return ask(s)
	}
	file := statedir.Of(o.dir).DB
	if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) { // it would be made
		return fmt.Errorf("nothing has been deployed from %s (deploy first, name the root of the repository with -dir, or where the records are with -records)", o.dir)
	} else if err != nil {
		return err
	}
	var opt sqliteoutputs.Options
	if o.reveal {
		opt.KeyFile = statedir.Of(o.dir).Key
	}
	s, err := sqliteoutputs.Open(ctx, file, opt)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return ask(s)
}

// elsewhereKept opens the records that -records names, of the profile of the stage.
func elsewhereKept(ctx context.Context, o options) (outputs.Store, error) {
	f, err := workflowFile(o)
	if err != nil {
		return nil, err
	}
	at, err := o.at()
	if err != nil {
		return nil, err
	}
	p, _, err := f.Profiles().For(at)
	if err != nil {
		return nil, err
	}
	of, err := o.records.Open(ctx, f.App, false)
	if err != nil {
		return nil, err
	}
	return of(ctx, p)
}

// at is the stage that is meant: your own if none is named.
func (o options) at() (stage.Name, error) {
	if !o.filter.Stage.IsZero() {
		return o.filter.Stage, nil
	}
	n, err := stage.Developer(o.user)
	if err != nil {
		return n, fmt.Errorf("no stage: %w (name it with -stage)", err)
	}
	return n, nil
}

// workflowFile reads the workflow file of the repository.
func workflowFile(o options) (*workflow.File, error) {
	f, tree, err := repository.Open(o.dir)
	if err != nil {
		return nil, err
	}
	return f, tree.Close()
}
