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

// missing tells of a variable that has no value anywhere. asked says what was
// looked for, by source.
func (s *session) missing(ctx context.Context, n *node, at *place, p Part, asked []string) (*node, status) {
	if s.r.Missing != nil {
		return s.made(n, at, p, s.r.Missing, []Origin{{Type: MissingType, Address: n.text()[p.Start:p.End]}})
	}
	hint := ""
	for i, c := range p.Sources {
		why, what := s.explain(ctx, n, at, c)
		if why != "" {
			asked[i] = why // which says more
		}
		if hint == "" {
			hint = what
		}
	}
	if similar := s.similar(p); hint == "" && similar != "" {
		hint = "did you mean " + similar + "?"
	}
	if hint == "" {
		hint = "give it a value, or the variable a fallback"
	}
	s.fail(n, at, p, Missing, nil, hint, "no value: %s", strings.Join(asked, ", "))
	return nil, failed
}

// explain asks one source, or the layers of params, why there is no value. The
// arguments are known, since the source was asked before.
func (s *session) explain(ctx context.Context, n *node, at *place, c Call) (why, hint string) {
	a, st := s.args(ctx, n, at, c)
	if st != found || a.secret() {
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
