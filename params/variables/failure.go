package variables

import "slices"

// Failure is a property that could not be resolved.
type Failure struct {
	// Keys is where it stands, and Path the same for people.
	Keys []string
	Path string
	// Pos is that of the property.
	Pos Pos
	// Errs are those of the variables in it, or if there are none the first
	// error that it depends on, which stands elsewhere. There is at least one.
	Errs Errors
}

// Failures returns every property that could not be resolved, also one that only
// needs another which failed, in the order of the document. [Errors] has each
// problem once, at its place; this has each place that it spoils.
func (r *Result) Failures() []Failure { return slices.Clone(r.failures) }

// failures sorts out the errors by property.
func (s *session) failures() []Failure {
	if len(s.fails) == 0 {
		return nil
	}
	byPath := make(map[string]Errors)
	for _, e := range s.errs {
		byPath[e.Path] = append(byPath[e.Path], e)
	}
	var list []Failure
	for _, c := range s.fails {
		at := c.place()
		f := Failure{Keys: at.keys(), Path: at.String(), Pos: c.n.pos()}
		f.Errs, _ = byPath[f.Path].Err().(Errors) //nolint:errorlint // it is no wrapped one
		if len(f.Errs) == 0 && s.causes[c] != nil {
			f.Errs = Errors{s.causes[c]}
		}
		if len(f.Errs) > 0 {
			list = append(list, f)
		}
	}
	slices.SortStableFunc(list, func(a, b Failure) int { return a.Pos.Compare(b.Pos) })
	return list
}

// partial reports whether what has no source is left to the command line.
func (s *session) partial() bool { return s.r.Partial || s.r.Only != nil }

// Whole returns the result with every property as it is written that refers to a
// value with something left in it, also if the value is a map of which the rest
// is known. That is what the command line does between its own passes.
func (r *Result) Whole() *Result {
	whole := *r
	whole.root = r.root.whole()
	return &whole
}

// whole returns n itself if there is nothing to do.
func (n *node) whole() *node {
	if n.live != nil && n.live.written != nil {
		return n.live.written
	}
	var kids []*node
	for i, kid := range n.kids {
		w := kid.whole()
		if w != kid && kids == nil {
			kids = slices.Clone(n.kids)
		}
		if kids != nil {
			kids[i] = w
		}
	}
	if kids == nil {
		return n
	}
	changed := *n
	changed.kids = kids
	return &changed
}

// Unresolved returns each property that still holds a variable and is no
// [Failure]: one of a type without a source, one that depends on such a one, and
// the params of other stages. A path is given as its keys.
func (r *Result) Unresolved() [][]string {
	failed := make(map[string]bool, len(r.failures))
	for _, f := range r.failures {
		failed[f.Path] = true
	}
	var list [][]string
	r.root.walk(nil, func(n *node, at *place) {
		live := n.kind == liveNode || n.kind == textNode && n.bad() == nil &&
			slices.ContainsFunc(n.parts(), func(p Part) bool { return p.Sources != nil })
		if live && !failed[at.String()] {
			list = append(list, at.keys())
		}
	})
	return list
}
