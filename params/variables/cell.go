package variables

import (
	"context"
	"slices"
	"strings"
)

// cell is one property of the document while it is resolved. It keeps what its
// node has become, so that each property is resolved once.
type cell struct {
	n     *node
	at    *place
	depth int    // how often the property was replaced by a value with variables
	kids  []cell // made when one is asked for; one whose n is nil is not yet

	state state
	value *cell // what a textNode has become; not a textNode
	done  *node // with all below it resolved
	st    status
	cause *Error // the first reason why it failed
}

type state uint8

const (
	fresh state = iota
	working
	settled
	broken
)

// status is how looking something up ended.
type status uint8

const (
	found  status = iota
	absent        // no value: the fallback counts
	failed        // with an error that is recorded
	left          // only the command line can tell
)

// kid returns the child of a cell at an index.
func (c *cell) kid(i int) *cell {
	if c.kids == nil {
		c.kids = make([]cell, len(c.n.kids))
	}
	kid := &c.kids[i]
	if kid.n == nil {
		at := c.at.index(i)
		if c.n.kind == mapNode {
			at = c.at.field(c.n.keys[i])
		}
		kid.n, kid.at, kid.depth = c.n.kids[i], at, c.depth
	}
	return kid
}

// step returns the child of a settled cell at a key or index, or nil.
func (c *cell) step(key string) *cell {
	switch c.n.kind {
	case mapNode:
		if i := c.n.find(key); i >= 0 {
			return c.kid(i)
		}
	case listNode:
		if i, ok := listIndex(key, len(c.n.kids)); ok {
			return c.kid(i)
		}
	}
	return nil
}

// settle resolves the text of a cell, but nothing below it. The cell it returns
// is no textNode.
func (s *session) settle(ctx context.Context, c *cell) (*cell, status) {
	if c.n.kind != textNode {
		return c, found
	}
	switch c.state {
	case settled:
		return c.value, found
	case broken:
		s.because(c.cause)
		return c, failed
	case working:
		s.circle(c)
		return c, failed
	}
	c.state = working
	s.open = append(s.open, c)
	outer := s.cause
	s.cause = nil
	n, depth, st := s.replace(ctx, c)
	s.open = s.open[:len(s.open)-1]
	if st != found {
		c.state, c.cause = broken, s.cause
		s.cause = outer
		s.because(c.cause)
		return c, failed
	}
	s.cause = outer
	c.state, c.value = settled, &cell{n: n, at: c.at, depth: depth}
	return c.value, found
}

// replace replaces the text of a cell by its value, until that is no text with
// variables.
func (s *session) replace(ctx context.Context, c *cell) (n *node, depth int, st status) {
	n, depth = c.n, c.depth
	for {
		if n.bad != nil {
			s.record(n.bad)
			return nil, 0, failed
		}
		first := n.parts[0]
		next, st := s.text(ctx, n, c.at, depth)
		if st != found {
			return nil, 0, st
		}
		if next.kind == liveNode {
			l := *next.live
			l.raw = c.n.text()
			next = &node{kind: liveNode, live: &l, pos: c.n.pos, weight: 1, origins: next.origins}
		}
		if s.total += next.weight; next.weight > maxWeight || s.total > 4*maxTotal {
			s.fail(n, c.at, first, TooLarge, nil, "", "the value is too large")
			return nil, 0, failed
		}
		if !next.open {
			return next, depth, found
		}
		if depth++; depth > maxReplaced {
			s.fail(n, c.at, first, PropertyDepth, nil, "", "values that hold variables follow each other more than %d times", maxReplaced)
			return nil, 0, failed
		}
		if next.kind != textNode {
			return next, depth, found
		}
		n = next
	}
}

// circle records the error about a cell that is needed for its own value.
func (s *session) circle(c *cell) {
	names := []string{}
	for _, other := range slices.Backward(s.open) {
		names = append(names, other.at.String())
		if other == c {
			break
		}
	}
	slices.Reverse(names)
	msg := names[0] + " refers to itself"
	if len(names) > 1 {
		msg = "circular reference: " + strings.Join(append(names, names[0]), " → ")
	}
	ask := s.askers[len(s.askers)-1]
	s.fail(ask.n, ask.at, ask.p, Circular, nil, "a fallback does not help: give one of them a value of its own", "%s", msg)
}

// final returns the value of a cell with all below it resolved. What could not
// be resolved is as it was written, and the status is failed. At the top, what
// only other stages need is left as it is written.
func (s *session) final(ctx context.Context, c *cell, top bool) (*node, status) {
	if c.done != nil {
		s.because(c.cause)
		return c.done, c.st
	}
	v, st := s.settle(ctx, c)
	if st != found {
		if c.state == broken {
			c.done, c.st = c.n, failed
			s.fails = append(s.fails, c)
		}
		return c.n, failed
	}
	if v != c {
		n, st := s.final(ctx, v, top)
		if s.lefts && len(n.kids) > 0 && v.n.hasLive() {
			whole := *n
			whole.written = c.n
			n = &whole
		}
		c.done, c.st, c.cause = n, st, v.cause
		return n, st
	}
	if !c.n.open {
		c.done, c.st = c.n, found
		return c.n, found
	}
	kids, keep := make([]*node, len(c.n.kids)), true
	st = found
	outer := s.cause
	s.cause = nil
	for i, written := range c.n.kids {
		if !written.open { // there is nothing to do
			kids[i] = written
			continue
		}
		kid := c.kid(i)
		below := top && (c.at == nil && isBlock(kid.at.key) || c.at != nil && c.at.up == nil && isBlock(c.at.key))
		if below && c.at != nil && c.n.kind == mapNode && s.otherStage(kid.at.key) {
			kids[i] = kid.n
			if kid.done != nil { // something asked for it
				kids[i] = kid.done
			}
			keep = false
			continue
		}
		n, kidSt := s.final(ctx, kid, below)
		if kidSt != found {
			st = failed
		}
		keep = keep && !below
		kids[i] = n
	}
	n := (&node{kind: c.n.kind, keys: c.n.keys, index: c.n.index, kids: kids, pos: c.n.pos}).sealed()
	if keep {
		c.done, c.st, c.cause = n, st, s.cause
	}
	inner := s.cause
	s.cause = outer
	s.because(inner)
	return n, st
}

func isBlock(key string) bool { return key == "params" || key == "stages" }

// otherStage reports whether a block of params is that of another stage.
func (s *session) otherStage(key string) bool { return key != s.stage && key != "default" }
