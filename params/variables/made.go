package variables

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/slsflow/slsflow/internal/yamldoc"
	"github.com/slsflow/slsflow/params"
)

// made makes the node of a value that a variable has, which is looked through
// for variables.
func (s *session) made(x *variable, v any, from *origins) (*node, status) {
	literal := slices.ContainsFunc(from.all(), func(o Origin) bool { return o.Literal })
	like := node{spot: s.spot(x), origins: from, literal: literal}
	out, err := s.fromValue(v, &like)
	if err != nil {
		if syntax, ok := errors.AsType[*SyntaxError](err); ok {
			s.fail(x, syntax.Code, err, `write \${ for a "${" that is a text`, "its value is no variable: %v", err)
		} else {
			s.fail(x, BadResult, err, "", "%v", err)
		}
		return nil, failed
	}
	return out, found
}

// fromValue makes the node of what a source returned. like has what all nodes of
// it have in common.
func (s *session) fromValue(v any, like *node) (*node, error) {
	n := s.nodes.New()
	n.spot, n.origins = like.spot, like.origins
	switch v := v.(type) {
	case map[string]any:
		n.kind, n.names, n.kids = mapNode, newNames(sortedKeys(v)), make([]*node, len(v))
		for i, key := range n.keys() {
			kid, err := s.fromValue(v[key], like)
			if err != nil {
				return nil, err
			}
			n.kids[i] = kid
		}
	case []any:
		n.kind, n.kids = listNode, make([]*node, len(v))
		for i, item := range v {
			kid, err := s.fromValue(item, like)
			if err != nil {
				return nil, err
			}
			n.kids[i] = kid
		}
	case params.Secret:
		n.scalar = v
	default:
		scalar, err := plainScalar(v)
		if err != nil {
			return nil, err
		}
		n.scalar = scalar
		if _, isText := scalar.(string); like.literal {
			n.literal = isText
		} else if err := n.rescan(); err != nil {
			return nil, err
		}
	}
	return n.sealed(), nil
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

// rescan makes a scalar that holds variables a textNode. A text that only looks
// like a broken variable stays a text and is reported by the caller.
func (n *node) rescan() error {
	text, ok := n.scalar.(string)
	if !ok || n.kind != scalarNode || !strings.Contains(text, "${") {
		return nil
	}
	parts, err := Parse(text)
	if err != nil {
		return err
	}
	if parts != nil {
		n.kind, n.template, n.scalar = textNode, &template{text: text, parts: parts}, nil
	}
	return nil
}

// describe names what n is, for messages.
func describe(n *node) string {
	switch n.kind {
	case mapNode:
		return "a map"
	case listNode:
		return "a list with a map in it"
	}
	return kindName(n.plain())
}

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

func number(f float64) (any, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, fmt.Errorf("a source returned %v, which is no JSON number", f)
	}
	return yamldoc.Number(f), nil
}
