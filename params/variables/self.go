package variables

import (
	"context"
	"errors"
	"strings"
)

// follow walks from a cell along keys, and resolves what is on the way and all
// below its end. For left the node is the one that the command line must give.
func (s *session) follow(ctx context.Context, c *cell, keys ...string) (*node, status) {
	for _, key := range keys {
		next, n, st := s.enter(ctx, c, key)
		if st != found {
			return n, st
		}
		c = next
	}
	return s.end(ctx, c)
}

// enter resolves a cell and returns what is in it at a key.
func (s *session) enter(ctx context.Context, c *cell, key string) (*cell, *node, status) {
	if st := s.settle(ctx, c); st != found {
		return nil, nil, st
	}
	if c.value.kind == liveNode {
		return nil, c.value, left
	}
	if c = s.child(c, key); c == nil {
		return nil, nil, absent
	}
	return c, nil, found
}

// end resolves all below the cell that an address leads to.
func (s *session) end(ctx context.Context, c *cell) (*node, status) {
	n, st := s.final(ctx, c, false)
	if st == found && n.kind == scalarNode && n.scalar == nil {
		return nil, absent
	}
	return n, st
}

// self is the source of ${self:a.b}. Properties that need each other call it inside of
// each other, so what is rare is elsewhere: it would take a part of the stack each time.
func (s *session) self(ctx context.Context, x *variable, a *args) (*node, status, string) {
	address, ok := a.address.text()
	if !ok && a.address.value() != nil {
		return s.noAddress(x, a)
	}
	c, more := s.root, address != ""
	for key := ""; more; {
		key, address, more = strings.Cut(address, ".")
		next, v, st := s.enter(ctx, c, key)
		switch st {
		case found:
			c = next
		case absent:
			return s.noProperty(a)
		default:
			return v, st, ""
		}
	}
	v, st := s.end(ctx, c)
	switch st {
	case found:
		v, st = s.again(x, v)
		return v, st, ""
	case absent:
		return s.noProperty(a)
	default:
		return v, st, ""
	}
}

func (s *session) noAddress(x *variable, a *args) (*node, status, string) {
	s.fail(x, SourceFailed, nil, "", "the address of self is %s, want a text", kindName(a.address.value()))
	return nil, failed, ""
}

func (s *session) noProperty(a *args) (*node, status, string) {
	return s.none(func() string { return "the document has no " + a.String() })
}

// again looks through a value that is resolved for variables, as is done with
// the value of every source: an escape is lost when another property refers to
// it.
func (s *session) again(x *variable, v *node) (*node, status) {
	if v.weight > maxWeight {
		s.fail(x, TooLarge, nil, "", "the value is too large")
		return nil, failed
	}
	if !v.is(isScanned) {
		return v, found
	}
	out, err := v.reparsed(s.spot(x))
	if err == nil {
		return out, found
	}
	if syntax, ok := errors.AsType[*SyntaxError](err); ok {
		s.fail(x, syntax.Code, err, "", "its value is no variable: %v", err)
	}
	return nil, failed
}

// reparsed returns n itself if no text in it holds a variable.
func (n *node) reparsed(at *spot) (*node, error) {
	if !n.is(isScanned) {
		return n, nil
	}
	switch n.kind {
	case mapNode, listNode:
		kids, changed := make([]*node, len(n.kids)), false
		for i, kid := range n.kids {
			out, err := kid.reparsed(at)
			if err != nil {
				return nil, err
			}
			kids[i] = out
			changed = changed || out != kid
		}
		if changed {
			return (&node{kind: n.kind, names: n.names, kids: kids, spot: at}).sealed(), nil
		}
	case scalarNode:
		if n.literal {
			return n, nil
		}
		out := &node{scalar: n.scalar, spot: at, origins: n.origins}
		if err := out.rescan(); err != nil {
			return nil, err
		}
		if out.kind == textNode {
			return out.sealed(), nil
		}
	}
	return n, nil
}
