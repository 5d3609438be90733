package variables

import (
	"github.com/slsflow/slsflow/internal/slab"
	"github.com/slsflow/slsflow/params"
)

// joiner puts a text together.
type joiner struct {
	text    []byte
	pieces  []piece // those that are more than a text, in their order
	origins originSet
	several bool // it has more than one part
	left    bool
	tainted bool
	literal bool
}

// piece is a part of a text that is a secret, or what is left there.
type piece struct {
	start, end int
	left       *seg
}

// add appends a value that is resolved. It is false for one that has no place in
// a text: null and maps.
func (j *joiner) add(v *node) bool {
	switch v.kind {
	case liveNode:
		j.left = true
		for i := range v.live.segs {
			j.pieces = append(j.pieces, piece{len(j.text), len(j.text), &v.live.segs[i]})
		}
	case listNode:
		for i, kid := range v.kids {
			if i > 0 {
				j.text = append(j.text, ',')
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
		start := len(j.text)
		j.text = append(j.text, text...)
		j.literal = j.literal || v.literal
		if v.secret() {
			j.tainted = true
			j.pieces = append(j.pieces, piece{start: start, end: len(j.text)})
		}
	default:
		return false
	}
	j.origins.add(v.origins)
	return true
}

// finish makes out the node of the text, which is written as raw.
func (j *joiner) finish(out *node, raw string, texts *slab.Texts) {
	out.origins, out.literal = j.origins.origins(), j.literal
	switch {
	case j.left:
		out.kind, out.live = liveNode, &live{raw: raw, segs: j.segs()}
	case j.tainted:
		out.scalar = params.NewSecret(string(j.text))
	default:
		out.scalar = texts.String(j.text)
	}
}

// segs returns the parts of a text that is left to the command line. A variable that
// is all that is left of several has an empty text behind it: it is no value of its own
// type.
func (j *joiner) segs() []seg {
	var segs []seg
	done := func(text string, secret bool) {
		n := &node{scalar: text}
		if secret {
			n.scalar = params.NewSecret(text)
		}
		if text != "" {
			segs = append(segs, seg{done: n.sealed()})
		}
	}
	last := 0
	for _, p := range j.pieces {
		done(string(j.text[last:p.start]), false)
		last = p.end
		if p.left != nil {
			segs = append(segs, *p.left)
		} else {
			done(string(j.text[p.start:p.end]), true)
		}
	}
	done(string(j.text[last:]), false)
	if j.several && len(segs) == 1 {
		segs = append(segs, seg{done: (&node{scalar: ""}).sealed()})
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
