package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/slsflow/slsflow/outputs/sqliteoutputs"
	"github.com/slsflow/slsflow/params/sqliteparams"
	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/pipeline/sqliteledger"
)

// stateDir is where everything is kept, below the root of the repository.
const stateDir = ".slsflow"

// state is what is known from one command to the next, in one file.
type state struct {
	dir     string
	secrets *sqliteparams.Store
	records *sqliteoutputs.Store
	ledger  *sqliteledger.Ledger
}

// openState opens the state of a repository, and makes it the first time.
func openState(ctx context.Context, root string) (_ *state, err error) {
	s := &state{dir: filepath.Join(root, stateDir)}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, err
	}
	if err := create(filepath.Join(s.dir, ".gitignore"), func() (string, error) { return "*\n", nil }); err != nil {
		return nil, err
	}
	key := filepath.Join(s.dir, "age.key")
	if err := create(key, sqliteparams.NewKey); err != nil {
		return nil, err
	}
	file := filepath.Join(s.dir, "state.db")
	if s.secrets, err = sqliteparams.Open(ctx, file, sqliteparams.Options{KeyFile: key}); err != nil {
		return nil, err
	}
	if s.records, err = sqliteoutputs.Open(ctx, file, sqliteoutputs.Options{KeyFile: key}); err != nil {
		return nil, err
	}
	s.ledger, err = sqliteledger.Open(ctx, file)
	return s, err
}

// close closes what openState has opened.
func (s *state) close() error {
	var errs []error
	if s.secrets != nil {
		errs = append(errs, s.secrets.Close())
	}
	if s.records != nil {
		errs = append(errs, s.records.Close())
	}
	if s.ledger != nil {
		errs = append(errs, s.ledger.Close())
	}
	return errors.Join(errs...)
}

// cloud is where the local executor deploys to.
func (s *state) cloud() string { return filepath.Join(s.dir, "cloud") }

// logs are those of the steps.
func (s *state) logs() pipeline.LogDir { return pipeline.LogDir(filepath.Join(s.dir, "logs")) }

// create makes a file that only its owner can read, unless it is there already.
// Of two commands at once, one makes it, and the other sees all of it.
func create(name string, text func() (string, error)) error {
	if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	t, err := text()
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".new-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = io.WriteString(f, t)
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err := os.Link(f.Name(), name); !errors.Is(err, fs.ErrExist) { // a link never replaces a file
		return err
	}
	return nil
}
