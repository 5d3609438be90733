package variables

import "context"

// leave makes the variable p of n one that the command line resolves. The
// sources before the index first have no value. The value of those behind it is
// looked up now, since the command line does not know all types.
func (s *session) leave(ctx context.Context, x *variable, first int) (*node, status) {
	s.lefts = true
	var calls []liveCall
	st := found
	for i := first; i < len(x.p.Sources); i++ {
		c := &x.p.Sources[i]
		var v *node
		callSt := left
		if c.Type == "" {
			v, callSt = s.made(x, c.Literal, nil)
		} else if i > first {
			v, callSt, _ = s.call(ctx, x, c)
		}
		if callSt == found {
			v, callSt = s.deep(ctx, v, x.c, 0)
		}
		switch callSt {
		case absent:
			continue
		case failed:
			st = failed
			continue
		case found:
			calls = append(calls, liveCall{value: v})
		case left:
			call, ok := s.leaveCall(ctx, x, c)
			if !ok {
				st = failed
			}
			calls = append(calls, call)
			continue
		}
		break
	}
	if st != found {
		return nil, failed
	}
	l := &live{raw: x.n.text(), segs: []seg{{calls: calls}}}
	return (&node{kind: liveNode, live: l, spot: s.spot(x)}).sealed(), found
}

// leaveCall resolves the arguments of a source that is left.
func (s *session) leaveCall(ctx context.Context, x *variable, c *Call) (call liveCall, ok bool) {
	call = liveCall{typ: c.Type, ours: s.known(c.Type)}
	ok = true
	one := func(written *Arg) liveArg {
		if written.Parts == nil {
			return liveArg{value: (&node{scalar: written.Value()}).sealed()}
		}
		v, st := s.arg(ctx, x, written)
		if st != found {
			ok = false
			return liveArg{}
		}
		if v.kind == liveNode {
			return liveArg{segs: v.live.segs}
		}
		return liveArg{value: v}
	}
	if c.Params != nil {
		call.params = make([]liveArg, len(c.Params))
		for i := range c.Params {
			call.params[i] = one(&c.Params[i])
		}
	}
	if c.Address != nil {
		a := one(c.Address)
		call.address = &a
	}
	return call, ok
}
