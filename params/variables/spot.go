package variables

// spot is where the values of a variable are written: the variable p in the text of n,
// which counts its offsets from base. Without n it is for a text of a file, which is a
// part of a scalar and begins at base.
type spot struct {
	n    *node
	p    *Part
	base int
}

// base returns the byte of the scalar in a file where the text of n begins.
func (n *node) base() int {
	if n.spot == nil || n.spot.n != nil {
		return 0
	}
	return n.spot.base
}

// spot returns where the values of a variable are written.
func (s *session) spot(x *variable) *spot {
	if x.n.yaml == nil && x.n.spot != nil {
		return x.n.spot
	}
	at := s.spots.New()
	at.n, at.p, at.base = x.n, x.p, x.base
	return at
}

// pos returns where n is written, or the variable that it came from.
func (n *node) pos() Pos {
	switch {
	case n.spot != nil && n.spot.n != nil:
		return n.spot.n.at(n.spot.base + n.spot.p.Start)
	case n.yaml != nil:
		return fromYAML(n.yaml.Pos)
	}
	return Pos{}
}

// at returns the position of byte i of the text.
func (n *node) at(i int) Pos {
	if n.yaml == nil {
		return n.pos()
	}
	return fromYAML(n.yaml.PosAt(n.base() + i))
}
