package main

import (
	"context"
	"path/filepath"
	"time"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"

	"github.com/slsflow/slsflow/gitflow"
)

// begin makes the shared repository with the app in it, and the clones of alice
// and bob.
func begin(ctx context.Context, dir string, clock func() time.Time) (alice, bob *clone, err error) {
	bare := filepath.Join(dir, "fullstack.git")
	if _, err := git.PlainInitWithOptions(bare, &git.PlainInitOptions{
		Bare: true, InitOptions: git.InitOptions{DefaultBranch: plumbing.NewBranchReferenceName(trunk)},
	}); err != nil {
		return nil, nil, err
	}
	origin, err := gitflow.Open(bare)
	if err != nil {
		return nil, nil, err
	}
	if alice, err = newClone(ctx, filepath.Join(dir, "alice"), "alice", origin, clock); err != nil {
		return nil, nil, err
	}
	first, err := alice.commit("The application")
	if err != nil {
		return nil, nil, err
	}
	if err := alice.push(ctx, trunk); err != nil {
		return nil, nil, err
	}
	if err := origin.Push(ctx, origin, gitflow.RefUpdate{Name: "prod", New: first}); err != nil {
		return nil, nil, err
	}
	bob, err = newClone(ctx, filepath.Join(dir, "bob"), "bob", origin, clock)
	return alice, bob, err
}
