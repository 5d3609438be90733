package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/slsflow/slsflow/stage"
)

// step is one part of the story, as it went. Its name begins with that of the part
// of the workflow that it shows.
type step struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
}

// story carries a repository through the four parts of the workflow, and checks
// after each step that what it expects is so.
type story struct {
	*team
	alice, bob *clone
	steps      []step
	wrong      []string // expectations that did not hold
}

// part is a step to be told.
type part struct {
	name string
	do   func(context.Context) error
}

// tell runs the story to its end, or to the first step that is not as expected.
// The accounts are nil for the local executor.
func (s *story) tell(ctx context.Context, a *accounts) error {
	parts := []part{
		{"develop: the shared database is deployed to dev", s.sharedDatabase},
		{"develop: alice and bob deploy the API to stages of their own, at the same time", s.ownStages},
		{"preview: a pull request deploys what it changes", s.opened},
		{"preview: a second push updates it", s.updated},
		{"preview: a failing test deploys nothing", s.failingTest},
		{"preview: a pull request from a branch called prod is refused", s.calledProd},
		{"preview: a pull request from a fork runs nothing", s.fork},
		{"preview: a pull request cannot map itself to the prod profile", s.ownMapping},
		{"staging: a merge to master deploys to staging", s.staging},
		{"staging: with the branch its preview is destroyed", s.branchDeleted},
		{"production: promoting the tested commit deploys to prod", s.production},
		{"production: a bad change is promoted and rolled back", s.rollback},
		{"production: what is deployed is what should be", s.onlyTheExpected},
		{"production: no secret stands in anything that was written", s.secretsStayedSecret},
	}
	if a != nil {
		parts = append(parts, part{"production: each account has its own stacks and no others", s.stacks(a)})
	}
	for _, part := range parts {
		what, how, _ := strings.Cut(part.name, ": ")
		s.progress.Heading(what, how)
		before := len(s.wrong)
		err := part.do(ctx)
		if err == nil && len(s.wrong) > before {
			err = fmt.Errorf("%s", strings.Join(s.wrong[before:], "\n"))
		}
		s.progress.Check(err == nil, "as expected")
		s.steps = append(s.steps, step{part.name, err == nil})
		if err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return nil
}

// expect notes what should be so and is not.
func (s *story) expect(holds bool, format string, args ...any) {
	if !holds {
		s.wrong = append(s.wrong, "expected "+fmt.Sprintf(format, args...))
	}
}

func name(s string) stage.Name {
	n, err := stage.Parse(s)
	if err != nil {
		panic(err) // a constant
	}
	return n
}
