package variables

import "context"

// leave makes the variable p of n one that the command line resolves. The
// sources before the index first have no value. The value of those behind it is
// looked up now, since the command line does not know all types.
func (s *session) leave(ctx context.Context, n *node, at *place, p Part, first int) (*node, status) {
	s.lefts = true
	var calls []liveCall
	st := found
	for i := first; i < len(p.Sources); i++ {
		c := p.Sources[i]
		var v *node
		callSt := left
		if c.Type == "" {
			v, callSt = s.made(n, at, p, c.Literal, nil)
		} else if i > first {
			v, callSt, _ = s.call(ctx, n, at, p, c)
		}
		if callSt == found {
			v, callSt = s.deep(ctx, v, at, 0)
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
			call, ok := s.leaveCall(ctx, n, at, c)
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
	pos, _ := n.origin(p)
	l := &live{raw: n.text(), segs: []seg{{calls: calls}}}
	return (&node{kind: liveNode, live: l, pos: pos}).sealed(), found
}

// leaveCall resolves the arguments of a source that is left.
func (s *session) leaveCall(ctx context.Context, n *node, at *place, c Call) (call liveCall, ok bool) {
	call = liveCall{typ: c.Type, ours: s.known(c.Type)}
	ok = true
	one := func(a Arg) liveArg {
		v, st := s.arg(ctx, n, at, a)
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
		call.params = make([]liveArg, 0, len(c.Params))
		for _, a := range c.Params {
			call.params = append(call.params, one(a))
		}
	}
	if c.Address != nil {
		a := one(*c.Address)
		call.address = &a
	}
	return call, ok
}
