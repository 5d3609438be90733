package redact

import "slices"

// machine finds all of many texts in one pass, after Aho and Corasick: its
// state is the longest end of what was read that a text begins with.
type machine struct {
	nodes []mnode
	first [256]int32 // the children of the root, since most bytes lead there
}

type mnode struct {
	bytes   []byte  // of the children, sorted
	kids    []int32 // in the order of bytes
	fail    int32   // the longest proper end that is a state too
	depth   int32
	longest int32 // length of the longest text that ends here, or 0
	folds   bool  // it is inside of a text that programs break into lines
}

func newMachine(texts []form) *machine {
	m := &machine{nodes: make([]mnode, 1)}
	for _, f := range texts {
		t, at := f.text, int32(0)
		for i := range len(t) {
			pos, ok := slices.BinarySearch(m.nodes[at].bytes, t[i])
			if !ok {
				id := int32(len(m.nodes))
				m.nodes = append(m.nodes, mnode{depth: int32(i + 1)})
				n := &m.nodes[at]
				n.bytes = slices.Insert(n.bytes, pos, t[i])
				n.kids = slices.Insert(n.kids, pos, id)
			}
			at = m.nodes[at].kids[pos]
			if f.folds {
				m.nodes[at].folds = true
			}
		}
		m.nodes[at].longest = int32(len(t))
	}
	for i, b := range m.nodes[0].bytes {
		m.first[b] = m.nodes[0].kids[i]
	}
	// By depth, so that the fail of a node is known before its children ask.
	queue := slices.Clone(m.nodes[0].kids)
	for k := 0; k < len(queue); k++ {
		n := &m.nodes[queue[k]]
		n.longest = max(n.longest, m.nodes[n.fail].longest)
		for i, b := range n.bytes {
			m.nodes[n.kids[i]].fail = m.step(n.fail, b)
		}
		queue = append(queue, n.kids...)
	}
	return m
}

// step returns the state after one more byte.
func (m *machine) step(at int32, b byte) int32 {
	for at != 0 {
		n := &m.nodes[at]
		if pos, ok := slices.BinarySearch(n.bytes, b); ok {
			return n.kids[pos]
		}
		at = n.fail
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
