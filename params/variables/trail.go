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

	next string // the keys of the property that it leads to, joined, or ""
}

// maxTrail is how many properties a trail goes through.
const maxTrail = 100

// Trail returns the steps by which the value at a path came there: the variables of
// what it is in, such as a file that is included as a map, and its own; then those of
// each property that they lead to, and so on, each once, but
// for what is behind a hundred properties. It is empty if [Resolver.Trails] was not set.
func (r *Result) Trail(keys ...string) []Step {
	var steps []Step
	seen, told := make(map[string]bool), make(map[Step]bool)
	next := [][]string{keys}
	for len(next) > 0 && len(seen) < maxTrail {
		keys, next = next[0], next[1:]
		whole := r.place(keys)
		if seen[whole] {
			continue
		}
		seen[whole] = true
		for i := range len(keys) + 1 {
			for _, step := range r.trails[r.place(keys[:i])] {
				what := Step{Expr: step.Expr, Source: step.Source, From: step.From}
				if !told[what] {
					steps = append(steps, step)
				}
				told[what] = true
				if step.next != "" {
					next = append(next, slices.Concat(strings.Split(step.next, keySep), keys[i:]))
				}
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

// step notes which source answered for a variable. a is nil for a literal.
func (s *session) step(x *variable, c *Call, a *args, v *node) {
	if !s.r.Trails {
		return
	}
	step := Step{Path: x.c.place().String(), Expr: x.origin().text(), Source: cmp.Or(c.Type, "literal")}
	if c.Type == "" {
		step.From = x.n.text()[x.offset():][c.Start:c.End]
	} else {
		step.From = a.String()
	}
	switch source := s.r.Sources[c.Type].(type) {
	case *fileSource:
		list, _ := a.values()
		if name, err := source.name(list); err == nil && !a.secret() {
			step.From, step.next = name, joined("file("+name+")", a.address.String())
		}
	default:
		if c.Type == "self" {
			step.next = joined("", step.From)
		} else if o, ok := originOf(v, c.Type); ok {
			step.From = cmp.Or(o.Object, o.Layer, o.Address)
			if c.Type == "param" && isBlock(strings.Split(o.Layer, ".")[0]) {
				step.next = joined("", o.Layer) + keySep + o.Address
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

// keySep joins keys, of which any may hold a dot.
const keySep = "\x00"

// joined returns a key and those of an address, joined. Either may be empty.
func joined(key, address string) string {
	address = strings.ReplaceAll(address, ".", keySep)
	if key == "" || address == "" {
		return key + address
	}
	return key + keySep + address
}

// originOf returns where a source of a type had n, or the first part of it.
func originOf(n *node, typ string) (o Origin, ok bool) {
	if n == nil {
		return Origin{}, false
	}
	if i := slices.IndexFunc(n.origins.all(), func(o Origin) bool { return o.Type == typ }); i >= 0 {
		return n.origins.list[i], true
	}
	for _, kid := range n.kids {
		if o, ok = originOf(kid, typ); ok {
			return o, ok
		}
	}
	return Origin{}, false
}

// trailsByPath returns the steps of each property.
func (s *session) trailsByPath() map[string][]Step {
	if len(s.trails) == 0 {
		return nil
	}
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
