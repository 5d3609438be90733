package profile

import (
	"fmt"
	"maps"
	"slices"

	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/stage"
)

// Levels are the profiles of one service that differ from those of its stages:
// what the providers of Serverless Framework were from 2021 on, which went from the
// instance to the service to the default.
type Levels struct {
	// Regions maps a stage and a region to the name of a profile.
	Regions map[Place]string `json:",omitempty"`
	// Stages maps a stage to the name of a profile.
	Stages map[stage.Name]string `json:",omitempty"`
	// Default names the profile of stages that no map has, or is "".
	Default string `json:",omitempty"`
}

// Place is a stage in a region.
type Place struct {
	Stage  stage.Name
	Region string
}

// MarshalText returns the place as a workflow file has it, "prod/eu-west-1".
func (p Place) MarshalText() ([]byte, error) { return []byte(p.Stage.String() + "/" + p.Region), nil }

// serves reports whether a service has a profile of its own in a stage, and it is
// this one.
func (s Set) serves(profile string, n stage.Name) bool {
	for _, l := range s.Services {
		if l.Stages[n] == profile {
			return true
		}
		for at, name := range l.Regions {
			if at.Stage == n && name == profile {
				return true
			}
		}
	}
	return false
}

// ForInstance returns the profile of a service in a stage and a region, which may
// be "" where it is not known yet. It is that of the first of these that names one:
//
//  1. the stage and region of the service;
//  2. the stage of the service;
//  3. the stage, as for all services;
//  4. the service;
//  5. the default.
//
// mapped tells that it was one of the first three. The error wraps [ErrNotFound]. A
// name that is there and has no profile is an error and never falls back to the
// next level, and nobody's own credentials are used instead.
func (s Set) ForInstance(service string, n stage.Name, region string) (p Profile, mapped bool, err error) {
	own := s.Services[service]
	named := func(name, of string) (Profile, error) {
		p, err := s.Named(name)
		if err != nil {
			return Profile{}, fmt.Errorf("service %q%s: %w", service, of, err)
		}
		return p, nil
	}
	if name, ok := own.Regions[Place{n, region}]; ok {
		p, err = named(name, fmt.Sprintf(" in stage %q and region %q", n, region))
		return p, true, err
	}
	if name, ok := own.Stages[n]; ok {
		p, err = named(name, fmt.Sprintf(" in stage %q", n))
		return p, true, err
	}
	if _, ok := s.Stages[n]; !ok && own.Default != "" {
		p, err = named(own.Default, "")
		return p, false, err
	}
	return s.For(n)
}

// Inherit returns p with what it lacks of another profile: its access (account,
// role, external ID and regions) if p names neither an account nor a role, and each
// param that p does not have, secret or not. Nothing is inherited otherwise: a
// profile is used whole.
//
// A secret that p inherits is looked for in the store of p.
func (p Profile) Inherit(from Profile) Profile {
	if p.Account == "" && p.Role.IsZero() {
		p.Account, p.Role, p.ExternalID = from.Account, from.Role, from.ExternalID
		if p.Regions == nil {
			p.Regions = slices.Clone(from.Regions)
		}
	}
	has := p.Names()
	values := make(map[string]params.Value, len(p.Params)+len(from.Params))
	for name, v := range from.Params {
		if !slices.Contains(has, name) {
			values[name] = v
		}
	}
	maps.Copy(values, p.Params)
	if len(values) > 0 {
		p.Params = values
	}
	p.Secrets = slices.Clone(p.Secrets)
	for _, name := range from.Secrets {
		if !slices.Contains(has, name) {
			p.Secrets = append(p.Secrets, name)
		}
	}
	return p
}

// names returns each name of a profile that the levels have, and what has it.
func (l Levels) names(service string) map[string]string {
	all := make(map[string]string)
	if l.Default != "" {
		all[fmt.Sprintf("service %q", service)] = l.Default
	}
	for n, name := range l.Stages {
		all[fmt.Sprintf("service %q in stage %q", service, n)] = name
	}
	for at, name := range l.Regions {
		all[fmt.Sprintf("service %q in stage %q and region %q", service, at.Stage, at.Region)] = name
	}
	return all
}

// protected adds the stages that the levels name.
func (l Levels) protected(set map[stage.Name]bool) {
	for n := range l.Stages {
		set[n] = true
	}
	for at := range l.Regions {
		set[at.Stage] = true
	}
}
