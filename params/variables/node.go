package variables

import (
	"math"
	"slices"
	"strings"

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
	index  map[string]int // of keys, if they are many
	kids   []*node        // of a map in the order of keys, or of a list
	parts  Text           // of a textNode
	live   *live          // of a liveNode

	open   bool // a textNode, or one is below it
	scan   bool // a text with "${" in it, or one is below it
	weight int  // how large the value is, see maxWeight

	pos  Pos           // where it is written, or the variable that it came from
	via  string        // that variable, if it came from one
	yaml *yamldoc.Node // a scalar's own place in a file, or nil
	base int           // where scalar begins in the text of yaml
	bad  *Error        // a textNode that is written wrongly and has no parts
	// written is the text that a value with something left in it came from by a
	// reference, which a [Result] that is Whole has instead.
	written *node

	origins []Origin
	// tainted is true for a number or bool that a secret went into. Texts that
	// a secret went into are a params.Secret.
	tainted bool
	// literal is true for a text that is never looked through for variables,
	// since a text of somebody else went into it, see [Origin.Literal].
	literal bool
}

// sealed sets what follows from the parts of n, which is new. It returns n.
func (n *node) sealed() *node {
	n.open, n.scan = n.kind == textNode, false
	n.weight = 1
	if len(n.keys) >= manyKeys && n.index == nil {
		n.index = make(map[string]int, len(n.keys))
		for i, key := range n.keys {
			n.index[key] = i
		}
	}
	switch s := n.scalar.(type) {
	case string:
		n.weight += len(s) / bytesPerWeight
		n.scan = strings.Contains(s, "${")
	case params.Secret:
		n.weight += len(s.Reveal()) / bytesPerWeight
	}
	for i, kid := range n.kids {
		n.open = n.open || kid.open
		n.scan = n.scan || kid.scan
		n.weight = min(n.weight+kid.weight, math.MaxInt/4)
		if n.kind == mapNode {
			n.weight = min(n.weight+len(n.keys[i])/bytesPerWeight, math.MaxInt/4)
		}
	}
	return n
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

// manyKeys is from how many on a map has an index.
const manyKeys = 16

// find returns the index of a key of a map, or -1.
func (n *node) find(key string) int {
	if n.index != nil {
		if i, ok := n.index[key]; ok {
			return i
		}
		return -1
	}
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

// holdsLiteral reports whether a text that is not looked through is in n or
// below it.
func (n *node) holdsLiteral() bool {
	return n.literal || slices.ContainsFunc(n.kids, (*node).holdsLiteral)
}

// hasLive reports whether something in n is left to the command line.
func (n *node) hasLive() bool {
	if n.kind == liveNode {
		return true
	}
	for _, kid := range n.kids {
		if kid.hasLive() {
			return true
		}
	}
	return false
}
