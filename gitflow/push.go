package gitflow

import (
	"context"
	"fmt"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// Target is what branches can be pushed to: a [*Repository] on this machine or
// a [*Remote].
type Target interface {
	// Branches returns all branches, sorted by name.
	Branches(ctx context.Context) ([]Branch, error)

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
// unless it has no commit yet.
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
	if from.dirs.common != r.dirs.common {
		r.objects.refresh()
		c := copier{from: from, to: r.objects, shallow: r.shallow}
		for _, u := range updates {
			if u.New == "" {
				continue
			}
			if err := c.any(ctx, plumbing.NewHash(u.New)); err != nil {
				return fmt.Errorf("%s: %w", u.Name, err)
			}
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

// copier copies objects that to does not have. It writes an object after all
// that it names, so that whatever is there is complete, also after a crash.
type copier struct {
	from    *Repository
	to      *objects
	shallow *shallowCommits // of to
}

// any copies a commit with its history, or a tag, a tree or a blob.
func (c *copier) any(ctx context.Context, h plumbing.Hash) error {
	obj, err := c.from.objects.get(plumbing.AnyObject, h)
	if err != nil {
		return err
	}
	switch obj.Type() {
	case plumbing.CommitObject:
		return c.history(ctx, h)
	case plumbing.TagObject:
		tag := &object.Tag{}
		if err := tag.Decode(obj); err != nil {
			return fmt.Errorf("tag %s: %w", h, err)
		}
		if err := c.any(ctx, tag.Target); err != nil {
			return err
		}
		return c.to.put(obj)
	case plumbing.TreeObject:
		return c.tree(ctx, h)
	default:
		return c.to.put(obj)
	}
}

// history copies a commit and its ancestors, oldest first. It keeps its own
// stack, because a history may be a million commits deep.
func (c *copier) history(ctx context.Context, tip plumbing.Hash) error {
	stack := []plumbing.Hash{tip}
	open := map[plumbing.Hash]bool{}
	for len(stack) > 0 {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		h := stack[len(stack)-1]
		if ok, err := c.to.has(h); err != nil {
			return err
		} else if ok {
			stack = stack[:len(stack)-1]
			continue
		}
		commit, err := c.from.objects.commit(h)
		if err != nil {
			return err
		}
		if c.from.shallow.has(h) && !c.shallow.has(h) {
			return c.from.shallowError(h)
		}
		if !open[h] { // first its parents, then again this one
			open[h] = true
			stack = append(stack, commit.ParentHashes...)
			continue
		}
		if err := c.tree(ctx, commit.TreeHash); err != nil {
			return fmt.Errorf("commit %s: %w", h, err)
		}
		obj, err := c.from.objects.get(plumbing.CommitObject, h)
		if err != nil {
			return err
		}
		if err := c.to.put(obj); err != nil {
			return err
		}
		stack = stack[:len(stack)-1]
	}
	return nil
}

func (c *copier) tree(ctx context.Context, h plumbing.Hash) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	if ok, err := c.to.has(h); ok || err != nil {
		return err
	}
	entries, err := c.from.objects.tree(h)
	if err != nil {
		return err
	}
	for _, e := range entries {
		switch e.Mode {
		case filemode.Dir:
			err = c.tree(ctx, e.Hash)
		case filemode.Submodule: // a commit of another repository
		default:
			err = c.blob(e.Hash)
		}
		if err != nil {
			return err
		}
	}
	if h == emptyTree() {
		return c.to.put(treeObject(nil))
	}
	obj, err := c.from.objects.get(plumbing.TreeObject, h)
	if err != nil {
		return err
	}
	return c.to.put(obj)
}

func (c *copier) blob(h plumbing.Hash) error {
	if ok, err := c.to.has(h); ok || err != nil {
		return err
	}
	obj, err := c.from.objects.get(plumbing.BlobObject, h)
	if err != nil {
		return err
	}
	return c.to.put(obj)
}
