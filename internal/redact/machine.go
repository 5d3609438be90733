package redact

import "iter"

// machine finds all of many texts in one pass, after Aho and Corasick: its
// state is the longest end of what was read that a text begins with.
type machine struct {
	nodes []mnode
	first [256]int32 // the children of the root, since most bytes lead there
	more  [][]edge   // of the nodes that have several children; the first is of none
}

// mnode is small, since the forms of a private key have a hundred thousand, nearly
// all with one child.
type mnode struct {
	fail    int32 // the longest proper end that is a state too
	depth   int32
	longest int32 // length of the longest text that ends here, or 0
	edge          // to the first child, or to 0
	more    int32 // the others
	folds   bool  // it is inside of a text that programs break into lines
}

// edge leads to a child.
type edge struct {
	to int32
	by byte
}

func newMachine(texts []form) *machine {
	m := &machine{nodes: make([]mnode, 1), more: make([][]edge, 1)}
	for _, f := range texts {
		at := int32(0)
		for i := range len(f.text) {
			at = m.grow(at, f.text[i])
			m.nodes[at].folds = m.nodes[at].folds || f.folds
		}
		m.nodes[at].longest = int32(len(f.text))
	}
	// By depth, so that the fail of a node is known before its children ask.
	var queue []int32
	for _, kid := range m.first {
		if kid != 0 {
			queue = append(queue, kid)
		}
	}
	for k := 0; k < len(queue); k++ {
		n := &m.nodes[queue[k]]
		n.longest = max(n.longest, m.nodes[n.fail].longest)
		for e := range m.edges(queue[k]) {
			m.nodes[e.to].fail = m.step(n.fail, e.by)
			queue = append(queue, e.to)
		}
	}
	return m
}

// grow returns the child of a node, which it makes if there is none.
func (m *machine) grow(at int32, b byte) int32 {
	if kid := m.child(at, b); kid != 0 {
		return kid
	}
	id := int32(len(m.nodes))
	m.nodes = append(m.nodes, mnode{depth: m.nodes[at].depth + 1})
	switch n := &m.nodes[at]; {
	case at == 0:
		m.first[b] = id
	case n.to == 0:
		n.edge = edge{id, b}
	case n.more == 0:
		n.more = int32(len(m.more))
		m.more = append(m.more, []edge{{id, b}})
	default:
		m.more[n.more] = append(m.more[n.more], edge{id, b})
	}
	return id
}

// edges are those of a node that is not the root.
func (m *machine) edges(at int32) iter.Seq[edge] {
	return func(yield func(edge) bool) {
		n := m.nodes[at]
		if n.to == 0 || !yield(n.edge) {
			return
		}
		for _, e := range m.more[n.more] {
			if !yield(e) {
				return
			}
		}
	}
}

// child returns the child of a node by a byte, or 0.
func (m *machine) child(at int32, b byte) int32 {
	if at == 0 {
		return m.first[b]
	}
	n := &m.nodes[at]
	if n.by == b {
		return n.to
	}
	for _, e := range m.more[n.more] {
		if e.by == b {
			return e.to
		}
	}
	return 0
}

// step returns the state after one more byte.
func (m *machine) step(at int32, b byte) int32 {
	for at != 0 {
		if kid := m.child(at, b); kid != 0 {
			return kid
		}
		at = m.nodes[at].fail
	}
	return m.first[b]
}

// minLine64 is the length of the shortest line that is taken for one of several of
// base64 or hexadecimal: xxd makes lines of 60, PEM of 64, MIME and base64 of 76.
const minLine64 = 60

// walker reads a text byte by byte. Where a line of base64 ends, it reads on in the
// next one as if there were no end.
type walker struct {
	m      *machine
	at     int32
	run    int  // how many bytes that base64 has were read last, without a break
	folded bool // a line has ended: blanks before the next one do not count
}

// step reads one byte. It reports whether that is between two lines.
func (w *walker) step(b byte) (between bool) {
	if w.m.nodes[w.at].folds {
		switch {
		case (b == '\n' || b == '\r') && w.run >= minLine64, w.folded && (b == ' ' || b == '\t' || b == '\n'):
			if b == '\n' {
				w.run, w.folded = 0, true
			}
			return true
		}
	}
	w.folded = false
	if isBase64(b) {
		w.run++
	} else if b != '\r' {
		w.run = 0
	}
	w.at = w.m.step(w.at, b)
	return false
}

func isBase64(b byte) bool {
	return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9' || b == '+' || b == '/' || b == '-' || b == '_' || b == '='
}
