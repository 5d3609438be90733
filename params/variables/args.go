package variables

import (
	"context"
	"slices"
	"strings"

	"github.com/slsflow/slsflow/params"
)

// args are the params and the address of a call, resolved.
type args struct {
	params  []arg // nil without parentheses
	address arg
}

// arg is one of them. Most have no variable in them: for these no node is made.
type arg struct {
	written *Arg  // nil for an address that there is none of
	node    *node // what became of the variables, if there are any
}

// value returns the argument as a source takes it.
func (a arg) value() any {
	switch {
	case a.written == nil:
		return nil
	case a.node == nil:
		return a.written.Value()
	default:
		return reveal(a.node)
	}
}

// text returns an argument that is a text, and no number or bool.
func (a arg) text() (string, bool) {
	if a.written != nil && a.node == nil && a.written.literal == nil {
		return a.written.text, true
	}
	text, ok := a.value().(string)
	return text, ok
}

func (a arg) secret() bool { return a.node != nil && a.node.is(isSecret) }

// String writes an argument for messages and origins, without secrets.
func (a arg) String() string {
	if a.secret() {
		return params.Redacted
	}
	v := a.value()
	if v == nil {
		return ""
	}
	if text, ok := scalarText(v); ok {
		return text
	}
	return describe(a.node)
}

func (a *args) secret() bool {
	return a.address.secret() || slices.ContainsFunc(a.params, arg.secret)
}

// values returns the arguments as a source takes them.
func (a *args) values() (list []any, address any) {
	if a.params != nil {
		list = make([]any, len(a.params))
		for i, p := range a.params {
			list[i] = p.value()
		}
	}
	return list, a.address.value()
}

// String writes the arguments as arg.String does.
func (a *args) String() string {
	var list []string
	for _, p := range a.params {
		list = append(list, p.String())
	}
	written := strings.Join(list, ", ")
	switch {
	case a.address.written == nil:
		return written
	case a.params == nil:
		return a.address.String()
	default:
		return "(" + written + "):" + a.address.String()
	}
}

// reveal is node.value with secrets in the clear.
func reveal(n *node) any {
	switch n.kind {
	case mapNode:
		m := make(map[string]any, len(n.keys()))
		for i, k := range n.keys() {
			m[k] = reveal(n.kids[i])
		}
		return m
	case listNode:
		l := make([]any, len(n.kids))
		for i, kid := range n.kids {
			l[i] = reveal(kid)
		}
		return l
	}
	if secret, ok := n.scalar.(params.Secret); ok {
		return secret.Reveal()
	}
	return n.plain()
}

// args resolves what stands in the parentheses and behind the colon into a, which is
// zero.
func (s *session) args(ctx context.Context, x *variable, c *Call, a *args) status {
	st := found
	one := func(written *Arg, a *arg) {
		a.written = written
		if written.Parts == nil {
			return
		}
		v, argSt := s.arg(ctx, x, written)
		if argSt == found && v.is(isLive) {
			argSt = left
		}
		if argSt == failed || argSt == left && st == found {
			st = argSt
		}
		a.node = v
	}
	if c.Params != nil {
		a.params = make([]arg, len(c.Params))
		for i := range c.Params {
			one(&c.Params[i], &a.params[i])
		}
	}
	if c.Address != nil {
		one(c.Address, &a.address)
	}
	return st
}

// arg resolves a param or address with variables in it. One that a variable spans
// keeps the type of the value.
func (s *session) arg(ctx context.Context, x *variable, written *Arg) (*node, status) {
	parts := written.Parts
	if len(parts) == 1 && parts[0].Start == written.Start && parts[0].End == written.End {
		v, st := s.value(ctx, x.inside(&parts[0]))
		if st != found {
			return nil, st
		}
		return s.deep(ctx, v, x.c, 0)
	}
	return s.join(ctx, x, maxReplaced-maxInArg, parts, written.Start, written.End)
}
