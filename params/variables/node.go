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

// trait is something that holds for a value if it holds for anything in it.
type trait uint8

const (
	isOpen    trait = 1 << iota // a textNode
	isScanned                   // a text with "${" in it
	isLive                      // a liveNode
	isSecret                    // a secret
	isLiteral                   // a text that is never looked through for variables
)

// node is a value that is not changed after it was made: what was written, what
// a source returned, or the result. So nodes are shared freely.
type node struct {
	kind   kind
	traits trait // of n and of all below it
	// tainted is true for a number or bool that a secret went into. Texts that
	// a secret went into are a params.Secret.
	tainted bool
	// literal is true for a text that is never looked through for variables,
	// since a text of somebody else went into it, see [Origin.Literal].
	literal bool
	weight  int32 // how large the value is, see maxWeight

	scalar   any // of a scalarNode: nil, bool, int64, float64, string or params.Secret
	names    *names
	kids     []*node   // of a map in the order of its names, or of a list
	template *template // of a textNode
	live     *live     // of a liveNode, or nil

	// Where it is written: in a file, or in a variable.
	yaml *yamldoc.Node
	spot *spot

	origins *origins
}

// template is a text, and what it holds.
type template struct {
	text  string
	parts Text
	bad   *Error // it is written wrongly and has no parts
}

// keys returns the keys of a map, and none for others.
func (n *node) keys() []string {
	if n.names == nil {
		return nil
	}
	return n.names.keys
}

// parts returns the variables and escapes of a text, and none for others.
func (n *node) parts() Text {
	if n.template == nil {
		return nil
	}
	return n.template.parts
}

// bad returns what is wrong with a text as it is written, or nil.
func (n *node) bad() *Error {
	if n.template == nil {
		return nil
	}
	return n.template.bad
}

// sealed sets what follows from the parts of n, which is new. It returns n.
func (n *node) sealed() *node {
	n.traits = 0
	weight := 1 + len(n.origins.all()) // a text of many variables has many
	if n.kind == textNode {
		weight += len(n.text()) / bytesPerWeight
		n.traits = isOpen | isScanned
	}
	switch s := n.scalar.(type) {
	case string:
		weight += len(s) / bytesPerWeight
		if strings.Contains(s, "${") {
			n.traits |= isScanned
		}
	case params.Secret:
		weight += len(s.Reveal()) / bytesPerWeight
	}
	if n.kind == liveNode {
		n.traits |= isLive
	}
	if n.secret() {
		n.traits |= isSecret
	}
	if n.literal {
		n.traits |= isLiteral
	}
	for _, kid := range n.kids {
		n.traits |= kid.traits
		weight = min(weight+int(kid.weight), math.MaxInt32/4)
	}
	if n.names != nil {
		weight += n.names.weight
	}
	n.weight = int32(min(weight, math.MaxInt32/4)) //nolint:gosec // it fits now
	return n
}

// is reports whether a trait is that of n or of something in it.
func (n *node) is(t trait) bool { return n.traits&t != 0 }

// with returns n with other values in it.
func (n *node) with(kids []*node) *node {
	other := *n
	other.kids = kids
	return other.sealed()
}

// text returns the string of a scalar or textNode.
func (n *node) text() string {
	if n.kind == textNode {
		return n.template.text
	}
	s, _ := n.scalar.(string)
	return s
}

// plain returns the value of a node that is neither a map nor a list: that of a
// textNode as it is written.
func (n *node) plain() any {
	if n.kind == textNode {
		return n.template.text
	}
	return n.scalar
}

// find returns where the kid at a key of a map, or at an index of a list in
// decimal, stands in n.kids, or -1.
func (n *node) find(key string) int {
	switch {
	case n.kind == listNode:
		return listIndex(key, len(n.kids))
	case n.kind != mapNode:
	case n.names.index != nil:
		if i, ok := n.names.index[key]; ok {
			return i
		}
	default:
		return slices.Index(n.names.keys, key)
	}
	return -1
}

// secret reports whether a secret is in n itself.
func (n *node) secret() bool {
	if n.kind == liveNode {
		return n.live.secret()
	}
	_, ok := n.scalar.(params.Secret)
	return ok || n.tainted
}
