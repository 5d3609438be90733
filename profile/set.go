package profile

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/slsflow/slsflow/stage"
)

// ErrNotFound is wrapped by the errors about a profile that a [Set] does not
// have, and about a stage that none is for.
var ErrNotFound = errors.New("no such profile")

// Set is the profiles of a workflow and what they are for. It must not be
// written while it is in use. The zero Set has no profile for any stage.
type Set struct {
	// Profiles are all there are; names are unique.
	Profiles []Profile
	// Stages maps a stage to the name of its profile.
	Stages map[stage.Name]string
	// Default names the profile of all other stages, or is "".
	Default string
	// Services has what is another profile for one service, by its name. May be
	// nil. See [Set.ForInstance].
	Services map[string]Levels `json:",omitempty"`
}

// For returns the profile of a stage: the one that Stages maps it to, else the
// default one. mapped tells which it was. The error wraps [ErrNotFound]; a stage
// that is mapped to a profile that is missing is an error, and never falls back
// to the default.
func (s Set) For(n stage.Name) (p Profile, mapped bool, err error) {
	if name, ok := s.Stages[n]; ok {
		p, err := s.Named(name)
		if err != nil {
			return Profile{}, true, fmt.Errorf("stage %q: %w", n, err)
		}
		return p, true, nil
	}
	if s.Default == "" {
		return Profile{}, false, fmt.Errorf("stage %q: %w: it is not among the mapped stages (%s) and there is no default among the profiles (%s) (map the stage, or name a default)",
			n, ErrNotFound, s.stages(), s.names())
	}
	p, err = s.Named(s.Default)
	if err != nil {
		return Profile{}, false, fmt.Errorf("stage %q: the default: %w", n, err)
	}
	return p, false, nil
}

// Named returns the profile with a name, or an error that wraps [ErrNotFound].
func (s Set) Named(name string) (Profile, error) {
	for _, p := range s.Profiles {
		if p.Name == name {
			return p, nil
		}
	}
	return Profile{}, fmt.Errorf("%w %q (there are: %s)", ErrNotFound, name, s.names())
}

// Protected returns the stages that are mapped to a profile, for all services or
// one, sorted: no branch, user or pull request may be given one of them by its name.
func (s Set) Protected() stage.Protected {
	set := make(map[stage.Name]bool)
	for n := range s.Stages {
		set[n] = true
	}
	for _, l := range s.Services {
		l.protected(set)
	}
	return slices.SortedFunc(maps.Keys(set), func(a, b stage.Name) int {
		return strings.Compare(a.String(), b.String())
	})
}

// Check returns all that is wrong with the set, joined, or nil: profiles without
// a name or with one that is taken, faults of each, and maps to profiles that
// are missing.
func (s Set) Check() error {
	var errs []error
	seen := map[string]bool{}
	for i, p := range s.Profiles {
		switch {
		case p.Name == "":
			errs = append(errs, fmt.Errorf("profile %d of %d: it has no name", i+1, len(s.Profiles)))
		case seen[p.Name]:
			errs = append(errs, fmt.Errorf("profile %q: there is another one with this name", p.Name))
		}
		seen[p.Name] = true
		errs = append(errs, p.Check())
	}
	for _, n := range s.Protected() {
		if _, ok := s.Stages[n]; ok && !seen[s.Stages[n]] {
			_, err := s.Named(s.Stages[n])
			errs = append(errs, fmt.Errorf("stage %q: %w", n, err))
		}
	}
	if s.Default != "" && !seen[s.Default] {
		_, err := s.Named(s.Default)
		errs = append(errs, fmt.Errorf("the default: %w", err))
	}
	for _, service := range slices.Sorted(maps.Keys(s.Services)) {
		names := s.Services[service].names(service)
		for _, of := range slices.Sorted(maps.Keys(names)) {
			if !seen[names[of]] {
				_, err := s.Named(names[of])
				errs = append(errs, fmt.Errorf("%s: %w", of, err))
			}
		}
	}
	return errors.Join(errs...)
}

func (s Set) names() string {
	names := make([]string, 0, len(s.Profiles))
	for _, p := range s.Profiles {
		names = append(names, p.Name)
	}
	return list(names)
}

func (s Set) stages() string {
	stages := make([]string, 0, len(s.Stages))
	for _, n := range (Set{Stages: s.Stages}).Protected() {
		stages = append(stages, n.String()+": "+s.Stages[n])
	}
	return list(stages)
}

func list(words []string) string {
	if len(words) == 0 {
		return "none"
	}
	return strings.Join(words, ", ")
}
