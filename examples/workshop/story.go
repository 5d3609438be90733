package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/slsflow/slsflow/stage"
)

// step is one part of the story. Its name begins with that of the part of the

// workflow that it shows.

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

// ownStages has both developers deploy what they have not committed yet. Their

// APIs use the database of dev, and neither sees the other's.

// opened commits alice's change to a branch, and opens a pull request.

// failingTest pushes a change that the service's own test refuses, and takes it

// back.

// fork lets a stranger change the test of a service, which would run with the

// secrets of dev if forks were trusted.

// refusal handles an event of which nothing may be run.

// ownMapping opens a pull request that gives its own branch the prod profile.

// The workflow file that counts is the one of master.

// rollback moves the API to an address that no client knows. Its tests do not

// see that; production does.

// promote merges master into prod, always by a merge commit, so that it can be

// reverted as one.

// pushed handles a push to a branch of the shared repository.

// pushFeature commits what alice has changed, and handles the event of her pull

// request.

// deleteBranch deletes a branch of the shared repository, and handles the event.

// begin makes the shared repository with the app in it, and the clones of alice

// and bob.

func name(s string) stage.Name {
	n, err := stage.Parse(s)
	if err != nil {
		panic(err) // a constant
	}
	return n
}
