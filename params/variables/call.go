package variables

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/slsflow/slsflow/params"
)

// asker is the variable whose value is being looked for.
type asker struct {
	n  *node
	at *place
	p  Part
}

// args are the params and the address of a call, resolved.
type args struct {
	params  []*node // nil without parentheses
	address *node   // nil without one
}

func (a args) secret() bool {
	for _, p := range a.params {
		if p.holdsSecret() {
			return true
		}
	}
	return a.address != nil && a.address.holdsSecret()
}

// values returns the arguments as a source takes them.
func (a args) values() (list []any, address any) {
	if a.params != nil {
		list = make([]any, len(a.params))
		for i, p := range a.params {
			list[i] = reveal(p)
		}
	}
	if a.address != nil {
		address = reveal(a.address)
	}
	return list, address
}

// reveal is node.value with secrets in the clear.
func reveal(n *node) any {
	switch n.kind {
	case mapNode:
		m := make(map[string]any, len(n.keys))
		for i, k := range n.keys {
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

// call asks one source. why says for an absent value where it was looked for.
func (s *session) call(ctx context.Context, n *node, at *place, p Part, c Call) (v *node, st status, why string) {
	if !s.known(c.Type) {
		if s.partial() {
			return nil, left, ""
		}
		s.fail(n, at, p, Unrecognized, nil, "known here are "+s.types(), "no source of the type %q", c.Type)
		return nil, failed, ""
	}
	if address, ok := c.plainSelf(); ok && !s.r.Trails { // the most frequent by far
		s.askers = append(s.askers, asker{n, at, p})
		v, st = s.property(ctx, n, at, p, address)
		s.askers = s.askers[:len(s.askers)-1]
		if st == absent {
			why = "the document has no " + address
		}
		return v, st, why
	}
	a, st := s.args(ctx, n, at, c)
	if st != found {
		return nil, st, ""
	}
	s.askers = append(s.askers, asker{n, at, p})
	defer func() { s.askers = s.askers[:len(s.askers)-1] }()
	switch c.Type {
	case "self":
		v, st, why = s.self(ctx, n, at, p, a)
	case "param":
		v, st, why = s.param(ctx, n, at, p, a)
	default:
		if f, ok := s.r.Sources[c.Type].(*fileSource); ok {
			v, st, why = s.file(ctx, n, at, p, f, a)
		} else {
			v, st, why = s.ask(ctx, n, at, p, c.Type, a)
		}
	}
	if st == found && a.secret() {
		if v, st = s.deep(ctx, v, at, 0); st == found {
			v = v.taint()
		}
	}
	if st == found {
		s.step(n, at, p, c, a, v)
	}
	return v, st, why
}

// plainSelf returns the address of ${self:a.b}, without variables in it.
func (c Call) plainSelf() (address string, ok bool) {
	if c.Type != "self" || c.Params != nil || c.Address == nil || c.Address.Parts != nil {
		return "", false
	}
	address, ok = c.Address.Value.(string)
	return address, ok
}

// args resolves what stands in the parentheses and behind the colon.
func (s *session) args(ctx context.Context, n *node, at *place, c Call) (a args, st status) {
	one := func(arg Arg) *node {
		v, argSt := s.arg(ctx, n, at, arg)
		if argSt == found && v.hasLive() {
			argSt = left
		}
		if argSt == failed || argSt == left && st == found {
			st = argSt
		}
		return v
	}
	if c.Params != nil {
		a.params = make([]*node, 0, len(c.Params))
		for _, arg := range c.Params {
			a.params = append(a.params, one(arg))
		}
	}
	if c.Address != nil {
		a.address = one(*c.Address)
	}
	return a, st
}

// arg resolves one param or address. One that a variable spans keeps the type of
// the value.
func (s *session) arg(ctx context.Context, n *node, at *place, arg Arg) (*node, status) {
	if arg.Parts == nil {
		return (&node{scalar: arg.Value}).sealed(), found
	}
	if len(arg.Parts) == 1 && arg.Parts[0].Start == arg.Start && arg.Parts[0].End == arg.End {
		v, st := s.variable(ctx, n, at, arg.Parts[0])
		if st != found {
			return nil, st
		}
		return s.deep(ctx, v, at, 0)
	}
	var j joiner
	if st := s.join(ctx, n, at, maxReplaced-maxInArg, &j, arg.Parts, arg.Start, arg.End); st != found {
		return nil, st
	}
	return j.node(n), found
}

// deep resolves n and all below it, for a place that is no property.
func (s *session) deep(ctx context.Context, n *node, at *place, replaced int) (*node, status) {
	if !n.open {
		return n, found
	}
	if n.kind == textNode {
		if replaced++; replaced > maxInArg {
			s.fail(n, at, n.parts[0], NestDepth, nil, "", "values that hold variables follow each other more than %d times", maxInArg)
			return nil, failed
		}
		v, st := s.text(ctx, n, at, maxReplaced-maxInArg)
		if st != found {
			return nil, st
		}
		return s.deep(ctx, v, at, replaced)
	}
	out := &node{kind: n.kind, keys: n.keys, index: n.index, pos: n.pos, via: n.via, kids: make([]*node, len(n.kids))}
	st := found
	for i, kid := range n.kids {
		v, kidSt := s.deep(ctx, kid, at, replaced)
		if kidSt != found {
			st = kidSt
			continue
		}
		out.kids[i] = v
	}
	if st != found {
		return nil, st
	}
	return out.sealed(), found
}

// ask asks a source of the caller.
func (s *session) ask(ctx context.Context, n *node, at *place, p Part, typ string, a args) (*node, status, string) {
	list, address := a.values()
	key, err := questionKey(typ, list, address)
	if err != nil {
		s.fail(n, at, p, SourceFailed, err, "", "%s: %v", typ, err)
		return nil, failed, ""
	}
	r, ok := s.memo.reply(ctx, s.r.Sources[typ], question{key, typ, list, address})
	if !ok {
		return nil, failed, "" // for this round
	}
	if r.err != nil {
		return nil, s.refused(ctx, n, at, p, a, r.err), ""
	}
	if !r.found || r.value == nil {
		return nil, absent, absentWords(typ, a)
	}
	o := r.origin
	if o.Type == "" {
		o.Type = typ
	}
	if o.Address == "" {
		o.Address = shown(a)
	}
	if o.Secret {
		r.value = asSecret(r.value)
	}
	o.Secret = o.Secret || a.secret()
	v, st := s.made(n, at, p, r.value, []Origin{o})
	if st == found && r.origin.Secret {
		v = v.taint()
	}
	if st == found && !o.Secret && v.holdsSecret() {
		o.Secret = true
		v, st = s.made(n, at, p, r.value, []Origin{o})
	}
	return v, st, ""
}

// questionKey returns a text that no other question has.
func questionKey(typ string, list []any, address any) (string, error) {
	if text, ok := address.(string); ok && list == nil {
		return typ + ":" + text, nil
	}
	key, err := json.Marshal([]any{typ, list, address}) // begins with "[", as no type does
	return string(key), err
}

// refused records the error of a source.
func (s *session) refused(ctx context.Context, n *node, at *place, p Part, a args, err error) status {
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
		s.fail(n, at, p, SourceFailed, nil, "", "the source refused it, and a secret in it keeps the reason from being shown")
		return failed
	}
	s.fail(n, at, p, SourceFailed, err, "", "%v", err)
	return failed
}

// shown writes the arguments of a call for messages and origins, without
// secrets.
func shown(a args) string {
	var b strings.Builder
	if a.params != nil {
		list := make([]string, len(a.params))
		for i, p := range a.params {
			if p.kind != scalarNode || p.scalar != nil {
				list[i] = shownNode(p)
			}
		}
		b.WriteString(strings.Join(list, ", "))
		if a.address == nil {
			return b.String()
		}
		return "(" + b.String() + "):" + shownNode(a.address)
	}
	if a.address != nil {
		return shownNode(a.address)
	}
	return ""
}

// shownNode writes one argument.
func shownNode(n *node) string {
	if n.holdsSecret() {
		return params.Redacted
	}
	if text, ok := scalarText(n.scalar); ok {
		return text
	}
	return describe(n)
}

func absentWords(typ string, a args) string {
	if what := shown(a); what != "" {
		return typ + " has no " + what
	}
	return typ + " has none"
}
