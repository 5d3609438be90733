package variables

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
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
	given   bool  // false for an address that there is none of
	written any   // the value if node is nil
	node    *node // what became of the variables
}

// value returns the argument as a source takes it.
func (a arg) value() any {
	if a.node == nil {
		return a.written
	}
	return reveal(a.node)
}

// text returns an argument that is a text, and no number or bool.
func (a arg) text() (string, bool) {
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

func (a args) secret() bool {
	return a.address.secret() || slices.ContainsFunc(a.params, arg.secret)
}

// values returns the arguments as a source takes them.
func (a args) values() (list []any, address any) {
	if a.params != nil {
		list = make([]any, len(a.params))
		for i, p := range a.params {
			list[i] = p.value()
		}
	}
	return list, a.address.value()
}

// String writes the arguments as arg.String does.
func (a args) String() string {
	var list []string
	for _, p := range a.params {
		list = append(list, p.String())
	}
	written := strings.Join(list, ", ")
	switch {
	case !a.address.given:
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
	return n.scalar
}

// call asks one source. why says for an absent value where it was looked for, if
// that is to be told.
func (s *session) call(ctx context.Context, x variable, c *Call) (v *node, st status, why string) {
	source, known := s.source(c.Type)
	if !known {
		if s.partial() {
			return nil, left, ""
		}
		s.fail(x, Unrecognized, nil, "known here are "+s.types(), "no source of the type %q", c.Type)
		return nil, failed, ""
	}
	a, st := s.args(ctx, x, c)
	if st != found {
		return nil, st, ""
	}
	s.askers = append(s.askers, x)
	switch c.Type {
	case "self":
		v, st, why = s.self(ctx, x, a)
	case "param":
		v, st, why = s.param(ctx, x, a)
	default:
		if f, ok := source.(*fileSource); ok {
			v, st, why = s.file(ctx, x, f, a)
		} else {
			v, st, why = s.ask(ctx, x, source, c.Type, a)
		}
	}
	s.askers = s.askers[:len(s.askers)-1]
	if st == found && a.secret() {
		if v, st = s.deep(ctx, v, x.c, 0); st == found {
			v = v.taint()
		}
	}
	if st == found {
		s.step(x, c, a, v)
	}
	return v, st, why
}

// none is the answer of a source that has no value. The words for it are made only
// if they are to be told, since most variables without one have a fallback.
func (s *session) none(why func() string) (*node, status, string) {
	if !s.telling {
		return nil, absent, ""
	}
	return nil, absent, why()
}

// args resolves what stands in the parentheses and behind the colon.
func (s *session) args(ctx context.Context, x variable, c *Call) (a args, st status) {
	one := func(written *Arg) arg {
		if written.Parts == nil {
			return arg{given: true, written: written.Value}
		}
		v, argSt := s.arg(ctx, x, written)
		if argSt == found && v.is(isLive) {
			argSt = left
		}
		if argSt == failed || argSt == left && st == found {
			st = argSt
		}
		return arg{given: true, node: v}
	}
	if c.Params != nil {
		a.params = make([]arg, len(c.Params))
		for i := range c.Params {
			a.params[i] = one(&c.Params[i])
		}
	}
	if c.Address != nil {
		a.address = one(c.Address)
	}
	return a, st
}

// arg resolves a param or address with variables in it. One that a variable spans
// keeps the type of the value.
func (s *session) arg(ctx context.Context, x variable, written *Arg) (*node, status) {
	parts := written.Parts
	if len(parts) == 1 && parts[0].Start == written.Start && parts[0].End == written.End {
		v, st := s.value(ctx, variable{x.n, x.c, &parts[0]})
		if st != found {
			return nil, st
		}
		return s.deep(ctx, v, x.c, 0)
	}
	return s.join(ctx, x.n, x.c, maxReplaced-maxInArg, parts, written.Start, written.End)
}

// deep resolves n and all below it, for a place that is no property.
func (s *session) deep(ctx context.Context, n *node, c *cell, replaced int) (*node, status) {
	if !n.is(isOpen) {
		return n, found
	}
	if n.kind == textNode {
		if replaced++; replaced > maxInArg {
			s.fail(first(n, c), NestDepth, nil, "", "values that hold variables follow each other more than %d times", maxInArg)
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

// ask asks a source of the caller.
func (s *session) ask(ctx context.Context, x variable, source Source, typ string, a args) (*node, status, string) {
	list, address := a.values()
	key, err := newQuestionKey(typ, list, address)
	if err != nil {
		s.fail(x, SourceFailed, err, "", "%s: %v", typ, err)
		return nil, failed, ""
	}
	r, ok := s.memo.reply(ctx, source, question{key, typ, list, address})
	if !ok {
		return nil, failed, "" // for this round
	}
	if r.err != nil {
		return nil, s.refused(ctx, x, a, r.err), ""
	}
	if !r.found || r.value == nil {
		return s.none(func() string {
			if what := a.String(); what != "" {
				return typ + " has no " + what
			}
			return typ + " has none"
		})
	}
	if r.plain != nil && !x.whole() && !a.secret() {
		return r.plain, found, ""
	}
	value := r.value
	if r.origin.Secret {
		value = asSecret(value)
	}
	origins := r.origins(typ, a)
	v, st := s.made(x, value, origins)
	if st == found && r.origin.Secret {
		v = v.taint()
	}
	if st == found && !origins[0].Secret && v.is(isSecret) {
		v = v.each(func(leaf *node) {
			leaf.origins = slices.Clone(leaf.origins)
			leaf.origins[0].Secret = true
		})
	}
	if st == found && v.kind == scalarNode && !a.secret() {
		r.plain = v
	}
	return v, st, ""
}

// origins returns where the value of a reply is from. It is put together once for
// all who ask the same.
func (r *reply) origins(typ string, a args) []Origin {
	if r.shared != nil && !a.secret() {
		return r.shared
	}
	o := r.origin
	o.Type = cmp.Or(o.Type, typ)
	o.Address = cmp.Or(o.Address, a.String())
	o.Secret = o.Secret || a.secret()
	list := []Origin{o}
	if !a.secret() {
		r.shared = list
	}
	return list
}

// questionKey tells questions apart.
type questionKey struct{ typ, address, params string }

func newQuestionKey(typ string, list []any, address any) (questionKey, error) {
	if text, ok := address.(string); ok && list == nil {
		return questionKey{typ: typ, address: text}, nil
	}
	key, err := json.Marshal([]any{list, address})
	return questionKey{typ: typ, params: string(key)}, err
}

// refused records the error of a source.
func (s *session) refused(ctx context.Context, x variable, a args, err error) status {
	if ctxErr := ctx.Err(); ctxErr != nil {
		s.stop(ctxErr)
		return failed
	}
	if errors.Is(err, ErrLeave) && s.partial() {
		return left
	}
	if list, ok := errors.AsType[Errors](err); ok && !a.secret() {
		for _, e := range list { // those of a file, with places in it
			s.record(e)
		}
		return failed
	}
	if a.secret() {
		s.fail(x, SourceFailed, nil, "", "the source refused it, and a secret in it keeps the reason from being shown")
		return failed
	}
	s.fail(x, SourceFailed, err, "", "%v", err)
	return failed
}
