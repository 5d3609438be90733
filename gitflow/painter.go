package gitflow

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/slsflow/slsflow/gitflow/internal/odb"
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
	repo  *Repository
	seen  map[plumbing.Hash]*painted
	known map[plumbing.Hash]*painted // by a painter before this one
	queue commitQueue
	open  int        // queued commits that are not behind
	met   []*painted // commits that both sides reach, in the order in which they were found
}

// painted is a commit that a painter has met.
type painted struct {
	odb.Commit
	colour uint8
	queued bool
	hint   hint
}

func newPainter(r *Repository) *painter {
	return &painter{repo: r, seen: map[plumbing.Hash]*painted{}}
}

// follow returns a painter that begins anew and does not read again what p has seen.
func (p *painter) follow() *painter {
	q := newPainter(p.repo)
	q.known = p.seen
	return q
}

// read returns a commit that this painter has not met.
func (p *painter) read(ref odb.Ref) (*painted, error) {
	if c := p.known[ref.Hash]; c != nil {
		return &painted{Commit: c.Commit, hint: c.hint}, nil
	}
	node, text, err := p.repo.objects.node(ref)
	if err != nil {
		return nil, err
	}
	c := &painted{Commit: node}
	if text != nil {
		c.hint = hintOf(text)
	}
	return c, nil
}

func (p *painter) paint(ctx context.Context, a, b []plumbing.Hash) error {
	for _, h := range a {
		if err := p.add(odb.Ref{Hash: h}, inA); err != nil {
			return err
		}
	}
	for _, h := range b {
		if err := p.add(odb.Ref{Hash: h}, inB); err != nil {
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

const (
	clockSkew = 24 * 60 * 60 // seconds by which a clock may be wrong
	slop      = 256          // commits of such a clock; git looks at five
)

// settle goes on until nothing left can have an ancestor that is not known to be
// behind. For commits with a level that is certain; the others are followed as
// long as a clock that is wrong can have hidden something.
func (p *painter) settle(ctx context.Context) error {
	lowest, oldest, left := uint32(odb.NoLevel), int64(0), slop
	first := true
	for _, c := range p.seen {
		if c.colour&behind == 0 {
			lowest = min(lowest, c.Level)
			if first || c.When < oldest {
				oldest, first = c.When, false
			}
		}
	}
	for len(p.queue.list) > 0 {
		c := p.queue.list[0]
		follow := c.Level > lowest
		if c.Level == odb.NoLevel {
			if c.When <= oldest {
				left--
			}
			follow = c.When > oldest-clockSkew && left >= 0
		}
		if !follow {
			p.pop()
		} else if err := p.step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// add marks a commit and, if that is news, queues it so that its parents get
// the mark too.
func (p *painter) add(ref odb.Ref, colour uint8) error {
	c := p.seen[ref.Hash]
	if c == nil {
		var err error
		if c, err = p.read(ref); err != nil {
			return err
		}
		p.seen[ref.Hash] = c
	} else if c.colour|colour == c.colour {
		return nil
	}
	wasOpen := c.queued && c.colour&behind == 0
	c.colour |= colour
	isOpen := c.colour&behind == 0
	if !c.queued {
		c.queued = true
		p.queue.push(c)
	}
	if isOpen && !wasOpen {
		p.open++
	}
	if wasOpen && !isOpen {
		p.open--
	}
	return nil
}

// pop takes the newest commit from the queue.
func (p *painter) pop() *painted {
	c := p.queue.pop()
	c.queued = false
	if c.colour&behind == 0 {
		p.open--
	}
	return c
}

func (p *painter) step(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	c := p.pop()
	colour := c.colour
	if colour&(inA|inB) == inA|inB {
		if colour&behind == 0 {
			p.met = append(p.met, c)
		}
		colour |= behind // for its parents
	}
	if p.repo.shallow.has(c.Hash) {
		if colour&behind != 0 || len(c.Parents) == 0 {
			return nil
		}
		return p.repo.shallowError(c.Hash)
	}
	for _, parent := range c.Parents {
		if err := p.add(parent, colour); err != nil {
			return err
		}
	}
	return nil
}

// with returns the commits of one colour, newest first.
func (p *painter) with(colour uint8) []*painted {
	var list []*painted
	for _, c := range p.seen {
		if c.colour == colour {
			list = append(list, c)
		}
	}
	slices.SortFunc(list, newer)
	return list
}

// common returns the commits that both sides reach and that are not known to
// be behind another one, newest first. Of one time, those that git finds first
// come first.
func (p *painter) common() []plumbing.Hash {
	found := slices.DeleteFunc(slices.Clone(p.met), func(c *painted) bool { return c.colour&behind != 0 })
	slices.SortStableFunc(found, func(a, b *painted) int { return cmp.Compare(b.When, a.When) })
	hashes := make([]plumbing.Hash, len(found))
	for i, c := range found {
		hashes[i] = c.Hash
	}
	return hashes
}

// only returns what one side alone reaches: newest first, and children before
// parents.
func (p *painter) only(side uint8) []*painted {
	children := map[plumbing.Hash]int{} // within the list
	mine := p.with(side)
	for _, c := range mine {
		for _, parent := range c.Parents {
			children[parent.Hash]++
		}
	}
	var ready commitQueue
	for _, c := range mine {
		if children[c.Hash] == 0 {
			ready.push(c)
		}
	}
	list := make([]*painted, 0, len(mine))
	for len(ready.list) > 0 {
		c := ready.pop()
		list = append(list, c)
		for _, parent := range c.Parents {
			children[parent.Hash]--
			if next := p.seen[parent.Hash]; children[parent.Hash] == 0 && next != nil && next.colour == side {
				ready.push(next)
			}
		}
	}
	return list
}

// newer orders commits by time, the newest first, and by hash where times are
// equal, so that every order in this package is the same on every machine.
func newer(a, b *painted) int {
	return cmp.Or(cmp.Compare(b.When, a.When), bytes.Compare(a.Hash[:], b.Hash[:]))
}

// commitQueue is a heap with the newest commit at its root. Of one time, the
// first one that was pushed comes first, as in git.
type commitQueue struct {
	list   []queued
	pushed int
}

type queued struct {
	*painted
	number int // of the push
}

func (q *commitQueue) before(i, j int) bool {
	a, b := q.list[i], q.list[j]
	return a.When > b.When || a.When == b.When && a.number < b.number
}

func (q *commitQueue) push(c *painted) {
	q.list = append(q.list, queued{c, q.pushed})
	q.pushed++
	for i := len(q.list) - 1; i > 0 && q.before(i, (i-1)/2); i = (i - 1) / 2 {
		q.list[i], q.list[(i-1)/2] = q.list[(i-1)/2], q.list[i]
	}
}

func (q *commitQueue) pop() *painted {
	root, last := q.list[0], len(q.list)-1
	q.list[0] = q.list[last]
	q.list = q.list[:last]
	for i := 0; ; {
		next := i
		for child := 2*i + 1; child <= 2*i+2 && child < last; child++ {
			if q.before(child, next) {
				next = child
			}
		}
		if next == i {
			return root.painted
		}
		q.list[i], q.list[next] = q.list[next], q.list[i]
		i = next
	}
}
