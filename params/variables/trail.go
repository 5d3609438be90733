package variables

import (
	"cmp"
	"slices"
	"strings"
)

// Step is one step on the way of a value: a variable, and the source that
// answered for it.
type Step struct {
	// Path is the property that the variable stands in, and Expr the variable.
	Path, Expr string
	// Source is the type of the source, or "literal".
	Source string
	// From is where that source had the value: the address of self, the layer of
	// param, the file, the instance; else the address.
	From string
}

// Trail returns the steps by which the value at a path came there: its own
// variables, then those of each property that they refer to by self, and so on.
// It is empty if [Resolver.Trails] was not set.
func (r *Result) Trail(keys ...string) []Step {
	var steps []Step
	seen := make(map[string]bool)
	next := []string{r.place(keys)}
	for len(next) > 0 {
		path := next[0]
		next = next[1:]
		if seen[path] {
			continue
		}
		seen[path] = true
		for _, step := range r.trails[path] {
			steps = append(steps, step)
			if step.Source == "self" {
				next = append(next, r.place(strings.Split(step.From, ".")))
			}
		}
	}
	return steps
}

// place returns the path with these keys.
func (r *Result) place(keys []string) string {
	var at *place
	n := r.root
	for _, key := range keys {
		if n != nil && n.kind == listNode && n.find(key) >= 0 {
			at = at.index(n.find(key))
		} else {
			at = at.field(key)
		}
		if n != nil {
			n = n.step(key)
		}
	}
	return at.String()
}

// step notes which source answered for a variable.
func (s *session) step(x *variable, c *Call, a *args, v *node) {
	if !s.r.Trails {
		return
	}
	step := Step{Path: x.c.place().String(), Expr: x.origin().text(), Source: cmp.Or(c.Type, "literal")}
	if step.From = a.String(); c.Type == "" {
		step.From = x.n.text()[x.offset():][c.Start:c.End]
	}
	if c.Type != "self" && v != nil {
		for _, o := range v.origins {
			if o.Type == c.Type {
				step.From = cmp.Or(o.Object, o.Layer, o.Address)
				break
			}
		}
	}
	if s.trails == nil {
		s.trails = make(map[*cell][]Step)
	}
	if !slices.Contains(s.trails[x.c], step) {
		s.trails[x.c] = append(s.trails[x.c], step)
	}
}

// trailsByPath returns the steps of each property.
func (s *session) trailsByPath() map[string][]Step {
	byPath := make(map[string][]Step, len(s.trails))
	for c, steps := range s.trails {
		path := c.place().String()
		for _, step := range steps {
			if !slices.Contains(byPath[path], step) {
				byPath[path] = append(byPath[path], step)
			}
		}
	}
	return byPath
}
