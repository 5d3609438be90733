package profile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/stage"
)

// DefaultParallel is how many profiles [Verify] checks at a time.
const DefaultParallel = 4

// Checks are what [Verify] asks of each profile. A nil one is left out.
type Checks struct {
	// Identity takes the role of a profile, or its own credentials, and says which
	// account they belong to and as whom.
	Identity func(context.Context, Profile) (account, who string, err error)
	// Needs returns the params that a profile must have for its services: those
	// that nobody else gives them.
	Needs func(context.Context, Profile) ([]Need, error)
	// Secrets is the store of a profile's secrets, as params.FromStore makes a layer
	// of it. Its values are thrown away.
	Secrets func(context.Context, Profile) (params.Layer, error)
	// Parallel is how many profiles are checked at a time. Default:
	// [DefaultParallel].
	Parallel int
}

// Need is a param that a service reads in a stage of a profile.
type Need struct {
	Service string     `json:"service"`
	Stage   stage.Name `json:"stage"`
	Name    string     `json:"name"`
	// At is where it is read, such as "db/serverless.yml:3:9", or "".
	At string `json:"at,omitempty"`
}

// Verification is what [Verify] found out about a profile.
type Verification struct {
	Profile string       `json:"profile"`
	Stages  []stage.Name `json:"stages,omitempty"` // that it is mapped to, for all services or for some, sorted
	Default bool         `json:"default,omitempty"`
	Role    RoleARN      `json:"role,omitzero"`
	// Account and Who are whom the credentials belong to, or "".
	Account string `json:"account,omitempty"`
	Who     string `json:"who,omitempty"`
	// Needed is how many params its services need of it.
	Needed int `json:"needed"`
	// Problems are all that is wrong, in the order of the checks. They are one-line
	// texts and hold no secret.
	Problems []string `json:"problems,omitempty"`
}

// OK reports whether nothing is wrong.
func (v Verification) OK() bool { return len(v.Problems) == 0 }

// Verify checks every profile of a set, some at a time: that it is sound, its role
// can be taken, the account is the right one, and it has each param that is needed,
// the secret ones with a value. The answer has all profiles in the order of the
// set, with all that is wrong. It writes nothing.
//
// A profile that is mapped to no stage and is not the default is verified too.
func Verify(ctx context.Context, s Set, c Checks) []Verification {
	list := make([]Verification, len(s.Profiles))
	turns := make(chan struct{}, max(1, cmp.Or(c.Parallel, DefaultParallel)))
	var wait sync.WaitGroup
	for i, p := range s.Profiles {
		turns <- struct{}{}
		wait.Go(func() {
			defer func() { <-turns }()
			list[i] = c.verify(ctx, s, p)
		})
	}
	wait.Wait()
	return list
}

func (c Checks) verify(ctx context.Context, s Set, p Profile) Verification {
	v := Verification{Profile: p.Name, Default: s.Default == p.Name && p.Name != "", Role: p.Role}
	for _, n := range s.Protected() {
		if name, ok := s.Stages[n]; ok && name == p.Name || s.serves(p.Name, n) {
			v.Stages = append(v.Stages, n)
		}
	}
	problem := func(err error) {
		if err != nil {
			v.Problems = append(v.Problems, err.Error())
		}
	}
	sound := p.Check()
	if list, ok := sound.(interface{ Unwrap() []error }); ok {
		for _, err := range list.Unwrap() {
			problem(err)
		}
	}
	if c.Identity != nil && sound == nil {
		var err error
		v.Account, v.Who, err = c.Identity(ctx, p)
		problem(err)
		if want := cmp.Or(p.Account, p.Role.Account()); err == nil && want != "" && v.Account != want {
			problem(fmt.Errorf("profile %q: the credentials are those of %s in account %s, the profile's account is %s", p.Name, v.Who, v.Account, want))
		}
	}
	if c.Needs != nil {
		needs, err := c.Needs(ctx, p)
		problem(err)
		v.Needed = len(needs)
		for _, err := range c.missing(ctx, p, needs) {
			problem(err)
		}
	}
	return v
}

// missing returns an error for each param that is needed and not there.
func (c Checks) missing(ctx context.Context, p Profile, needs []Need) []error {
	var errs []error
	var store params.Layer
	secret := func(n Need) bool { return slices.Contains(p.Secrets, n.Name) }
	if c.Secrets != nil && slices.ContainsFunc(needs, secret) {
		var err error
		if store, err = c.Secrets(ctx, p); err != nil {
			errs = append(errs, fmt.Errorf("profile %q: its secrets: %w", p.Name, err))
		}
	}
	told := make(map[string]bool) // a store that fails does so for every name
	for _, n := range needs {
		var why string
		_, plain := p.Params[n.Name]
		switch {
		case plain:
			continue
		case !secret(n):
			why = "the profile does not have it (add it to its params or secrets)"
		case store == nil:
			continue
		default:
			_, found, err := store.Lookup(ctx, n.Name)
			if err != nil {
				if !told[err.Error()] {
					told[err.Error()] = true
					errs = append(errs, fmt.Errorf("profile %q: its secrets: %w", p.Name, err))
				}
				continue
			}
			if found {
				continue
			}
			why = "the store has no value of this secret (put one)"
		}
		at := n.At
		if at != "" {
			at = " at " + at
		}
		errs = append(errs, fmt.Errorf("profile %q: param %q, which %s reads in stage %s%s: %s", p.Name, n.Name, n.Service, n.Stage, at, why))
	}
	return errs
}

// Problems returns all problems of verifications as one error, or nil.
func Problems(list []Verification) error {
	var errs []error
	for _, v := range list {
		for _, text := range v.Problems {
			errs = append(errs, errors.New(text))
		}
	}
	return errors.Join(errs...)
}
