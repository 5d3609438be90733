package variables

import "slices"

// live is a string that only the command line can finish, or what is known of a map
// or a list with such a one in it.
type live struct {
	raw  string // as it is written in its place
	segs []seg
	// written is the text that a map or a list came from by a reference, which a
	// [Result] that is Whole has instead.
	written *node
}

// seg is a piece of a text: a scalar that is resolved, or a variable.
type seg struct {
	done  *node
	calls []liveCall
}

// liveCall is a source of a variable that is left, with all of its params and
// its address resolved as far as they can be, or the value of one that is not
// left.
type liveCall struct {
	typ     string
	ours    bool // only we can answer for the type, but an argument is left
	params  []liveArg
	address *liveArg
	value   *node // typ is "": a literal, or what a source gave
}

// liveArg is a param or an address: a value, or a text with variables in it.
type liveArg struct {
	value *node
	segs  []seg
}

func (l *live) secret() bool { return segsSecret(l.segs) }

func segsSecret(segs []seg) bool {
	for _, s := range segs {
		if s.done != nil && s.done.secret() {
			return true
		}
		for _, c := range s.calls {
			args := c.params
			if c.address != nil {
				args = append(slices.Clip(args), *c.address)
			}
			for _, a := range args {
				if a.value != nil && a.value.is(isSecret) || segsSecret(a.segs) {
					return true
				}
			}
			if c.value != nil && c.value.is(isSecret) {
				return true
			}
		}
	}
	return false
}
