package variables

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/slsflow/slsflow/params"
)

// text replaces the variables of a textNode once. If one spans it all, the value
// may be anything, with variables in it too; else it is a text without.
func (s *session) text(ctx context.Context, n *node, at *place, depth int) (*node, status) {
	if n.parts.Whole(n.text()) {
		v, st := s.variable(ctx, n, at, n.parts[0])
		if st == found && len(n.origins) > 0 {
			v = v.withOrigins(n.origins)
		}
		return v, st
	}
	j := joiner{origins: n.origins, frags: make([]fragment, 0, 2*len(n.parts)+1)}
	st := s.join(ctx, n, at, depth, &j, n.parts, 0, len(n.text()))
	if st != found {
		return nil, st
	}
	out := j.node(n)
	if out.weight > maxWeight {
		s.fail(n, at, n.parts[0], TooLarge, nil, "", "the value is too large")
		return nil, failed
	}
	return out, found
}

// join appends the bytes from start to end of the text of n, with the value of
// each of the parts. It goes on after a failure, to find the others.
func (s *session) join(ctx context.Context, n *node, at *place, depth int, j *joiner, parts []Part, start, end int) status {
	st, text := found, n.text()
	for _, p := range parts {
		j.text(text[start:p.Start])
		start = p.End
		if p.Sources == nil {
			j.text(p.Escape)
			continue
		}
		if s.fragment(ctx, n, at, depth, j, p) != found {
			st = failed
		}
	}
	j.text(text[start:end])
	return st
}

// fragment appends the value of a variable inside of a text. The value is looked
// through for variables on its own, so that none can form across a join.
func (s *session) fragment(ctx context.Context, n *node, at *place, depth int, j *joiner, p Part) status {
	v, st := s.variable(ctx, n, at, p)
	for {
		if st != found {
			return st
		}
		if v.kind == listNode {
			if v.holdsSecret() || v.holdsLiteral() { // what these are in is not looked through
				if v, st = s.deep(ctx, v, at, 0); st != found {
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
			s.fail(n, at, p, PropertyDepth, nil, "", "values that hold variables follow each other more than %d times", maxReplaced)
			return failed
		}
		v, st = s.text(ctx, v, at, depth)
	}
	if !j.add(v) {
		s.fail(n, at, p, NotText, nil, "let the variable be the whole value, or address a part of it", "it is %s, which cannot be put into a text", describe(v))
		return failed
	}
	if j.size > maxWeight*bytesPerWeight {
		s.fail(n, at, p, TooLarge, nil, "", "the value is too large")
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
			text, _ := scalarText(kid.scalar)
			items = append(items, text)
		}
	}
	n := &node{scalar: strings.Join(items, ","), pos: v.pos, via: v.via}
	for _, kid := range v.kids {
		n.origins = union(n.origins, kid.origins)
	}
	err := n.rescan()
	return n.sealed(), err == nil
}

// rescan makes a scalar that holds variables a textNode. A text that only looks
// like a broken variable stays a text and is reported by the caller.
func (n *node) rescan() error {
	text, ok := n.scalar.(string)
	if !ok || n.kind != scalarNode {
		return nil
	}
	parts, err := Parse(text)
	if err != nil {
		return err
	}
	if parts != nil {
		n.kind, n.parts = textNode, parts
	}
	return nil
}

// variable asks the sources of a variable in turn.
func (s *session) variable(ctx context.Context, n *node, at *place, p Part) (*node, status) {
	if err := ctx.Err(); err != nil {
		s.stop(err)
		return nil, failed
	}
	var asked []string
	for i, c := range p.Sources {
		if c.Type == "" {
			s.step(n, at, p, c, args{}, nil)
			return s.made(n, at, p, c.Literal, nil)
		}
		v, st, why := s.call(ctx, n, at, p, c)
		switch st {
		case found:
			return v, found
		case failed:
			return nil, failed
		case left:
			return s.leave(ctx, n, at, p, i)
		}
		asked = append(asked, why)
	}
	return s.missing(ctx, n, at, p, asked)
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

// made makes the node of a value that a variable has, which is looked through
// for variables.
func (s *session) made(n *node, at *place, p Part, v any, origins []Origin) (*node, status) {
	pos, via := n.origin(p)
	out, err := fromValue(v, pos, via, origins)
	if err != nil {
		if syntax, ok := errors.AsType[*SyntaxError](err); ok {
			s.fail(n, at, p, syntax.Code, err, `write \${ for a "${" that is a text`, "its value is no variable: %v", err)
		} else {
			s.fail(n, at, p, BadResult, err, "", "%v", err)
		}
		return nil, failed
	}
	return out, found
}

// origin returns the place and the text of the variable p of n, or of the one
// that n itself came from.
func (n *node) origin(p Part) (Pos, string) {
	if n.yaml == nil && n.via != "" {
		return n.pos, n.via
	}
	return n.at(p.Start), n.text()[p.Start:p.End]
}

// fromValue makes the node of what a source returned.
func fromValue(v any, pos Pos, via string, origins []Origin) (*node, error) {
	n := &node{pos: pos, via: via, origins: origins}
	add := func(key string, item any) error {
		kid, err := fromValue(item, pos, via, origins)
		if err != nil {
			return err
		}
		if n.kind == mapNode {
			n.keys = append(n.keys, key)
		}
		n.kids = append(n.kids, kid)
		return nil
	}
	switch v := v.(type) {
	case map[string]any:
		n.kind = mapNode
		for _, key := range sortedKeys(v) {
			if err := add(key, v[key]); err != nil {
				return nil, err
			}
		}
	case []any:
		n.kind = listNode
		for _, item := range v {
			if err := add("", item); err != nil {
				return nil, err
			}
		}
	case params.Secret:
		n.scalar = v
	default:
		scalar, err := plainScalar(v)
		if err != nil {
			return nil, err
		}
		n.scalar = scalar
		if slices.ContainsFunc(origins, func(o Origin) bool { return o.Literal }) {
			_, n.literal = scalar.(string)
		} else if err := n.rescan(); err != nil {
			return nil, err
		}
	}
	return n.sealed(), nil
}

// describe names what n is, for messages.
func describe(n *node) string {
	switch n.kind {
	case mapNode:
		return "a map"
	case listNode:
		return "a list with a map in it"
	}
	return kindName(n.scalar)
}

// plainScalar returns v as one of the types that values have.
func plainScalar(v any) (any, error) {
	switch v := v.(type) {
	case nil, bool, string, int64:
		return v, nil
	case int:
		return int64(v), nil
	case float64:
		return number(v)
	}
	return nil, fmt.Errorf("a source returned %T, want nil, bool, int64, float64, string, []any, map[string]any or a secret", v)
}
