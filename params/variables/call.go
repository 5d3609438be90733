package variables

import (
	"context"
	"strings"

	"github.com/slsflow/slsflow/internal/similar"
)

// call asks one source. why says for an absent value where it was looked for, if
// that is to be told.
func (s *session) call(ctx context.Context, x *variable, c *Call) (v *node, st status, why string) {
	source, known := s.source(c.Type)
	if !known {
		if s.partial() {
			return nil, left, ""
		}
		s.unknown(x, c.Type)
		return nil, failed, ""
	}
	a := new(args)
	if st := s.args(ctx, x, c, a); st != found {
		return nil, st, ""
	}
	s.askers = append(s.askers, *x)
	switch c.Type {
	case "self":
		v, st, why = s.self(ctx, x, a)
	case "param":
		v, st, why = s.param(ctx, x, a)
	case "sls":
		v, st, why = s.sls(ctx, x, source, a)
	default:
		if f, ok := source.(*fileSource); ok {
			v, st, why = s.file(ctx, x, f, a)
		} else {
			v, st, why = s.ask(ctx, x, source, c.Type, a)
		}
	}
	s.askers = s.askers[:len(s.askers)-1]
	if st == found {
		v, st = s.answered(ctx, x, c, a, v)
	}
	return v, st, why
}

// answered is the value that a source gave: a secret if one was in the question.
func (s *session) answered(ctx context.Context, x *variable, c *Call, a *args, v *node) (*node, status) {
	if a.secret() {
		var st status
		if v, st = s.deep(ctx, v, x.c, 0); st != found {
			return v, st
		}
		v = v.taint()
	}
	s.step(x, c, a, v)
	return v, found
}

// unknown tells of a type that has no source.
func (s *session) unknown(x *variable, typ string) {
	hint := "known here are " + strings.Join(s.types(), ", ")
	if other := similar.To(typ, s.types()); other != "" {
		hint = "did you mean " + other + "? " + hint
	}
	s.fail(x, Unrecognized, nil, hint, "no source of the type %q", typ)
}

// none is the answer of a source that has no value. The words for it are made only
// if they are to be told, since most variables without one have a fallback.
func (s *session) none(why func() string) (*node, status, string) {
	if !s.telling {
		return nil, absent, ""
	}
	return nil, absent, why()
}

// deep resolves n and all below it, for a place that is no property.
func (s *session) deep(ctx context.Context, n *node, c *cell, replaced int) (*node, status) {
	if !n.is(isOpen) {
		return n, found
	}
	if n.kind == textNode {
		if replaced++; replaced > maxInArg {
			s.failText(n, c, NestDepth, "values that hold variables follow each other more than %d times", maxInArg)
			return nil, failed
		}
		v, st := s.resolve(ctx, n, c, maxReplaced-maxInArg)
		if st != found {
			return nil, st
		}
		return s.deep(ctx, v, c, replaced)
	}
	kids, st := make([]*node, len(n.kids)), found
	for i, kid := range n.kids {
		v, kidSt := s.deep(ctx, kid, c, replaced)
		if kidSt != found {
			st = kidSt
		}
		kids[i] = v
	}
	if st != found {
		return nil, st
	}
	return n.with(kids), found
}
