package variables

import (
	"context"
	"strings"

	"github.com/slsflow/slsflow/params"
)

// An Explainer is a [Source] that can say more about a value that it does not
// have: why, and what to do about it; either may be "". It is asked for the
// message of an error and for nothing else, with what Resolve was asked with.
type Explainer interface {
	Source
	Explain(ctx context.Context, params []any, address any) (why, hint string)
}

// A LayerExplainer is a [params.Layer] that can do the same for a param that it
// does not have.
type LayerExplainer interface {
	params.Layer
	Explain(ctx context.Context, name string) (why, hint string)
}

// missing tells of a variable that has no value anywhere. The sources are asked
// once more, for the words.
func (s *session) missing(ctx context.Context, x *variable) (*node, status) {
	if s.r.Missing != nil {
		return s.made(x, s.r.Missing, &origins{[]Origin{{Type: MissingType, Address: x.text()}}})
	}
	asked, hint := make([]string, len(x.p.Sources)), ""
	s.telling = true
	for i := range x.p.Sources {
		c := &x.p.Sources[i]
		_, _, asked[i] = s.call(ctx, x, c)
		why, what := s.explain(ctx, x, c)
		if why != "" {
			asked[i] = why // which says more
		}
		if hint == "" {
			hint = what
		}
	}
	s.telling = false
	if hint == "" {
		if other := s.similar(ctx, x); other != "" {
			hint = "did you mean " + other + "?"
		}
	}
	if hint == "" {
		hint = "give it a value, or the variable a fallback"
	}
	s.fail(x, Missing, nil, hint, "no value: %s", strings.Join(asked, ", "))
	return nil, failed
}

// explain asks one source, or the layers of params, why there is no value. The
// arguments are known, since the source was asked before.
func (s *session) explain(ctx context.Context, x *variable, c *Call) (why, hint string) {
	a := new(args)
	if st := s.args(ctx, x, c, a); st != found || a.secret() {
		return "", ""
	}
	list, address := a.values()
	if e, ok := s.r.Sources[c.Type].(Explainer); ok {
		return e.Explain(ctx, list, address)
	}
	if name, ok := address.(string); ok && c.Type == "param" {
		for _, layer := range s.layers {
			if e, ok := layer.Layer.(LayerExplainer); ok {
				if why, hint := e.Explain(ctx, name); why != "" {
					return why, hint
				}
			}
		}
	}
	return "", ""
}
