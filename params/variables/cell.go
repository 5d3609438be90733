package variables

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// cell is one property of the document while it is resolved. It keeps what its
// node has become, so that each property is resolved once.
type cell struct {
	up *cell // what it is in, or nil
	i  int32 // where in it

	file  bool  // it is all of another file
	depth uint8 // how often it was replaced by a value with variables
	state state
	st    status // of done

	n     *node    // as it is written
	kids  *[]*cell // those that something asked for, or nil
	value *node    // when it is settled: what a textNode has become, which is none
	done  *node    // with all below it resolved
}

type state uint8

const (
	fresh state = iota
	working
	broken
)

// status is how looking something up ended.
type status uint8

const (
	found  status = iota
	absent        // no value: the fallback counts
	failed        // with an error that is recorded
	left          // only the command line can tell
	hidden        // absent, and nothing else is looked at
)

// place returns where the property stands.
func (c *cell) place() *place {
	switch {
	case c.file:
		return (*place)(nil).field("file(" + c.n.pos().File + ")")
	case c.up == nil:
		return nil
	case c.up.value.kind == mapNode:
		return c.up.place().field(c.key())
	default:
		return c.up.place().index(int(c.i))
	}
}

// key returns the key that the property has in a map, or "".
func (c *cell) key() string {
	if c.up == nil || c.up.value.kind != mapNode {
		return ""
	}
	return c.up.value.keys()[c.i]
}

// child returns that of a settled cell at a key or index, or nil.
func (s *session) child(c *cell, key string) *cell {
	if i := c.value.find(key); i >= 0 {
		return s.kid(c, i)
	}
	return nil
}

// kid returns the child of a settled cell at an index.
func (s *session) kid(c *cell, i int) *cell {
	if c.kids == nil {
		c.kids = s.kidLists.New()
		*c.kids = s.lists.Make(len(c.value.kids))
	}
	kids := *c.kids
	if kids[i] == nil {
		kid := s.cells.New()
		kid.n, kid.up, kid.i, kid.depth = c.value.kids[i], c, int32(i), c.depth //nolint:gosec // a list of so many is too large
		kids[i] = kid
	}
	return kids[i]
}

// settle resolves the text of a cell, but nothing below it. The value of the cell
// is no textNode then.
func (s *session) settle(ctx context.Context, c *cell) status {
	switch {
	case c.value != nil:
		return found
	case c.n.kind != textNode:
		c.value = c.n
		return found
	case c.state == broken:
		s.because(s.causes[c])
		return failed
	case c.state == working:
		s.circle(c)
		return failed
	}
	c.state = working
	s.open = append(s.open, c)
	outer := s.cause
	s.cause = nil
	n, depth, st := s.replace(ctx, c)
	s.open = s.open[:len(s.open)-1]
	if st != found {
		c.state = broken
		s.blame(c, s.cause)
		s.cause = outer
		s.because(s.causes[c])
		return failed
	}
	s.cause = outer
	c.state, c.value, c.depth = fresh, n, depth
	return found
}

// replace replaces the text of a cell by its value, until that is no text with
// variables.
func (s *session) replace(ctx context.Context, c *cell) (n *node, depth uint8, st status) {
	n, depth = c.n, c.depth
	for {
		if n.bad() == nil && len(s.open) > maxChain {
			s.failText(n, c, TooLarge, "more than %d properties need each other one after the other", maxChain)
			return nil, 0, failed
		}
		next, st := s.resolve(ctx, n, c, depth)
		if st != found {
			return nil, 0, st
		}
		if next.kind == liveNode {
			next = next.inPlace(c)
		}
		if s.total += int(next.weight); next.weight > maxWeight || s.total > 4*maxTotal {
			s.failText(n, c, TooLarge, "the value is too large")
			return nil, 0, failed
		}
		if !next.is(isOpen) {
			return next, depth, found
		}
		if depth++; depth > maxReplaced {
			s.failText(n, c, PropertyDepth, "values that hold variables follow each other more than %d times", maxReplaced)
			return nil, 0, failed
		}
		if next.kind != textNode {
			return next, depth, found
		}
		n = next
	}
}

// inPlace returns a text that is left for a cell which it is all of.
func (n *node) inPlace(c *cell) *node {
	here, l := *n, *n.live
	l.raw = c.n.text()
	here.live, here.yaml, here.spot = &l, c.n.yaml, c.n.spot
	return &here
}

// maxCircle is how many properties of a circle are told.
const maxCircle = 20

// circle records the error about a cell that is needed for its own value.
func (s *session) circle(c *cell) {
	round := s.open[slices.Index(s.open, c):]
	var names []string
	tell := func(cells []*cell) {
		for _, c := range cells {
			names = append(names, c.place().String())
		}
	}
	if more := len(round) - maxCircle; more > 0 {
		tell(round[:maxCircle/2])
		names = append(names, fmt.Sprintf("%d more", more))
		round = round[more+maxCircle/2:]
	}
	tell(round)
	msg := names[0] + " refers to itself"
	if len(names) > 1 {
		msg = "circular reference: " + strings.Join(append(names, names[0]), " → ")
	}
	s.fail(&s.askers[len(s.askers)-1], Circular, nil, "a fallback does not help: give one of them a value of its own", "%s", msg)
}
