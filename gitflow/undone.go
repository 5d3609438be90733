package gitflow

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/slsflow/slsflow/gitflow/internal/odb"
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
// has.
func (r *Repository) undone(ctx context.Context, commit, branch plumbing.Hash) ([]Undone, error) {
	mine, err := r.undoings(ctx, branch, commit)
	if err != nil || len(mine.list) == 0 {
		return nil, err
	}
	theirs, err := r.undoings(ctx, commit, branch)
	if err != nil {
		return nil, err
	}
	var list []Undone
	for _, u := range mine.list {
		if theirs.last[original(u.work)] != "" {
			continue
		}
		in, err := r.hasAny(ctx, commit, u.tips)
		if err != nil {
			return nil, err
		}
		returns := false
		if !in {
			if returns, err = r.hasCopy(ctx, commit, u); err != nil {
				return nil, err
			}
		}
		if in || returns {
			list = append(list, Undone{Revert: u.revert, Work: u.work, Returns: returns})
		}
	}
	slices.Reverse(list)
	return list, nil
}

// undoing is a revert that counts.
type undoing struct {
	revert, work Commit
	mainline     plumbing.Hash   // the state that the revert went back to
	tips         []plumbing.Hash // who has one of these has the work
}

// undoings are the reverts that count in a part of a history.
type undoings struct {
	list []undoing
	last map[string]string // work → the newest revert of it, or "" where it was picked again
}

// undoings reads what only the first of two histories has, the newest commit
// first: of all that happened to one piece of work the newest counts. Work is
// known by the hash of the commit that it was first.
func (r *Repository) undoings(ctx context.Context, history, without plumbing.Hash) (undoings, error) {
	commits, err := r.pending(ctx, history, without)
	if err != nil {
		return undoings{}, err
	}
	found := undoings{last: map[string]string{}}
	renewed := map[string]string{} // revert → the revert of what had reverted it
	gone := map[string]bool{}      // reverts that do not count
	for _, c := range commits {
		self := original(c)
		reverts := revertsIn(c.Message)
		if _, known := found.last[self]; !known && self != c.Hash && len(reverts) == 0 {
			found.last[self] = "" // a cherry-pick
		}
		for _, m := range reverts {
			work, ok, err := r.mentioned(ctx, c, m)
			if err != nil {
				return undoings{}, err
			}
			if !ok {
				continue
			}
			if by := found.last[self]; by != "" {
				gone[c.Hash], renewed[work.Hash] = true, by
				continue
			}
			if _, known := found.last[original(work)]; known {
				continue
			}
			u := newUndoing(c, work, m)
			if err := r.forget(ctx, found.last, u); err != nil {
				return undoings{}, err
			}
			found.list = append(found.list, u)
		}
	}
	found.list = slices.DeleteFunc(found.list, func(u undoing) bool { return gone[u.work.Hash] })
	for i, u := range found.list {
		for by := renewed[u.revert.Hash]; by != ""; by = renewed[by] {
			if found.list[i].revert, err = r.loadCommit(plumbing.NewHash(by)); err != nil {
				return undoings{}, err
			}
			found.last[original(u.work)] = by
		}
	}
	return found, nil
}

func newUndoing(revert, work Commit, m mention) undoing {
	u := undoing{revert: revert, work: work}
	if len(work.Parents) > 0 {
		u.mainline = plumbing.NewHash(work.Parents[0])
	}
	if !work.IsMerge() {
		u.tips = []plumbing.Hash{plumbing.NewHash(work.Hash)}
		return u
	}
	// Of a merge, what was merged in counts: the merge itself is the branch's.
	if slices.Contains(work.Parents, m.mainline) {
		u.mainline = plumbing.NewHash(m.mainline)
	}
	u.tips = []plumbing.Hash{plumbing.NewHash(work.Hash)}
	for _, p := range work.Parents {
		if h := plumbing.NewHash(p); h != u.mainline {
			u.tips = append(u.tips, h)
		}
	}
	return u
}

// forget notes that the work is undone, and all that came with it if it is a
// merge.
func (r *Repository) forget(ctx context.Context, last map[string]string, u undoing) error {
	last[original(u.work)] = u.revert.Hash
	for _, tip := range u.tips[1:] {
		brought, err := r.pending(ctx, tip, u.mainline)
		if err != nil {
			return err
		}
		for _, b := range brought {
			if _, known := last[original(b)]; !known {
				last[original(b)] = u.revert.Hash
			}
		}
	}
	return nil
}

// original returns the hash of the commit of which c is a copy, or that of c.
func original(c Commit) string {
	if from, ok := pickedFrom(c.Message); ok {
		return from
	}
	return c.Hash
}

// mentioned returns the commit that a revert says it reverts, if it is here.
func (r *Repository) mentioned(ctx context.Context, revert Commit, m mention) (Commit, bool, error) {
	if m.commit != "" {
		c, err := r.loadCommit(plumbing.NewHash(m.commit))
		if errors.Is(err, ErrNotFound) {
			return Commit{}, false, nil // the message names a commit of somewhere else
		}
		return c, err == nil, err
	}
	// The newest commit of the pull request, as far back as people look.
	const far = 10_000
	p := newPainter(r)
	if err := p.add(odb.Ref{Hash: plumbing.NewHash(revert.Hash)}, inA); err != nil {
		return Commit{}, false, err
	}
	for range far {
		if len(p.queue.list) == 0 {
			break
		}
		c, err := r.loadCommit(p.queue.list[0].Hash)
		if err != nil {
			return Commit{}, false, err
		}
		if c.Hash != revert.Hash && c.PullRequest() == m.pullRequest {
			return c, true, nil
		}
		if err := p.step(ctx); errors.Is(err, ErrShallow) {
			break
		} else if err != nil {
			return Commit{}, false, err
		}
	}
	return Commit{}, false, nil
}

// hasAny reports whether one of the tips is in the history of commit.
func (r *Repository) hasAny(ctx context.Context, commit plumbing.Hash, tips []plumbing.Hash) (bool, error) {
	for _, tip := range tips {
		if in, err := r.isAncestor(ctx, tip, commit); in || err != nil {
			return in, err
		}
	}
	return false, nil
}

// hasCopy reports whether commit has the work without its commit: it has the one
// of which it is a copy, or each file as the work made it.
func (r *Repository) hasCopy(ctx context.Context, commit plumbing.Hash, u undoing) (bool, error) {
	if first := plumbing.NewHash(original(u.work)); first.String() != u.work.Hash {
		if ok, err := r.objects.has(first); err != nil {
			return false, err
		} else if ok {
			if in, err := r.isAncestor(ctx, first, commit); in || err != nil {
				return in, err
			}
		}
	}
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
