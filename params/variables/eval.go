package variables

import (
	"context"
	"errors"
	"slices"
	"strings"
)

// resolve replaces the variables of a textNode once. If one spans it all, the
// value may be anything, with variables in it too; else it is a text without.
func (s *session) resolve(ctx context.Context, n *node, c *cell, depth uint8) (*node, status) {
	if n.bad() != nil {
		s.record(n.bad().at(c))
		return nil, failed
	}
	if n.parts().Whole(n.text()) {
		v, st := s.value(ctx, first(n, c))
		if st == found && n.origins != nil {
			v = v.withOrigins(n.origins)
		}
		return v, st
	}
	return s.mixed(ctx, n, c, depth)
}

// mixed is resolve for a text that is more than one variable.
func (s *session) mixed(ctx context.Context, n *node, c *cell, depth uint8) (*node, status) {
	out, st := s.join(ctx, &variable{n: n, c: c}, depth, n.parts(), 0, len(n.text()))
	if st == found && out.weight > maxWeight {
		s.failText(n, c, TooLarge, "the value is too large")
		return nil, failed
	}
	return out, st
}

// join returns the bytes from start to end of a text or of a variable in it, with
// the value of each of the parts in its place. It goes on after a failure, to find
// the others.
func (s *session) join(ctx context.Context, in *variable, depth uint8, parts []Part, start, end int) (*node, status) {
	// A text inside of this one finds none to write over, and makes its own.
	j := joiner{several: len(parts) > 1, text: slices.Grow(s.text[:0], end-start), origins: originSet{from: in.n.origins}}
	s.text = nil
	st, text := found, in.n.text()[in.offset():]
	x := *in.inside(nil)
	for i := range parts {
		p := &parts[i]
		j.text = append(j.text, text[start:p.Start]...)
		start = p.End
		if p.Sources == nil {
			j.text = append(j.text, p.Escape...)
			continue
		}
		if x.p = p; s.fragment(ctx, &x, depth, &j) != found {
			st = failed
		}
	}
	j.text = append(j.text, text[start:end]...)
	s.text = j.text
	if st != found {
		return nil, st
	}
	out := s.nodes.New()
	out.yaml, out.spot = in.n.yaml, in.n.spot
	j.finish(out, in.n.text(), &s.texts)
	return out.sealed(), found
}

// fragment appends the value of a variable inside of a text. The value is looked
// through for variables on its own, so that none can form across a join.
func (s *session) fragment(ctx context.Context, x *variable, depth uint8, j *joiner) status {
	v, st := s.value(ctx, x)
	for {
		if st != found {
			return st
		}
		if v.kind == listNode {
			if v.is(isSecret | isLiteral) { // what these are in is not looked through
				if v, st = s.deep(ctx, v, x.c, 0); st != found {
					return st
				}
			} else if list, ok := flatten(v); ok {
				v = list
			}
		}
		if v.kind != textNode {
			break
		}
		if depth++; depth > maxReplaced {
			s.fail(x, PropertyDepth, nil, "", "values that hold variables follow each other more than %d times", maxReplaced)
			return failed
		}
		v, st = s.resolve(ctx, v, x.c, depth)
	}
	if !j.add(v) {
		s.fail(x, NotText, nil, "let the variable be the whole value, or address a part of it", "it is %s, which cannot be put into a text", describe(v))
		return failed
	}
	if len(j.text) > maxWeight*bytesPerWeight {
		s.fail(x, TooLarge, nil, "", "the value is too large")
		return failed
	}
	return found
}

// flatten writes a list as JavaScript does inside of a text: with commas, and
// lists in it likewise. It is false for a list with a map in it, or with
// something that is left.
func flatten(v *node) (*node, bool) {
	var items []string
	for _, kid := range v.kids {
		switch kid.kind {
		case listNode:
			inner, ok := flatten(kid)
			if !ok {
				return nil, false
			}
			items = append(items, inner.text())
		case mapNode, liveNode:
			return nil, false
		default:
			text, _ := scalarText(kid.plain())
			items = append(items, text)
		}
	}
	n := &node{scalar: strings.Join(items, ","), yaml: v.yaml, spot: v.spot}
	var from originSet
	for _, kid := range v.kids {
		from.add(kid.origins)
	}
	n.origins = from.origins()
	err := n.rescan()
	return n.sealed(), err == nil
}

// value returns the value of a variable. One that stands in many places is looked
// for once, unless the value is one of its place.
func (s *session) value(ctx context.Context, x *variable) (*node, status) {
	key := &x.p.Sources[0]
	if !key.repeated || s.r.Trails { // each place has steps of its own
		return s.evaluate(ctx, x)
	}
	if v := s.repeated[key]; v != nil && (!x.whole() || !v.made(key)) {
		return v, found
	}
	v, st := s.evaluate(ctx, x)
	if st == found && !v.is(isOpen|isLive) && (v.kind == scalarNode || !v.made(key)) {
		if s.repeated == nil {
			s.repeated = make(map[*Call]*node)
		}
		s.repeated[key] = v
	}
	return v, st
}

// made reports whether n was made for the place of a variable that has these calls.
func (n *node) made(first *Call) bool {
	return n.spot != nil && n.spot.p != nil && n.spot.p.Sources != nil && &n.spot.p.Sources[0] == first
}

// evaluate asks the sources of a variable in turn.
func (s *session) evaluate(ctx context.Context, x *variable) (*node, status) {
	if err := ctx.Err(); err != nil {
		s.stop(err)
		return nil, failed
	}
	for i := range x.p.Sources {
		c := &x.p.Sources[i]
		if c.Type == "" {
			s.step(x, c, nil, nil)
			return s.made(x, c.Literal, nil)
		}
		switch v, st, _ := s.call(ctx, x, c); st {
		case found:
			return v, found
		case failed:
			return nil, failed
		case left:
			return s.leave(ctx, x, i)
		}
	}
	return s.missing(ctx, x)
}

// stop records once that the caller gave up.
func (s *session) stop(err error) {
	for _, e := range s.errs {
		if errors.Is(e.Err, err) && e.Pos == (Pos{}) {
			s.because(e)
			return
		}
	}
	s.record(&Error{Code: SourceFailed, Msg: "stopped: " + err.Error(), Err: err})
}
