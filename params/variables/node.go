package variables

import (
	"github.com/slsflow/slsflow/internal/yamldoc"
	"github.com/slsflow/slsflow/params"
)

type kind uint8

const (
	scalarNode kind = iota
	mapNode
	listNode
	textNode // a string with parts: variables or escapes
	liveNode // a string that is left for the command line, see live
)

// node is a value that is not changed after it was made: what was written, what
// a source returned, or the result. So nodes are shared freely.
type node struct {
	kind   kind
	scalar any // nil, bool, int64, float64, string or params.Secret
	keys   []string
	kids   []*node // of a map in the order of keys, or of a list
	parts  Text    // of a textNode
	live   *live   // of a liveNode

	pos  Pos           // where it is written, or the variable that it came from
	yaml *yamldoc.Node // a scalar's own place in a file, or nil
	base int           // where scalar begins in the text of yaml

	origins []Origin
	// tainted is true for a number or bool that a secret went into. Texts that
	// a secret went into are a params.Secret.
	tainted bool
}

// text returns the string of a scalar or textNode.
func (n *node) text() string {
	s, _ := n.scalar.(string)
	return s
}

// at returns the position of byte i of the text.
func (n *node) at(i int) Pos {
	if n.yaml == nil {
		return n.pos
	}
	return fromYAML(n.yaml.PosAt(n.base + i))
}

// find returns the index of a key of a map, or -1.
func (n *node) find(key string) int {
	for i, k := range n.keys {
		if k == key {
			return i
		}
	}
	return -1
}

// value returns n and all below it as plain values. A text that is not resolved
// is as it was written.
func (n *node) value() any {
	switch n.kind {
	case mapNode:
		m := make(map[string]any, len(n.keys))
		for i, k := range n.keys {
			m[k] = n.kids[i].value()
		}
		return m
	case listNode:
		l := make([]any, len(n.kids))
		for i, kid := range n.kids {
			l[i] = kid.value()
		}
		return l
	case liveNode:
		return n.live.raw
	default:
		if n.tainted {
			s, _ := scalarText(n.scalar)
			return params.NewSecret(s)
		}
		return n.scalar
	}
}

// secret reports whether a secret is in n itself.
func (n *node) secret() bool {
	if n.kind == liveNode {
		return n.live.secret()
	}
	_, ok := n.scalar.(params.Secret)
	return ok || n.tainted
}

// holdsSecret reports whether a secret is in n or below it.
func (n *node) holdsSecret() bool {
	if n.secret() {
		return true
	}
	for _, kid := range n.kids {
		if kid.holdsSecret() {
			return true
		}
	}
	return false
}
