package variables

// Use is one live variable as it is written in a document. Variables inside of
// others are uses of their own.
type Use struct {
	// Pos is that of the "${".
	Pos Pos
	// Path is where the text stands that it is in, such as
	// "provider.vpc.subnetIds[0]", and Keys the same as a list.
	Path string
	Keys []string
	// Expr is the variable as it is written.
	Expr string
	// Sources are those that it may ask, in their order.
	Sources []UseSource
}

// UseSource is one source of a [Use], or its literal.
type UseSource struct {
	// Type is the type of the source, or "" for a literal.
	Type string
	// Params and Address are as they are written, without quotes.
	Params  []string
	Address string
	// Static is true if no variable stands in the params and the address.
	Static bool
	// Literal is the value of a literal.
	Literal any
}

// Variables returns all live variables that are written in the document, in its
// order. It resolves nothing.
func (d *Document) Variables() []Use {
	var uses []Use
	d.root.walk(nil, func(n *node, at *place) {
		if n.kind != textNode {
			return
		}
		keys, where := at.keys(), at.String()
		eachVariable(n.parts(), func(p Part) {
			u := Use{Pos: n.at(p.Start), Path: where, Keys: keys, Expr: n.text()[p.Start:p.End]}
			for _, c := range p.Sources {
				u.Sources = append(u.Sources, useSource(n.text(), c))
			}
			uses = append(uses, u)
		})
	})
	return uses
}

func useSource(text string, c Call) UseSource {
	s := UseSource{Type: c.Type, Literal: c.Literal, Static: true}
	written := func(a Arg) string {
		if v, ok := a.Value.(string); ok {
			return v
		}
		return text[a.Start:a.End]
	}
	for _, a := range c.Params {
		s.Params = append(s.Params, written(a))
		s.Static = s.Static && a.Parts == nil
	}
	if c.Address != nil {
		s.Address = written(*c.Address)
		s.Static = s.Static && c.Address.Parts == nil
	}
	return s
}

// eachVariable visits the live variables of a text, an outer one before those
// inside of it.
func eachVariable(parts []Part, visit func(Part)) {
	for _, p := range parts {
		if p.Sources == nil {
			continue
		}
		visit(p)
		for _, c := range p.Sources {
			for _, a := range c.Params {
				eachVariable(a.Parts, visit)
			}
			if c.Address != nil {
				eachVariable(c.Address.Parts, visit)
			}
		}
	}
}

// walk visits n and all below it, in the order of the document.
func (n *node) walk(at *place, visit func(*node, *place)) {
	visit(n, at)
	for i, kid := range n.kids {
		if n.kind == mapNode {
			kid.walk(at.field(n.keys()[i]), visit)
		} else {
			kid.walk(at.index(i), visit)
		}
	}
}
