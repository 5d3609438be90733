package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/slsflow/slsflow/examples/internal/meant"
	"github.com/slsflow/slsflow/examples/internal/repository"
	"github.com/slsflow/slsflow/examples/internal/ssmstore"
	"github.com/slsflow/slsflow/examples/internal/statedir"
	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/sqliteparams"
	"github.com/slsflow/slsflow/pipeline/workflow"
	"github.com/slsflow/slsflow/profile"
)

// needs is what a command does with a store.
type needs int

const (
	names  needs = iota // no value
	values              // values are read
	writes              // values are put
)

// house is a repository and where its secrets are.
type house struct {
	*workflow.File
	tree  *os.Root
	open  func(context.Context, profile.Profile) (params.Versioned, error)
	close func() error
}

// openHouse opens the repository, and the store for what is done with it. Without
// values no key is needed. The file of a store is made to write alone.
func openHouse(ctx context.Context, o options, n needs) (*house, error) {
	f, tree, err := repository.Open(o.dir)
	if err != nil {
		return nil, err
	}
	h := &house{File: f, tree: tree, close: tree.Close}
	if o.ssm != "" {
		err = h.openSSM(ctx, o)
	} else {
		err = h.openFile(ctx, o, n)
	}
	if err != nil {
		return nil, errors.Join(err, h.close())
	}
	return h, nil
}

func (h *house) openFile(ctx context.Context, o options, n needs) error {
	files := statedir.Of(o.dir)
	opt := sqliteparams.Options{KeyFile: files.Key}
	_, err := os.Stat(files.DB)
	switch {
	case n == writes:
		if err := files.Make(); err != nil {
			return err
		}
	case errors.Is(err, fs.ErrNotExist): // it would be made
		h.open = func(context.Context, profile.Profile) (params.Versioned, error) { return nothing{}, nil }
		return nil
	case err != nil:
		return err
	case n == names:
		opt = sqliteparams.Options{}
	}
	s, err := sqliteparams.Open(ctx, files.DB, opt)
	if err != nil {
		return err
	}
	closeTree := h.close
	h.close = func() error { return errors.Join(s.Close(), closeTree()) }
	h.open = func(context.Context, profile.Profile) (params.Versioned, error) { return s, nil }
	return nil
}

// openSSM takes the secrets of each profile from its account.
func (h *house) openSSM(ctx context.Context, o options) error {
	of, err := ssmstore.Open(ctx, h.App, o.ssm, o.kms)
	h.open = func(_ context.Context, p profile.Profile) (params.Versioned, error) { return of(p) }
	return err
}

// nothing is a store that is not there yet.
type nothing struct{}

func (nothing) Get(context.Context, params.Key) (params.Value, bool, error) { return nil, false, nil }

func (nothing) Put(context.Context, params.Key, params.Value) error { return errors.ErrUnsupported }
func (nothing) Delete(context.Context, params.Key) error            { return nil }

func (nothing) List(context.Context, string, string) ([]params.Entry, error) { return nil, nil }

func (nothing) At(context.Context, params.Key, int64) (params.Value, params.Change, bool, error) {
	return nil, params.Change{}, false, nil
}
func (nothing) History(context.Context, params.Key) ([]params.Change, error) { return nil, nil }

func (nothing) Swap(context.Context, params.Key, params.Value, params.Edit) (params.Change, error) {
	return params.Change{}, errors.ErrUnsupported
}

// inProfile does something with the profile that the command line names, and its
// store.
func inProfile(ctx context.Context, o options, n needs, do func(*house, profile.Profile, params.Versioned) error) (err error) {
	h, err := openHouse(ctx, o, n)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	p, err := h.one(o)
	if err != nil {
		return err
	}
	store, err := h.open(ctx, p)
	if err != nil {
		return err
	}
	return do(h, p, store)
}

// one returns the profile that the command line names.
func (h *house) one(o options) (profile.Profile, error) {
	list, err := h.chosen(o)
	switch {
	case err != nil:
		return profile.Profile{}, err
	case len(list) > 1:
		return profile.Profile{}, fmt.Errorf("which profile? (choose one with -profile, or a stage that has it with -stage: there are %s)", strings.Join(namesOf(list), ", "))
	}
	return list[0], nil
}

// chosen returns the profiles that the command line names, all if it names none.
func (h *house) chosen(o options) ([]profile.Profile, error) {
	set := h.Profiles()
	switch {
	case o.profile != "":
		p, err := h.named(o.profile)
		return []profile.Profile{p}, err
	case !o.stage.IsZero():
		p, _, err := set.For(o.stage)
		return []profile.Profile{p}, err
	}
	return set.Profiles, nil
}

func (h *house) named(name string) (profile.Profile, error) {
	set := h.Profiles()
	p, err := set.Named(name)
	if err != nil {
		return p, fmt.Errorf("%w%s", err, meant.Hint(name, namesOf(set.Profiles)))
	}
	return p, nil
}

func namesOf(list []profile.Profile) []string {
	names := make([]string, len(list))
	for i, p := range list {
		names[i] = p.Name
	}
	return names
}

func (h *house) key(p profile.Profile, name string) params.Key {
	return params.Key{App: h.App, Profile: p.Name, Name: name}
}

// isSecret returns an error that says what to do if a profile does not name a
// secret.
func (h *house) isSecret(p profile.Profile, name string) error {
	if slices.Contains(p.Secrets, name) {
		return nil
	}
	if _, plain := p.Params[name]; plain {
		return fmt.Errorf("%s of profile %s is no secret: its value stands in %s", name, p.Name, h.Name)
	}
	return fmt.Errorf("%s is not in profiles.%s.secrets of %s%s (list the name there first)", name, p.Name, h.Name, meant.Hint(name, p.Secrets))
}
