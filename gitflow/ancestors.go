package gitflow

import (
	"context"
	"fmt"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
)

// ancestor is a commit, or the merge of several of them which nobody made, and
// which then has them for parents.
type ancestor struct {
	tree  plumbing.Hash
	heads []plumbing.Hash // the commit alone, or all that was merged
}

func (r *Repository) head(h plumbing.Hash) (ancestor, error) {
	c, err := r.objects.commit(h)
	if err != nil {
		return ancestor{}, err
	}
	return ancestor{c.TreeHash, []plumbing.Hash{h}}, nil
}

// ancestors merges commits, and for that their common ancestors, if there are
// several, and theirs.
type ancestors struct {
	repo       *Repository // with what was merged so far
	attributes *attributes
	unsure     []Conflict
	merges     int
}

// maxMerges bounds how many merges of ancestors one merge may need: where each
// level of a history has three, they double from level to level.
const maxMerges = 1000

func (a *ancestors) merge(ctx context.Context, ours, theirs ancestor, label [3]string, depth int) (merged, error) {
	if a.merges++; a.merges > maxMerges {
		return merged{}, fmt.Errorf("the common ancestors, and theirs, need more than %d merges to be one (merge by hand)", maxMerges)
	}
	base, err := a.base(ctx, ours.heads, theirs.heads, depth)
	if err != nil {
		return merged{}, err
	}
	m := merge{repo: a.repo, attributes: a.attributes, trees: [3]plumbing.Hash{base.tree, ours.tree, theirs.tree}, label: label, depth: depth}
	res, err := m.run(ctx)
	a.unsure = append(a.unsure, res.unsure...)
	res.unsure = a.unsure
	return res, err
}

// base merges the best common ancestors of two sides, the oldest first, as git
// does: what conflicts stays in it, between markers.
func (a *ancestors) base(ctx context.Context, ours, theirs []plumbing.Hash, depth int) (ancestor, error) {
	bases, err := a.repo.mergeBasesOf(ctx, ours, theirs)
	if err != nil {
		return ancestor{}, err
	}
	if len(bases) == 0 {
		return ancestor{tree: emptyTree()}, nil
	}
	slices.Reverse(bases)
	base, err := a.repo.head(bases[0])
	if err != nil {
		return ancestor{}, err
	}
	for _, h := range bases[1:] {
		next, err := a.repo.head(h)
		if err != nil {
			return ancestor{}, err
		}
		res, err := a.merge(ctx, base, next, [3]string{"", "Temporary merge branch 1", "Temporary merge branch 2"}, depth+1)
		if err != nil {
			return ancestor{}, err
		}
		a.repo = a.repo.with(res.objs)
		base = ancestor{res.tree, append(slices.Clone(base.heads), next.heads...)}
	}
	return base, nil
}
