package variables

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/slsflow/slsflow/internal/yamldoc"
	"github.com/slsflow/slsflow/params"
)

// joiner puts a text together.
type joiner struct {
	frags   []fragment
	origins []Origin
	size    int
	live    bool
	tainted bool
	literal bool
}

// fragment is a part of a text: a value that is known, or what is left.
type fragment struct {
	text   string
	secret bool
	left   *seg
}

func (j *joiner) text(s string) {
	if s != "" {
		j.size += len(s)
		j.frags = append(j.frags, fragment{text: s})
	}
}

// add appends a value that is resolved. It is false for one that has no place in
// a text: null and maps.
func (j *joiner) add(v *node) bool {
	switch v.kind {
	case liveNode:
		j.live = true
		for i := range v.live.segs {
			j.frags = append(j.frags, fragment{left: &v.live.segs[i]})
		}
	case listNode:
		for i, kid := range v.kids {
			if i > 0 {
				j.text(",")
			}
			if kid.kind == scalarNode && kid.scalar == nil {
				continue
			}
			if !j.add(kid) {
				return false
			}
		}
	case scalarNode:
		text, ok := revealed(v.scalar)
		if !ok {
			return false
		}
		j.size += len(text)
		j.literal = j.literal || v.literal
		secret := v.secret()
		j.tainted = j.tainted || secret
		j.frags = append(j.frags, fragment{text: text, secret: secret})
	default:
		return false
	}
	j.origins = union(j.origins, v.origins)
	return true
}

// node returns the text, in the place of n.
func (j *joiner) node(n *node) *node {
	out := &node{pos: n.pos, origins: j.origins, literal: j.literal}
	if j.live {
		out.kind, out.live = liveNode, &live{raw: n.text(), segs: j.segs()}
		return out.sealed()
	}
	var b strings.Builder
	b.Grow(j.size)
	for _, f := range j.frags {
		b.WriteString(f.text)
	}
	out.scalar = b.String()
	if j.tainted {
		out.scalar = params.NewSecret(b.String())
	}
	return out.sealed()
}

// segs returns the parts of a text that is left to the command line.
func (j *joiner) segs() []seg {
	segs := make([]seg, len(j.frags))
	for i, f := range j.frags {
		switch {
		case f.left != nil:
			segs[i] = *f.left
		case f.secret:
			segs[i].done = (&node{scalar: params.NewSecret(f.text)}).sealed()
		default:
			segs[i].done = (&node{scalar: f.text}).sealed()
		}
	}
	return segs
}

// revealed is scalarText that gives out secrets too.
func revealed(v any) (string, bool) {
	if secret, ok := v.(params.Secret); ok {
		return secret.Reveal(), true
	}
	return scalarText(v)
}

// union appends the origins of b that a does not have.
func union(a, b []Origin) []Origin {
	for _, o := range b {
		if !slices.Contains(a, o) {
			a = append(slices.Clip(a), o)
		}
	}
	return a
}

// withOrigins returns n with origins added to everything in it.
func (n *node) withOrigins(origins []Origin) *node {
	out := *n
	switch n.kind {
	case mapNode, listNode:
		out.kids = make([]*node, len(n.kids))
		for i, kid := range n.kids {
			out.kids[i] = kid.withOrigins(origins)
		}
	default:
		out.origins = union(out.origins, origins)
	}
	return &out
}

// taint returns n with a secret in each value of it.
func (n *node) taint() *node {
	out := *n
	switch n.kind {
	case mapNode, listNode:
		out.kids = make([]*node, len(n.kids))
		for i, kid := range n.kids {
			out.kids[i] = kid.taint()
		}
	case scalarNode:
		if text, ok := n.scalar.(string); ok {
			out.scalar = params.NewSecret(text)
		} else if _, secret := n.scalar.(params.Secret); !secret && n.scalar != nil {
			out.tainted = true
		}
	}
	return &out
}

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

func number(f float64) (any, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, fmt.Errorf("a source returned %v, which is no JSON number", f)
	}
	return yamldoc.Number(f), nil
}
