package gitflow

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
)

// undoing is a revert that counts.
type undoing struct {
	revert, work Commit
	mainline     plumbing.Hash   // the state that the revert went back to
	tips         []plumbing.Hash // who has one of these has the work
}

// undoings are the reverts that count in a part of a history.
type undoings struct {
	list []undoing                       // the newest first
	last map[plumbing.Hash]plumbing.Hash // work → the newest revert of it, or zero where it was picked again
}

// undoings reads what only the first of two histories has, the newest commit
// first: of all that happened to one piece of work the newest counts. Work is
// known by the hash of the commit that it was first.
func (r *Repository) undoings(ctx context.Context, d division) (undoings, error) {
	told, err := r.readNotes(ctx, d)
	if err != nil {
		return undoings{}, err
	}
	found := undoings{last: map[plumbing.Hash]plumbing.Hash{}}
	renewed := map[plumbing.Hash]plumbing.Hash{} // revert → the revert of what had reverted it
	gone := map[string]bool{}                    // reverts that do not count
	for _, n := range told.notes {
		if _, known := found.last[n.original]; !known && n.original != n.hash && len(n.reverts) == 0 {
			found.last[n.original] = plumbing.ZeroHash // a cherry-pick
		}
		for _, m := range n.reverts {
			work, err := r.loadCommit(m.commit)
			if errors.Is(err, ErrNotFound) {
				continue // a commit of somewhere else
			}
			if err != nil {
				return undoings{}, err
			}
			if by := found.last[n.original]; !by.IsZero() {
				gone[n.hash.String()], renewed[m.commit] = true, by
				continue
			}
			if _, known := found.last[original(work)]; known {
				continue
			}
			revert, err := r.loadCommit(n.hash)
			if err != nil {
				return undoings{}, err
			}
			u := newUndoing(revert, work, m.mainline)
			brought, err := told.broughtBy(ctx, u)
			if err != nil {
				return undoings{}, err
			}
			for _, h := range append(brought, original(work)) {
				if _, known := found.last[h]; !known {
					found.last[h] = n.hash
				}
			}
			found.list = append(found.list, u)
		}
	}
	found.list = slices.DeleteFunc(found.list, func(u undoing) bool { return gone[u.work.Hash] })
	for i, u := range found.list {
		for by := renewed[plumbing.NewHash(u.revert.Hash)]; !by.IsZero(); by = renewed[by] {
			if found.list[i].revert, err = r.loadCommit(by); err != nil {
				return undoings{}, err
			}
			found.last[original(u.work)] = by
		}
	}
	return found, nil
}

// newUndoing returns the revert of some work, which went back to a parent of it;
// to the first one if that is not known.
func newUndoing(revert, work Commit, mainline plumbing.Hash) undoing {
	u := undoing{revert: revert, work: work, tips: []plumbing.Hash{plumbing.NewHash(work.Hash)}}
	if len(work.Parents) > 0 {
		u.mainline = plumbing.NewHash(work.Parents[0])
	}
	if slices.Contains(work.Parents, mainline.String()) {
		u.mainline = mainline
	}
	// Of a merge, what was merged in counts: the merge itself is the branch's.
	for _, p := range work.Parents {
		if h := plumbing.NewHash(p); h != u.mainline {
			u.tips = append(u.tips, h)
		}
	}
	return u
}

// broughtBy returns the work that came with a merge which was reverted.
func (n *notes) broughtBy(ctx context.Context, u undoing) ([]plumbing.Hash, error) {
	if !u.work.IsMerge() {
		return nil, nil
	}
	p := n.follow()
	if err := p.paint(ctx, u.tips[1:], []plumbing.Hash{u.mainline}); err != nil {
		return nil, err
	}
	if err := p.settle(ctx); err != nil {
		return nil, err
	}
	var list []plumbing.Hash
	for _, c := range p.only(inA) {
		h, err := n.originalOf(c)
		if err != nil {
			return nil, err
		}
		list = append(list, h)
	}
	return list, nil
}

// originalOf is [original] for a commit whose message may have been read.
func (n *notes) originalOf(c *painted) (plumbing.Hash, error) {
	if known := n.seen[c.Hash]; known == nil || known.colour != n.mine {
		note, err := n.repo.note(c)
		return cmp.Or(note.original, c.Hash), err
	}
	return cmp.Or(n.copies[c.Hash], c.Hash), nil
}

// original returns the hash of the commit of which c is a copy, or that of c.
func original(c Commit) plumbing.Hash {
	if from, ok := pickedFrom(c.Message); ok {
		return plumbing.NewHash(from)
	}
	return plumbing.NewHash(c.Hash)
}
