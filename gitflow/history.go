package gitflow

import (
	"context"
	"fmt"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
)

func (r *Repository) pending(ctx context.Context, from, to plumbing.Hash) ([]Commit, error) {
	p := newPainter(r)
	if err := p.paint(ctx, []plumbing.Hash{from}, []plumbing.Hash{to}); err != nil {
		return nil, err
	}
	if err := p.settle(ctx); err != nil {
		return nil, err
	}
	return p.onlyA(), nil
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
	return r.mergeBasesOf(ctx, []plumbing.Hash{a}, []plumbing.Hash{b})
}

// mergeBasesOf is mergeBases for two sides of several commits.
func (r *Repository) mergeBasesOf(ctx context.Context, a, b []plumbing.Hash) ([]plumbing.Hash, error) {
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
			if q.colour[h]&inB != 0 {
				continue
			}
		}
		best = append(best, h)
	}
	return best, nil
}

// isAncestor reports whether a is b or one of its ancestors.
func (r *Repository) isAncestor(ctx context.Context, a, b plumbing.Hash) (bool, error) {
	bases, err := r.mergeBases(ctx, a, b)
	return err == nil && slices.Equal(bases, []plumbing.Hash{a}), err
}
