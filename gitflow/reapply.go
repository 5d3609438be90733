package gitflow

import (
	"cmp"
	"context"
	"fmt"

	"github.com/go-git/go-git/v5/plumbing"
)

// Reapply brings work back that a branch has reverted, by reverting the newest
// revert of it that still counts. work is a revision of the commit that was
// reverted, such as [Undone.Work] of a promotion. A branch that has no such
// revert is an error that wraps [ErrNotFound]. All else is as in
// [Repository.Revert]; o.Parent must be 0, because a revert has one parent.
func (r *Repository) Reapply(ctx context.Context, branch, work string, o RevertOptions) (Result, error) {
	res, err := replan(o.Expect, o.Attempts, func() (Result, error) { return r.reapply(ctx, branch, work, o) })
	if err != nil {
		return Result{}, fmt.Errorf("gitflow: reapply %q in %q of %v: %w", work, branch, cmp.Or[any](o.Target, r), err)
	}
	return res, nil
}

func (r *Repository) reapply(ctx context.Context, branch, work string, o RevertOptions) (Result, error) {
	m := newMove(r, o.Target, branch, o.Expect, o.DryRun)
	tip, err := m.tip(ctx)
	if err != nil {
		return Result{}, err
	}
	r = m.repo
	commit, err := r.resolve(work)
	if err != nil {
		return Result{}, err
	}
	revert, err := r.revertIn(ctx, tip, commit)
	if err != nil {
		return Result{}, err
	}
	if revert.IsMerge() {
		o.Parent = 1 // of a merge that says itself what it reverts
	}
	o.Expect = tip.String() // what was found is true of this commit only
	return r.revert(ctx, branch, revert.Hash, o)
}

// revertIn returns the newest revert of a commit that counts.
func (r *Repository) revertIn(ctx context.Context, tip, commit plumbing.Hash) (Commit, error) {
	work, err := r.loadCommit(commit)
	if err != nil {
		return Commit{}, err
	}
	d, err := r.divide(ctx, tip, commit)
	if err != nil {
		return Commit{}, err
	}
	found, err := r.undoings(ctx, d)
	if err != nil {
		return Commit{}, err
	}
	by := found.last[original(work)]
	if by.IsZero() {
		return Commit{}, fmt.Errorf("revert of commit %s that counts %w", commit, ErrNotFound)
	}
	return r.loadCommit(by)
}
