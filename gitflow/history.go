package gitflow

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/go-git/go-git/v5/plumbing"
)

// division is what two histories have in common, and what each has alone.
type division struct {
	*painter
	mine, other uint8 // colours of the first history and of the second
}

// divisions are those that were asked for last: a promotion asks for one of them
// time and again.
type divisions struct {
	mu   sync.Mutex
	list [2]struct {
		a, b plumbing.Hash
		done *painter
	}
}

// divide compares the histories of two commits.
func (r *Repository) divide(ctx context.Context, a, b plumbing.Hash) (division, error) {
	d := division{mine: inA, other: inB}
	if bytes.Compare(a[:], b[:]) > 0 {
		a, b, d.mine, d.other = b, a, inB, inA
	}
	r.divisions.mu.Lock()
	defer r.divisions.mu.Unlock()
	known := &r.divisions.list
	if known[1].done != nil && known[1].a == a && known[1].b == b {
		known[0], known[1] = known[1], known[0]
	}
	if known[0].done == nil || known[0].a != a || known[0].b != b {
		p := newPainter(r)
		if err := p.paint(ctx, []plumbing.Hash{a}, []plumbing.Hash{b}); err != nil {
			return division{}, err
		}
		if err := p.settle(ctx); err != nil {
			return division{}, err
		}
		known[1] = known[0]
		known[0].a, known[0].b, known[0].done = a, b, p
	}
	d.painter = known[0].done
	return d, nil
}

// swapped returns the division from the point of view of the second history.
func (d division) swapped() division { return division{d.painter, d.other, d.mine} }

// alone returns what the first history has alone: newest first, and children before
// parents.
func (d division) alone() []*painted { return d.only(d.mine) }

// contains returns which of some commits are in the first history.
func (d division) contains(ctx context.Context, commits []plumbing.Hash) (map[plumbing.Hash]bool, error) {
	in := map[plumbing.Hash]bool{}
	var unknown []plumbing.Hash
	for _, h := range commits {
		if c := d.seen[h]; c != nil {
			in[h] = c.colour&d.mine != 0
		} else {
			unknown = append(unknown, h)
		}
	}
	// What nobody has met is behind a common ancestor, or in neither history.
	common := d.common()
	if len(unknown) == 0 || len(common) == 0 {
		return in, nil
	}
	p := d.follow()
	if err := p.paint(ctx, unknown, common); err != nil {
		return nil, err
	}
	if err := p.settle(ctx); err != nil {
		return nil, err
	}
	for _, h := range unknown {
		in[h] = p.seen[h].colour&inB != 0
	}
	return in, nil
}

func (r *Repository) pending(ctx context.Context, from, to plumbing.Hash) ([]Commit, error) {
	d, err := r.divide(ctx, from, to)
	if err != nil {
		return nil, err
	}
	mine := d.alone()
	list := make([]Commit, len(mine))
	for i, c := range mine {
		if list[i], err = r.loadCommit(c.Hash); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// MergeBase returns the best common ancestor of two revisions. Where there are several, which criss-cross merges make, it
// returns the newest. The error wraps [ErrNotFound] if there is none.
func (r *Repository) MergeBase(ctx context.Context, a, b string) (string, error) {
	base, err := r.mergeBaseRevs(ctx, a, b)
	if err != nil {
		return "", fmt.Errorf("gitflow: merge base of %q and %q in %v: %w", a, b, r, err)
	}
	return base.String(), nil
}

func (r *Repository) mergeBaseRevs(ctx context.Context, a, b string) (plumbing.Hash, error) {
	ha, err := r.resolve(a)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	hb, err := r.resolve(b)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	return r.mergeBaseOf(ctx, ha, hb)
}

func (r *Repository) mergeBaseOf(ctx context.Context, a, b plumbing.Hash) (plumbing.Hash, error) {
	bases, err := r.mergeBases(ctx, a, b)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	if len(bases) == 0 {
		return plumbing.ZeroHash, fmt.Errorf("common ancestor %w", ErrNotFound)
	}
	return bases[0], nil
}

// mergeBases returns the common ancestors that are no ancestor of another
// common ancestor, newest first.
func (r *Repository) mergeBases(ctx context.Context, a, b plumbing.Hash) ([]plumbing.Hash, error) {
	d, err := r.divide(ctx, a, b)
	if err != nil {
		return nil, err
	}
	if found := d.common(); len(found) < 2 {
		return found, nil
	}
	return r.paintBases(ctx, []plumbing.Hash{a}, []plumbing.Hash{b}) // in git's order
}

// mergeBasesOf is mergeBases for two sides of several commits.
func (r *Repository) mergeBasesOf(ctx context.Context, a, b []plumbing.Hash) ([]plumbing.Hash, error) {
	if len(a) == 1 && len(b) == 1 {
		return r.mergeBases(ctx, a[0], b[0])
	}
	return r.paintBases(ctx, a, b)
}

func (r *Repository) paintBases(ctx context.Context, a, b []plumbing.Hash) ([]plumbing.Hash, error) {
	p := newPainter(r)
	if err := p.paint(ctx, a, b); err != nil {
		return nil, err
	}
	found := p.common()
	// Clocks that disagree can leave ancestors of others among them.
	var best []plumbing.Hash
	for i, h := range found {
		if len(found) > 1 {
			others := slices.Delete(slices.Clone(found), i, i+1)
			q := newPainter(r)
			if err := q.paint(ctx, []plumbing.Hash{h}, others); err != nil {
				return nil, err
			}
			if q.seen[h].colour&inB != 0 {
				continue
			}
		}
		best = append(best, h)
	}
	return best, nil
}

// isAncestor reports whether a is b or one of its ancestors.
func (r *Repository) isAncestor(ctx context.Context, a, b plumbing.Hash) (bool, error) {
	d, err := r.divide(ctx, a, b)
	return err == nil && d.seen[a].colour&d.other != 0, err
}
