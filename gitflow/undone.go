package gitflow

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
)

// Undone is work that a branch has reverted and that is promoted into it again.
type Undone struct {
	Revert Commit // in the branch; revert this one to have the work again, see [Repository.Reapply]
	Work   Commit // that was reverted
	// Returns is true if the promotion brings the work back all the same. The
	// branch had it by a copy (a squash, a cherry-pick), so that git does not know
	// the work for merged. False is the usual case: git takes the work for merged,
	// and merging it again brings nothing of it.
	Returns bool
}

// Undone lists the work of the revision from that the revision to has reverted,
// the oldest revert first. A revert that was itself reverted does not count, nor
// does one of work that was picked again since, or that from has reverted too.
// Reverts are known by what git, GitHub and GitLab write into the message, copies
// by the line of `git cherry-pick -x` or by their files.
func (r *Repository) Undone(ctx context.Context, from, to string) ([]Undone, error) {
	list, err := r.undoneRevs(ctx, from, to)
	if err != nil {
		return nil, fmt.Errorf("gitflow: undone from %q to %q in %v: %w", from, to, r, err)
	}
	return list, nil
}

func (r *Repository) undoneRevs(ctx context.Context, from, to string) ([]Undone, error) {
	a, err := r.resolve(from)
	if err != nil {
		return nil, err
	}
	b, err := r.resolve(to)
	if err != nil {
		return nil, err
	}
	return r.undone(ctx, a, b)
}

// undone finds the reverts that only the branch has, of work that the commit
// has. Each side is read once, and what the commit has is asked once for all.
func (r *Repository) undone(ctx context.Context, commit, branch plumbing.Hash) ([]Undone, error) {
	d, err := r.divide(ctx, commit, branch)
	if err != nil {
		return nil, err
	}
	mine, err := r.undoings(ctx, d.swapped())
	if err != nil || len(mine.list) == 0 {
		return nil, err
	}
	theirs, err := r.undoings(ctx, d)
	if err != nil {
		return nil, err
	}
	mine.list = slices.DeleteFunc(mine.list, func(u undoing) bool { return !theirs.last[original(u.work)].IsZero() })
	var asked []plumbing.Hash
	for _, u := range mine.list {
		asked = append(asked, u.tips...)
		first := original(u.work)
		if slices.Contains(u.tips, first) {
			continue
		}
		if _, err := r.objects.commit(first); err == nil {
			asked = append(asked, first)
		} else if !errors.Is(err, ErrNotFound) { // a commit of somewhere else
			return nil, err
		}
	}
	has, err := d.contains(ctx, asked)
	if err != nil {
		return nil, err
	}
	var list []Undone
	for _, u := range slices.Backward(mine.list) {
		in := slices.ContainsFunc(u.tips, func(h plumbing.Hash) bool { return has[h] })
		returns := !in && has[original(u.work)]
		if !in && !returns {
			if returns, err = r.hasFiles(ctx, commit, u); err != nil {
				return nil, err
			}
		}
		if in || returns {
			list = append(list, Undone{Revert: u.revert, Work: u.work, Returns: returns})
		}
	}
	return list, nil
}

// hasFiles reports whether commit has each file as the work made it.
func (r *Repository) hasFiles(ctx context.Context, commit plumbing.Hash, u undoing) (bool, error) {
	var before plumbing.Hash
	if !u.mainline.IsZero() {
		c, err := r.objects.commit(u.mainline)
		if err != nil {
			return false, err
		}
		before = c.TreeHash
	}
	edits, err := r.diff(ctx, before, plumbing.NewHash(u.work.Tree))
	if err != nil || len(edits) == 0 {
		return false, err
	}
	head, err := r.objects.commit(commit)
	if err != nil {
		return false, err
	}
	for p, e := range edits {
		at, err := r.at(head.TreeHash, p)
		if err != nil {
			return false, err
		}
		if at != e.new {
			return false, nil
		}
	}
	return true, nil
}
