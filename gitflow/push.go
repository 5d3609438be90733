package gitflow

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
)

// Target is what branches can be pushed to: a [*Repository] on this machine or
// a [*Remote].
type Target interface {
	// Branches returns all branches, sorted by name.
	Branches(ctx context.Context) ([]Branch, error)

	// lend gets a branch with its history into another repository. It returns the
	// commit at which the branch is, or "" if there is none, and that repository, or
	// a copy of it with the objects in memory if nothing may be written.
	lend(ctx context.Context, to *Repository, branch string, inMemory bool) (commit string, with *Repository, err error)

	// receive copies what the updates need from another repository, then moves
	// the refs, all or none. The updates come from checkUpdates.
	receive(ctx context.Context, from *Repository, updates []RefUpdate) error
}

var (
	_ Target = (*Repository)(nil)
	_ Target = (*Remote)(nil)
)

// Push copies the new commits of the updates with all they need into to, and
// then moves its branches, all or none. Each update is a compare-and-swap: if a
// branch of to is not at its Old commit, nothing moves and the error wraps
// [ErrMoved]. Whether New follows from Old is not asked. No hook runs in a
// repository on this machine, and a branch that is checked out there is refused,
// unless it has no commit yet. A process that is killed leaves each branch where
// it was or where it should be; of several in a repository on this machine some
// may have moved by then, as with git.
//
// To fetch from another repository on this machine, push from it into this one.
func (r *Repository) Push(ctx context.Context, to Target, updates ...RefUpdate) error {
	checked, err := checkUpdates(updates)
	if err == nil {
		err = to.receive(ctx, r, checked)
	}
	if err != nil {
		return fmt.Errorf("gitflow: push %v to %v: %w", r, to, err)
	}
	return nil
}

func (r *Repository) receive(ctx context.Context, from *Repository, updates []RefUpdate) error {
	// The locks are taken later; this spares the copy that would be for nothing.
	if err := r.compare(ctx, updates); err != nil {
		return err
	}
	for _, u := range updates {
		if u.New == "" {
			continue
		}
		if err := r.take(ctx, from, r.objects, plumbing.NewHash(u.New)); err != nil {
			return fmt.Errorf("%s: %w", u.Name, err)
		}
	}
	for _, u := range updates {
		if u.New == "" {
			continue
		}
		if err := r.checkRefObject(u); err != nil {
			return err
		}
	}
	return r.update(ctx, updates)
}

func (r *Repository) lend(ctx context.Context, to *Repository, branch string, inMemory bool) (commit string, with *Repository, err error) {
	full := headsPrefix + branch
	if !validRef(full) {
		return "", to, nil // no branch is called so
	}
	tip, ok, err := r.refHash(full)
	if err != nil || !ok {
		return "", to, err
	}
	if !inMemory {
		return tip.String(), to, to.take(ctx, r, to.objects, tip)
	}
	s := &scratch{objects: to.objects, made: map[plumbing.Hash]plumbing.EncodedObject{}}
	if err := to.take(ctx, r, s, tip); err != nil {
		return "", nil, err
	}
	return tip.String(), to.with(slices.Collect(maps.Values(s.made))), nil
}

// take copies an object with all that it needs from another repository.
func (r *Repository) take(ctx context.Context, from *Repository, to sink, h plumbing.Hash) error {
	if from.dirs.common == r.dirs.common {
		return nil
	}
	r.objects.refresh()
	c := copier{from: from, to: to, shallow: r.shallow}
	return c.any(ctx, h)
}

// with returns the repository with some more objects, which are not written.
func (r *Repository) with(objs []plumbing.EncodedObject) *Repository {
	more := *r
	more.objects = r.objects.with(objs)
	return &more
}

// checkRefObject refuses a branch that would point to something else than a
// commit, or to nothing.
func (r *Repository) checkRefObject(u RefUpdate) error {
	obj, err := r.objects.get(plumbing.AnyObject, plumbing.NewHash(u.New))
	if err != nil {
		return fmt.Errorf("%s: %w", u.Name, err)
	}
	if plumbing.ReferenceName(u.Name).IsBranch() && obj.Type() != plumbing.CommitObject {
		return fmt.Errorf("%s: %s is a %v, want a commit", u.Name, u.New, obj.Type())
	}
	return nil
}
