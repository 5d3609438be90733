package gitflow

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/slsflow/slsflow/gitflow/internal/odb"
)

// notes are what the messages of a part of a history say about other commits.
type notes struct {
	division
	part   []*painted
	notes  []note // the newest first
	copies map[plumbing.Hash]plumbing.Hash
}

// note is what the message of one commit says. Most say nothing.
type note struct {
	hash     plumbing.Hash
	original plumbing.Hash // of which it is a copy, or itself
	reverts  []mention
}

// readNotes reads the messages of what only the first of two histories has.
func (r *Repository) readNotes(ctx context.Context, d division) (*notes, error) {
	n := &notes{division: d, part: d.alone(), copies: map[plumbing.Hash]plumbing.Hash{}}
	numbered := false
	for _, c := range n.part {
		if err := ctx.Err(); err != nil {
			return nil, context.Cause(ctx)
		}
		one, err := r.note(c)
		if err != nil {
			return nil, err
		}
		if one.original != one.hash {
			n.copies[one.hash] = one.original
		}
		if one.original != one.hash || len(one.reverts) > 0 {
			n.notes = append(n.notes, one)
		}
		numbered = numbered || slices.ContainsFunc(one.reverts, isNumbered)
	}
	if !numbered {
		return n, nil
	}
	return n, n.findNumbered(ctx)
}

// note reads the message of a commit, if it may say something.
func (r *Repository) note(c *painted) (note, error) {
	n := note{hash: c.Hash, original: c.Hash}
	says := c.hint
	if says == unread {
		obj, err := r.objects.get(plumbing.CommitObject, c.Hash)
		if err != nil {
			return note{}, err
		}
		text, err := bytesOf(obj)
		if err != nil {
			return note{}, err
		}
		says = hintOf(text)
	}
	if says == plain {
		return n, nil
	}
	full, err := r.loadCommit(c.Hash)
	if err != nil {
		return note{}, err
	}
	n.original, n.reverts = original(full), revertsIn(full.Message)
	return n, nil
}

func isNumbered(m mention) bool { return m.pullRequest != 0 }

// search is who looks for the commit of a pull request.
type search struct {
	*mention
	number int // of the search
	place  int // of the revert in the log
}

// findNumbered finds the commits of reverts that name a pull request: the newest
// one of that number in the history of the revert, as far back as people look. All
// are looked for at once: each commit tells its parents who has not found it.
func (n *notes) findNumbered(ctx context.Context) error {
	const far = 10_000 // commits of the log
	begin := map[plumbing.Hash][]search{}
	number := 0
	for _, one := range n.notes {
		for i := range one.reverts {
			if isNumbered(one.reverts[i]) {
				number++
				begin[one.hash] = append(begin[one.hash], search{mention: &one.reverts[i], number: number})
			}
		}
	}
	looking := map[plumbing.Hash][]search{} // in the order of their numbers
	place := 0
	pass := func(list []*painted) error {
		for _, c := range list {
			if err := ctx.Err(); err != nil {
				return context.Cause(ctx)
			}
			place++
			here, err := n.answer(c, looking[c.Hash], place-far)
			if err != nil {
				return err
			}
			delete(looking, c.Hash)
			for _, s := range begin[c.Hash] {
				s.place = place
				here = append(here, s)
			}
			for _, parent := range c.Parents {
				if len(here) > 0 {
					looking[parent.Hash] = both(looking[parent.Hash], here)
				}
			}
		}
		return nil
	}
	if err := pass(n.part); err != nil || len(looking) == 0 {
		return err
	}
	p := n.follow()
	for _, h := range slices.SortedFunc(maps.Keys(looking), compareHashes) {
		if err := p.add(odb.Ref{Hash: h}, inA); err != nil {
			return err
		}
	}
	for range far {
		if len(p.queue.list) == 0 {
			break
		}
		if err := p.step(ctx); err != nil && !errors.Is(err, ErrShallow) {
			return err
		}
	}
	return pass(p.only(inA))
}

// answer returns who still looks behind a commit, of those that began after a place.
func (n *notes) answer(c *painted, looking []search, after int) ([]search, error) {
	if len(looking) == 0 {
		return nil, nil
	}
	full, err := n.repo.loadCommit(c.Hash)
	if err != nil {
		return nil, err
	}
	number := full.PullRequest()
	var rest []search
	for _, s := range looking {
		switch {
		case !s.commit.IsZero() || s.place <= after:
		case s.pullRequest == number:
			s.commit = c.Hash
		default:
			rest = append(rest, s)
		}
	}
	return rest, nil
}

// both returns all of two lists, each once.
func both(a, b []search) []search {
	if len(a) == 0 {
		return b
	}
	all := slices.Concat(a, b)
	slices.SortFunc(all, func(a, b search) int { return cmp.Compare(a.number, b.number) })
	return slices.Compact(all)
}
