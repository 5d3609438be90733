package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/slsflow/slsflow/outputs/sqliteoutputs"
	"github.com/slsflow/slsflow/pipeline/workflow"
)

// read gives ask the records of the repository, which nobody else keeps.
func read(ctx context.Context, o options, ask func(*sqliteoutputs.Store) error) (err error) {
	state := filepath.Join(o.dir, ".slsflow")
	file := filepath.Join(state, "state.db")
	if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) { // it would be made
		return fmt.Errorf("nothing has been deployed from %s (deploy first, or name the root of the repository with -dir)", o.dir)
	} else if err != nil {
		return err
	}
	var opt sqliteoutputs.Options
	if key := filepath.Join(state, "age.key"); o.reveal {
		opt.KeyFile = key
	}
	s, err := sqliteoutputs.Open(ctx, file, opt)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return ask(s)
}

// workflowFile reads the workflow file of the repository.
func workflowFile(o options) (*workflow.File, error) {
	text, err := os.ReadFile(filepath.Join(o.dir, workflow.FileName))
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("no %s in %s (name the root of the repository with -dir)", workflow.FileName, o.dir)
	} else if err != nil {
		return nil, err
	}
	return workflow.ParseFile(workflow.FileName, text)
}
