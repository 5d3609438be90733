package main

import (
	"context"
	"errors"
	"io"
	"path/filepath"

	"github.com/slsflow/slsflow/examples/internal/ssmstore"
	"github.com/slsflow/slsflow/examples/internal/statedir"
	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/outputs/sqliteoutputs"
	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/sqliteparams"
	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/pipeline/sqliteledger"
	"github.com/slsflow/slsflow/pipeline/workflow"
	"github.com/slsflow/slsflow/profile"
)

// stateDir is where everything is kept, below the root of the repository.
const stateDir = statedir.Name

// state is what is known from one command to the next, in one file.
type state struct {
	dir     string
	secrets params.Store
	records outputs.Store // of the profile of the stage, if each has its own
	ledger  *sqliteledger.Ledger

	// recordsOf is for an Executor, or nil if records has those of all profiles.
	recordsOf func(context.Context, profile.Profile) (outputs.Store, error)
	closers   []io.Closer
}

// openState opens the state of a repository, and makes it the first time.
func openState(ctx context.Context, root string) (_ *state, err error) {
	s := &state{dir: statedir.Of(root).Dir}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	files := statedir.Of(root)
	if err := files.Make(); err != nil {
		return nil, err
	}
	file, key := files.DB, files.Key
	secrets, err := sqliteparams.Open(ctx, file, sqliteparams.Options{KeyFile: key})
	if err != nil {
		return nil, err
	}
	s.secrets, s.closers = secrets, append(s.closers, secrets)
	kept, err := sqliteoutputs.Open(ctx, file, sqliteoutputs.Options{KeyFile: key})
	if err != nil {
		return nil, err
	}
	s.records, s.closers = kept, append(s.closers, kept)
	if s.ledger, err = sqliteledger.Open(ctx, file); err != nil {
		return nil, err
	}
	s.closers = append(s.closers, s.ledger)
	return s, nil
}

// keepSecrets takes the secrets from where the flags say.
func (s *state) keepSecrets(ctx context.Context, o options, f *workflow.File) error {
	if o.ssm == "" {
		return nil
	}
	of, err := ssmstore.Open(ctx, f.App, o.ssm, "")
	s.secrets = params.ByProfile(func(_ context.Context, name string) (params.Store, error) {
		p, err := f.Profiles().Named(name)
		if err != nil {
			return nil, err
		}
		return of(p)
	})
	return err
}

// keepElsewhere takes the records from where the flags say.
func (s *state) keepElsewhere(ctx context.Context, o options, f *workflow.File) error {
	if o.records.File() {
		return nil
	}
	at, err := o.where()
	if err != nil {
		return err
	}
	p, _, err := f.Profiles().For(at)
	if err != nil {
		return err
	}
	of, err := o.records.Open(ctx, f.App, !o.history)
	if err != nil {
		return err
	}
	if o.records.Apart() {
		s.recordsOf = of
	}
	s.records, err = of(ctx, p)
	return err
}

// close closes what openState has opened.
func (s *state) close() error {
	var errs []error
	for _, c := range s.closers {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// cloud is where the local executor deploys to.
func (s *state) cloud() string { return filepath.Join(s.dir, "cloud") }

// logs are those of the steps.
func (s *state) logs() pipeline.LogDir { return pipeline.LogDir(filepath.Join(s.dir, "logs")) }
