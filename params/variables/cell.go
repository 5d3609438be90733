package variables

import (
	"context"
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

	n     *node   // as it is written
	kids  []*cell // those that something asked for, or nil
	value *node   // when it is settled: what a textNode has become, which is none
	done  *node   // with all below it resolved
	cause *Error  // the first reason why it failed
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
		c.kids = s.lists.Make(len(c.value.kids))
	}
	if c.kids[i] == nil {
		kid := s.cells.New()
		kid.n, kid.up, kid.i, kid.depth = c.value.kids[i], c, int32(i), c.depth //nolint:gosec // a list of so many is too large
		c.kids[i] = kid
	}
	return c.kids[i]
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
		s.because(c.cause)
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
		c.state, c.cause = broken, s.cause
		s.cause = outer
		s.because(c.cause)
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
		if n.bad() != nil {
			s.record(n.bad())
			return nil, 0, failed
		}
		if len(s.open) > maxChain {
			s.fail(first(n, c), TooLarge, nil, "", "more than %d properties need each other one after the other", maxChain)
			return nil, 0, failed
		}
		next, st := s.resolve(ctx, n, c, depth)
		if st != found {
			return nil, 0, st
		}
		if next.kind == liveNode {
			inPlace, l := *next, *next.live
			l.raw = c.n.text()
			inPlace.live, inPlace.yaml, inPlace.from, inPlace.part = &l, c.n.yaml, c.n.from, c.n.part
			next = &inPlace
		}
		if s.total += int(next.weight); next.weight > maxWeight || s.total > 4*maxTotal {
			s.fail(first(n, c), TooLarge, nil, "", "the value is too large")
			return nil, 0, failed
		}
		if !next.is(isOpen) {
			return next, depth, found
		}
		if depth++; depth > maxReplaced {
			s.fail(first(n, c), PropertyDepth, nil, "", "values that hold variables follow each other more than %d times", maxReplaced)
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
		names = append(names, other.place().String())
		if other == c {
			break
		}
	}
	slices.Reverse(names)
	msg := names[0] + " refers to itself"
	if len(names) > 1 {
		msg = "circular reference: " + strings.Join(append(names, names[0]), " → ")
	}
	s.fail(s.askers[len(s.askers)-1], Circular, nil, "a fallback does not help: give one of them a value of its own", "%s", msg)
}

// final returns the value of a cell with all below it resolved. What could not
// be resolved is as it was written, and the status is failed. At the top, what
// only other stages need is left as it is written.
func (s *session) final(ctx context.Context, c *cell, top bool) (*node, status) {
	if c.done != nil {
		s.because(c.cause)
		return c.done, c.st
	}
	if s.settle(ctx, c) != found {
		if c.state == broken {
			c.done, c.st = c.n, failed
			s.fails = append(s.fails, c)
		}
		return c.n, failed
	}
	n, st, whole := c.value, found, true
	if n.is(isOpen) {
		outer := s.cause
		s.cause = nil
		n, st, whole = s.below(ctx, c, top)
		if whole {
			c.cause = s.cause
		}
		inner := s.cause
		s.cause = outer
		s.because(inner)
	}
	if s.lefts && c.n.kind == textNode && len(n.kids) > 0 && c.value.is(isLive) {
		ref := *n
		ref.written = c.n
		n = &ref
	}
	if whole {
		c.done, c.st = n, st
	}
	return n, st
}

// below resolves what is in a settled cell. whole is false if something was left
// out that only other stages need.
func (s *session) below(ctx context.Context, c *cell, top bool) (n *node, st status, whole bool) {
	kids := s.kids.Make(len(c.value.kids))
	st, whole = found, true
	for i, written := range c.value.kids {
		if !written.is(isOpen) { // there is nothing to do
			kids[i] = written
			continue
		}
		kid := s.kid(c, i)
		inBlock := top && c.up == s.root && isBlock(c.key())
		if inBlock && s.otherStage(kid.key()) && c.value.kind == mapNode {
			kids[i], whole = written, false
			if kid.done != nil { // something asked for it
				kids[i] = kid.done
			}
			continue
		}
		atBlock := top && c == s.root && isBlock(kid.key())
		n, kidSt := s.final(ctx, kid, inBlock || atBlock)
		if kidSt != found {
			st = failed
		}
		whole = whole && !inBlock && !atBlock
		kids[i] = n
	}
	n = s.nodes.New()
	n.kind, n.names, n.kids = c.value.kind, c.value.names, kids
	n.yaml, n.from, n.part = c.value.yaml, c.value.from, c.value.part
	return n.sealed(), st, whole
}

func isBlock(key string) bool { return key == "params" || key == "stages" }

// otherStage reports whether a block of params is that of another stage.
func (s *session) otherStage(key string) bool { return key != s.stage && key != "default" }
