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
		eachVariable(&variable{n: n}, n.parts(), func(x *variable) {
			u := Use{Pos: x.pos(), Path: where, Keys: keys, Expr: x.text()}
			for _, c := range x.p.Sources {
				u.Sources = append(u.Sources, useSource(n.text()[x.offset():], c))
			}
			uses = append(uses, u)
		})
	})
	return uses
}

// useSource returns a call, the offsets of which are those of a text.
func useSource(text string, c Call) UseSource {
	s := UseSource{Type: c.Type, Literal: c.Literal, Static: true}
	written := func(a *Arg) string {
		if a.Parts == nil && a.literal == nil {
			return a.text
		}
		return text[a.Start:a.End]
	}
	for i := range c.Params {
		a := &c.Params[i]
		s.Params = append(s.Params, written(a))
		s.Static = s.Static && a.Parts == nil
	}
	if c.Address != nil {
		s.Address = written(c.Address)
		s.Static = s.Static && c.Address.Parts == nil
	}
	return s
}

// eachVariable visits the live variables among parts, which are inside of x, an
// outer one before those inside of it.
func eachVariable(x *variable, parts []Part, visit func(*variable)) {
	for i := range parts {
		x := x.inside(&parts[i])
		if x.p.Sources == nil {
			continue
		}
		visit(x)
		for _, c := range x.p.Sources {
			for _, a := range c.Params {
				eachVariable(x, a.Parts, visit)
			}
			if c.Address != nil {
				eachVariable(x, c.Address.Parts, visit)
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
