package variables

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
)

// ask asks a source of the caller.
func (s *session) ask(ctx context.Context, x *variable, source Source, typ string, a *args) (*node, status, string) {
	if h, ok := source.(holder); ok {
		if name, isText := a.address.text(); isText && h.lacks(name) {
			return s.lacks(typ, a)
		}
	}
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
		return s.lacks(typ, a)
	}
	if r.plain != nil && !x.whole() && !a.secret() {
		return r.plain, found, ""
	}
	value := r.value
	if r.origin.Secret {
		value = asSecret(value)
	}
	from := r.origins(typ, a)
	v, st := s.made(x, value, from)
	if st == found && r.origin.Secret {
		v = v.taint()
	}
	if st == found && !from.list[0].Secret && v.is(isSecret) {
		v = v.each(func(leaf *node) {
			leaf.origins = &origins{slices.Clone(leaf.origins.list)}
			leaf.origins.list[0].Secret = true
		})
	}
	if st == found && v.kind == scalarNode && !a.secret() {
		r.plain = v
	}
	return v, st, ""
}

// lacks is the answer for a value that a source of the caller has not.
func (s *session) lacks(typ string, a *args) (*node, status, string) {
	return s.none(func() string {
		if what := a.String(); what != "" {
			return typ + " has no " + what
		}
		return typ + " has none"
	})
}

// origins returns where the value of a reply is from. It is put together once for
// all who ask the same.
func (r *reply) origins(typ string, a *args) *origins {
	if r.shared != nil && !a.secret() {
		return r.shared
	}
	o := r.origin
	o.Type = cmp.Or(o.Type, typ)
	o.Address = cmp.Or(o.Address, a.String())
	o.Secret = o.Secret || a.secret()
	made := &origins{[]Origin{o}}
	if !a.secret() {
		r.shared = made
	}
	return made
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
func (s *session) refused(ctx context.Context, x *variable, a *args, err error) status {
	if ctxErr := ctx.Err(); ctxErr != nil {
		s.stop(ctxErr)
		return failed
	}
	if errors.Is(err, ErrLeave) && s.partial() {
		return left
	}
	if list, ok := errors.AsType[Errors](err); ok && !a.secret() {
		for _, e := range list { // those of a file, with places in it
			s.record(e.at(x.c))
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
