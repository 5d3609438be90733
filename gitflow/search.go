package gitflow

import (
	"cmp"
	"context"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/slsflow/slsflow/gitflow/internal/odb"
)

// search is for the commit of a pull request that a revert names: the newest one of
// that number in the history of the revert, as far back as people look.
type search struct {
	*mention
	number int // of the search
	from   *painted
	begun  int // when the walk was at from
}

// searches are those that have come to a commit, each list by their numbers.
type searches struct {
	all  []search
	next []search // to be passed on to the parents
}

// find answers all searches in one walk: each commit tells its parents who has not
// found what it looks for.
func (n *notes) find(ctx context.Context, list []search) error {
	const far = 10_000 // commits of the walk
	p := n.follow()
	at := map[plumbing.Hash]*searches{}
	tell := func(ref odb.Ref, who []search) error {
		c := p.seen[ref.Hash]
		if c == nil {
			var err error
			if c, err = p.read(ref); err != nil {
				return err
			}
			p.seen[ref.Hash], at[ref.Hash] = c, &searches{}
		}
		here := at[ref.Hash]
		if who = without(who, here.all); len(who) == 0 {
			return nil
		}
		here.all, here.next = both(here.all, who), both(here.next, who)
		if !c.queued {
			c.queued = true
			p.queue.push(c)
		}
		return nil
	}
	for _, s := range list {
		if err := tell(odb.Ref{Hash: s.from.Hash}, []search{s}); err != nil {
			return err
		}
	}
	for walked := 0; len(p.queue.list) > 0; walked++ {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		c := p.queue.pop()
		c.queued = false
		here := at[c.Hash]
		rest, err := n.answer(c, here.next, walked, far)
		if err != nil {
			return err
		}
		here.next = nil
		if len(rest) == 0 || n.repo.shallow.has(c.Hash) {
			continue
		}
		for _, parent := range c.Parents {
			if err := tell(parent, rest); err != nil {
				return err
			}
		}
	}
	return nil
}

// answer returns who has to look further than c.
func (n *notes) answer(c *painted, list []search, walked, far int) (rest []search, err error) {
	number := -1 // not read
	for _, s := range list {
		if s.from.Hash == c.Hash {
			s.begun = walked
			rest = append(rest, s)
			continue
		}
		if !s.commit.IsZero() || walked-s.begun >= far {
			continue
		}
		if number < 0 {
			full, err := n.repo.loadCommit(c.Hash)
			if err != nil {
				return nil, err
			}
			number = full.PullRequest()
		}
		if s.pullRequest == number {
			s.commit = c.Hash
		} else {
			rest = append(rest, s)
		}
	}
	return rest, nil
}

func byNumber(a, b search) int { return cmp.Compare(a.number, b.number) }

// without returns those of a list that another one has not.
func without(list, other []search) []search {
	if len(other) == 0 {
		return list
	}
	return slices.DeleteFunc(slices.Clone(list), func(s search) bool {
		_, found := slices.BinarySearchFunc(other, s, byNumber)
		return found
	})
}

// both returns what is in one of two lists that have nothing in common.
func both(a, b []search) []search {
	if len(a) == 0 {
		return b
	}
	all := slices.Concat(a, b)
	slices.SortFunc(all, byNumber)
	return all
}
