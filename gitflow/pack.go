package gitflow

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/storer"
)

// deltaWindow is how many objects are tried as the base of a delta.
const deltaWindow = 10

// pack returns a pack of what somebody needs who has some commits and wants
// others. Close it.
func (r *Repository) pack(ctx context.Context, wants, haves []plumbing.Hash, offsets bool) (io.ReadCloser, error) {
	list, err := r.missing(ctx, wants, haves)
	if err != nil {
		return nil, err
	}
	out, in := io.Pipe()
	go func() {
		_, err := packfile.NewEncoder(in, encoded{objects: r.objects}, !offsets).Encode(list, deltaWindow)
		_ = in.CloseWithError(err) // never fails
	}()
	return out, nil
}

// encoded gives objects to the encoder of a pack, which calls nothing but
// EncodedObject.
type encoded struct {
	storer.EncodedObjectStorer
	objects *objects
}

// EncodedObject implements [storer.EncodedObjectStorer].
func (e encoded) EncodedObject(t plumbing.ObjectType, h plumbing.Hash) (plumbing.EncodedObject, error) {
	return e.objects.get(t, h)
}

// missing lists the objects that are reachable from wants and not from haves.
// Of haves, those that this repository lacks do not count.
func (r *Repository) missing(ctx context.Context, wants, haves []plumbing.Hash) ([]plumbing.Hash, error) {
	l := lister{repo: r, seen: map[plumbing.Hash]bool{}}
	var tips, known []plumbing.Hash
	for _, h := range wants {
		commit, err := l.tag(h)
		if err != nil {
			return nil, err
		}
		tips = append(tips, commit)
	}
	for _, h := range haves {
		commit, err := r.peel(h)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		known = append(known, commit)
	}
	p := newPainter(r)
	if err := p.paint(ctx, tips, known); err != nil {
		return nil, err
	}
	commits := p.only(inA)
	mine := map[plumbing.Hash]bool{}
	for _, c := range commits {
		mine[c.Hash] = true
	}
	for _, c := range commits {
		for _, parent := range c.Parents {
			if mine[parent.Hash] {
				continue
			}
			there, _, err := r.objects.node(parent)
			if err != nil {
				return nil, err
			}
			if err := l.tree(ctx, there.Tree); err != nil {
				return nil, err
			}
		}
	}
	l.list = l.list[:l.tags] // what was listed since is there
	for _, c := range commits {
		l.list = append(l.list, c.Hash)
		if err := l.tree(ctx, c.Tree); err != nil {
			return nil, err
		}
	}
	return l.list, nil
}

// lister lists objects, each once.
type lister struct {
	repo *Repository
	seen map[plumbing.Hash]bool
	list []plumbing.Hash
	tags int // how many at the beginning of the list
}

// tag lists annotated tags and returns the commit behind them.
func (l *lister) tag(h plumbing.Hash) (plumbing.Hash, error) {
	commit, err := l.repo.peel(h)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	for h != commit {
		obj, err := l.repo.objects.get(plumbing.TagObject, h)
		if err != nil {
			return plumbing.ZeroHash, err
		}
		t := &object.Tag{}
		if err := t.Decode(obj); err != nil {
			return plumbing.ZeroHash, fmt.Errorf("tag %s: %w", h, err)
		}
		if !l.seen[h] {
			l.seen[h] = true
			l.list = append(l.list, h)
			l.tags++
		}
		h = t.Target
	}
	return commit, nil
}

func (l *lister) tree(ctx context.Context, h plumbing.Hash) error {
	if l.seen[h] {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	l.seen[h] = true
	l.list = append(l.list, h)
	entries, err := l.repo.objects.tree(h)
	if err != nil {
		return err
	}
	for _, e := range entries {
		switch e.Mode {
		case filemode.Submodule: // a commit of another repository
		case filemode.Dir:
			if err := l.tree(ctx, e.Hash); err != nil {
				return err
			}
		default:
			if !l.seen[e.Hash] {
				l.seen[e.Hash] = true
				l.list = append(l.list, e.Hash)
			}
		}
	}
	return nil
}
