package gitflow

import (
	"bytes"
	"container/heap"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
)

const (
	inA    = 1 << iota // reachable from the first side
	inB                // reachable from the second
	behind             // an ancestor of a common ancestor
)

// painter walks two histories at once, newest commit first, and marks who
// reaches what. It stops when everything left is an ancestor of common ones, so
// that it reads what differs and not the whole history.
type painter struct {
	repo    *Repository
	commits map[plumbing.Hash]*object.Commit
	colour  map[plumbing.Hash]uint8
	queue   commitQueue
	queued  map[plumbing.Hash]bool
	open    int             // queued commits that are not behind
	met     []plumbing.Hash // commits that both sides reach, in the order in which they were found
}

func newPainter(r *Repository) *painter {
	return &painter{repo: r, commits: map[plumbing.Hash]*object.Commit{}, colour: map[plumbing.Hash]uint8{}, queued: map[plumbing.Hash]bool{}}
}

func (p *painter) paint(ctx context.Context, a, b []plumbing.Hash) error {
	for _, h := range a {
		if err := p.add(h, inA); err != nil {
			return err
		}
	}
	for _, h := range b {
		if err := p.add(h, inB); err != nil {
			return err
		}
	}
	for p.open > 0 {
		if err := p.step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// settle goes on until no clock that is wrong by less than a day can still have
// hidden that a commit of one side is in the other too.
func (p *painter) settle(ctx context.Context) error {
	var oldest time.Time
	for h, colour := range p.colour {
		if when := p.commits[h].Committer.When; colour == inA && (oldest.IsZero() || when.Before(oldest)) {
			oldest = when
		}
	}
	for p.queue.Len() > 0 && !oldest.IsZero() && p.queue.list[0].Committer.When.After(oldest.Add(-24*time.Hour)) {
		if err := p.step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// add marks a commit and, if that is news, queues it so that its parents get
// the mark too.
func (p *painter) add(h plumbing.Hash, colour uint8) error {
	old, seen := p.colour[h]
	if seen && old|colour == old {
		return nil
	}
	c := p.commits[h]
	if c == nil {
		var err error
		if c, err = p.repo.objects.commit(h); err != nil {
			return err
		}
		p.commits[h] = c
	}
	p.colour[h] = old | colour
	wasOpen := p.queued[h] && old&behind == 0
	isOpen := (old|colour)&behind == 0
	if !p.queued[h] {
		p.queued[h] = true
		heap.Push(&p.queue, c)
	}
	if isOpen && !wasOpen {
		p.open++
	}
	if wasOpen && !isOpen {
		p.open--
	}
	return nil
}

func (p *painter) step(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	c := heap.Pop(&p.queue).(*object.Commit)
	delete(p.queued, c.Hash)
	colour := p.colour[c.Hash]
	if colour&behind == 0 {
		p.open--
	}
	if colour&(inA|inB) == inA|inB {
		if colour&behind == 0 {
			p.met = append(p.met, c.Hash)
		}
		colour |= behind // for its parents
	}
	if p.repo.shallow.has(c.Hash) {
		if colour&behind != 0 || len(c.ParentHashes) == 0 {
			return nil
		}
		return p.repo.shallowError(c.Hash)
	}
	for _, parent := range c.ParentHashes {
		if err := p.add(parent, colour); err != nil {
			return err
		}
	}
	return nil
}

// common returns the commits that both sides reach and that are not known to
// be behind another one, newest first. Of one time, those that git finds first
// come first.
func (p *painter) common() []plumbing.Hash {
	hashes := slices.DeleteFunc(slices.Clone(p.met), func(h plumbing.Hash) bool { return p.colour[h]&behind != 0 })
	slices.SortStableFunc(hashes, func(a, b plumbing.Hash) int {
		return p.commits[b].Committer.When.Compare(p.commits[a].Committer.When)
	})
	return hashes
}

// onlyA returns what the first side alone reaches: newest first, and children
// before parents.
func (p *painter) onlyA() []Commit {
	children := map[plumbing.Hash]int{} // within the list
	var mine []*object.Commit
	for _, h := range slices.SortedFunc(maps.Keys(p.colour), func(a, b plumbing.Hash) int { return bytes.Compare(a[:], b[:]) }) {
		if p.colour[h] != inA {
			continue
		}
		mine = append(mine, p.commits[h])
		for _, parent := range p.commits[h].ParentHashes {
			children[parent]++
		}
	}
	var ready commitQueue
	for _, c := range mine {
		if children[c.Hash] == 0 {
			heap.Push(&ready, c)
		}
	}
	list := make([]Commit, 0, len(mine))
	for ready.Len() > 0 {
		c := heap.Pop(&ready).(*object.Commit)
		list = append(list, newCommit(c))
		for _, parent := range c.ParentHashes {
			children[parent]--
			if children[parent] == 0 && p.colour[parent] == inA {
				heap.Push(&ready, p.commits[parent])
			}
		}
	}
	return list
}

// newer orders commits by time, the newest first, and by hash where times are
// equal, so that every order in this package is the same on every machine.
func newer(a, b *object.Commit) int {
	if c := b.Committer.When.Compare(a.Committer.When); c != 0 {
		return c
	}
	return strings.Compare(a.Hash.String(), b.Hash.String())
}

// commitQueue is a heap with the newest commit at its root. Of one time, the
// first one that was pushed comes first, as in git.
type commitQueue struct {
	list   []*object.Commit
	number []int // of pushes
	pushed int
}

func (q *commitQueue) Len() int { return len(q.list) }

func (q *commitQueue) Less(i, j int) bool {
	if c := q.list[i].Committer.When.Compare(q.list[j].Committer.When); c != 0 {
		return c > 0
	}
	return q.number[i] < q.number[j]
}

func (q *commitQueue) Swap(i, j int) {
	q.list[i], q.list[j] = q.list[j], q.list[i]
	q.number[i], q.number[j] = q.number[j], q.number[i]
}

func (q *commitQueue) Push(c any) {
	q.list, q.number = append(q.list, c.(*object.Commit)), append(q.number, q.pushed)
	q.pushed++
}

func (q *commitQueue) Pop() any {
	n := len(q.list) - 1
	last := q.list[n]
	q.list, q.number = q.list[:n], q.number[:n]
	return last
}
