package variables

import (
	"maps"

	"github.com/slsflow/slsflow/params"
)

// value returns n and all below it as plain values, which belong to the caller. A
// text that is not resolved is as it was written.
func (n *node) value() any { return new(copier).value(n) }

// copier makes values of nodes. A map that many properties take by a reference is
// one node: the maps that it made just now are cloned, which costs half as much as
// to make them again.
type copier struct {
	recent [8]struct {
		n *node
		m map[string]any
	}
	next int
}

func (c *copier) value(n *node) any {
	switch n.kind {
	case mapNode:
		return c.object(n)
	case listNode:
		l := make([]any, len(n.kids))
		for i, kid := range n.kids {
			l[i] = c.value(kid)
		}
		return l
	case liveNode:
		return n.live.raw
	default:
		if n.tainted {
			s, _ := scalarText(n.scalar)
			return params.NewSecret(s)
		}
		return n.plain()
	}
}

func (c *copier) object(n *node) map[string]any {
	few := len(n.kids) < 4
	if !few {
		for i := range c.recent {
			if c.recent[i].n == n {
				return maps.Clone(c.recent[i].m)
			}
		}
	}
	m, flat := make(map[string]any, len(n.kids)), true
	for i, key := range n.keys() {
		kid := n.kids[i]
		flat = flat && kid.kind != mapNode && kid.kind != listNode
		m[key] = c.value(kid)
	}
	if flat && !few { // else a clone would share what is in it
		c.recent[c.next].n, c.recent[c.next].m = n, m
		c.next = (c.next + 1) % len(c.recent)
	}
	return m
}
