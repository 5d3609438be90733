package gitflow

import (
	"context"
	"fmt"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// sink is where objects are copied to.
type sink interface {
	has(h plumbing.Hash) (bool, error)
	put(obj plumbing.EncodedObject) error
}

// scratch keeps new objects in memory.
type scratch struct {
	objects *objects
	made    map[plumbing.Hash]plumbing.EncodedObject
}

func (s *scratch) has(h plumbing.Hash) (bool, error) {
	if _, ok := s.made[h]; ok {
		return true, nil
	}
	return s.objects.has(h)
}

func (s *scratch) put(obj plumbing.EncodedObject) error {
	s.made[obj.Hash()] = obj
	return nil
}

// copier copies objects that to does not have. It writes an object after all
// that it names, so that whatever is there is complete, also after a crash.
type copier struct {
	from    *Repository
	to      sink
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
