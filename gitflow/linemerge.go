package gitflow

import (
	"bytes"
	"strings"
)

// Hunk is a part of a file that two sides changed in different ways. Lines that
// both sides have alike at its ends are not part of it.
type Hunk struct {
	OursLine, TheirsLine int    // where it begins in each side, from 1
	Ours, Theirs         string // its lines, with their line breaks
}

// lineMerge joins two texts that come from a third one, line by line.
type lineMerge struct {
	base, ours, theirs lines
	parts              []part
}

// part is a piece of the joined text that is not simply what ours has.
type part struct {
	from             side
	ours, nOurs      int
	theirs, nTheirs  int
	baseAt, baseSize int
}

type side int

const (
	fromBoth   side = iota // the sides differ: a conflict
	fromOurs               // only ours changed
	fromTheirs             // only theirs changed
	fromEither             // both made the same change
)

// joinLines compares the three texts. The order of the parts, what touches what
// and what is the same change, are git's: changes that touch each other are a
// conflict, equal ones are not.
func joinLines(base, ours, theirs []byte) *lineMerge {
	table := lineTable{}
	m := &lineMerge{base: table.split(base), ours: table.split(ours), theirs: table.split(theirs)}
	m.line(changes(m.base, m.ours), changes(m.base, m.theirs))
	m.refine()
	m.joinNear()
	return m
}

// line lines up the changes of both sides.
func (m *lineMerge) line(mine, other []change) {
	// How far the text of a side has moved against the base, behind all of its
	// changes.
	shiftMine, shiftOther := len(m.ours.id)-len(m.base.id), len(m.theirs.id)-len(m.base.id)
	for len(mine) > 0 || len(other) > 0 {
		switch {
		case len(other) == 0 || len(mine) > 0 && mine[0].a+mine[0].na < other[0].a:
			c, shift := mine[0], shiftOther
			if len(other) > 0 {
				shift = other[0].b - other[0].a
			}
			m.add(part{fromOurs, c.b, c.nb, c.a + shift, c.na, c.a, c.na})
			mine = mine[1:]
		case len(mine) == 0 || other[0].a+other[0].na < mine[0].a:
			c, shift := other[0], shiftMine
			if len(mine) > 0 {
				shift = mine[0].b - mine[0].a
			}
			m.add(part{fromTheirs, c.a + shift, c.na, c.b, c.nb, c.a, c.na})
			other = other[1:]
		default:
			x, y := mine[0], other[0]
			if !m.same(x, y) {
				m.add(overlap(x, y))
			}
			endX, endY := x.a+x.na, y.a+y.na
			if endX >= endY {
				other = other[1:]
			}
			if endY >= endX {
				mine = mine[1:]
			}
		}
	}
}

func (m *lineMerge) same(x, y change) bool {
	if x.a != y.a || x.na != y.na || x.nb != y.nb {
		return false
	}
	for i := range x.nb {
		if m.ours.id[x.b+i] != m.theirs.id[y.b+i] {
			return false
		}
	}
	return true
}

// overlap returns the part that covers two changes.
func overlap(x, y change) part {
	start, end := min(x.a, y.a), max(x.a+x.na, y.a+y.na)
	ours, theirs := x.b-(x.a-start), y.b-(y.a-start)
	return part{
		from: fromBoth,
		ours: ours, nOurs: x.b + x.nb + (end - x.a - x.na) - ours,
		theirs: theirs, nTheirs: y.b + y.nb + (end - y.a - y.na) - theirs,
		baseAt: start, baseSize: end - start,
	}
}

// add appends a part, or joins it with the last one if they touch.
func (m *lineMerge) add(p part) {
	if len(m.parts) > 0 {
		last := &m.parts[len(m.parts)-1]
		if p.ours <= last.ours+last.nOurs || p.theirs <= last.theirs+last.nTheirs {
			if p.from != last.from {
				last.from = fromBoth
			}
			last.nOurs = p.ours + p.nOurs - last.ours
			last.nTheirs = p.theirs + p.nTheirs - last.theirs
			last.baseSize = p.baseAt + p.baseSize - last.baseAt
			return
		}
	}
	m.parts = append(m.parts, p)
}

// refine takes out of each conflict what both sides have alike.
func (m *lineMerge) refine() {
	var parts []part
	for _, p := range m.parts {
		if p.from != fromBoth || p.nOurs == 0 || p.nTheirs == 0 {
			parts = append(parts, p)
			continue
		}
		list := changes(m.ours.cut(p.ours, p.nOurs), m.theirs.cut(p.theirs, p.nTheirs))
		if len(list) == 0 {
			p.from = fromEither
			parts = append(parts, p)
		}
		for _, c := range list {
			parts = append(parts, part{fromBoth, p.ours + c.a, c.na, p.theirs + c.b, c.nb, p.baseAt, p.baseSize})
		}
	}
	m.parts = parts
}

// joinNear makes one conflict of two that have at most three lines between
// them.
func (m *lineMerge) joinNear() {
	var parts []part
	for _, p := range m.parts {
		if len(parts) > 0 {
			last := &parts[len(parts)-1]
			if last.from == fromBoth && p.from == fromBoth && p.ours-last.ours-last.nOurs <= 3 {
				last.nOurs = p.ours + p.nOurs - last.ours
				last.nTheirs = p.theirs + p.nTheirs - last.theirs
				continue
			}
		}
		parts = append(parts, p)
	}
	m.parts = parts
}

// hunks returns the conflicts, if any.
func (m *lineMerge) hunks() []Hunk {
	var list []Hunk
	for _, p := range m.parts {
		if p.from == fromBoth {
			list = append(list, Hunk{
				OursLine: p.ours + 1, TheirsLine: p.theirs + 1,
				Ours:   string(bytes.Join(m.ours.text[p.ours:p.ours+p.nOurs], nil)),
				Theirs: string(bytes.Join(m.theirs.text[p.theirs:p.theirs+p.nTheirs], nil)),
			})
		}
	}
	return list
}

// text returns the joined text; conflict writes the conflicts.
func (m *lineMerge) text(conflict func(out *bytes.Buffer, p part)) []byte {
	var out bytes.Buffer
	at := 0
	for _, p := range m.parts {
		if p.from == fromEither {
			continue
		}
		writeLines(&out, m.ours.text[at:p.ours])
		switch p.from {
		case fromOurs:
			writeLines(&out, m.ours.text[p.ours:p.ours+p.nOurs])
		case fromTheirs:
			writeLines(&out, m.theirs.text[p.theirs:p.theirs+p.nTheirs])
		default:
			conflict(&out, p)
		}
		at = p.ours + p.nOurs
	}
	writeLines(&out, m.ours.text[at:])
	return out.Bytes()
}

// union takes the lines of both sides, ours first.
func (m *lineMerge) union() []byte {
	return m.text(func(out *bytes.Buffer, p part) {
		ours := m.ours.text[p.ours : p.ours+p.nOurs]
		writeLines(out, ours)
		endLine(out, ours, m.crlf(p))
		writeLines(out, m.theirs.text[p.theirs:p.theirs+p.nTheirs])
	})
}

// marked writes conflicts between markers of the given size, as git does.
func (m *lineMerge) marked(us, them string, size int) []byte {
	return m.text(func(out *bytes.Buffer, p part) {
		crlf := m.crlf(p)
		end := "\n"
		if crlf {
			end = "\r\n"
		}
		ours, theirs := m.ours.text[p.ours:p.ours+p.nOurs], m.theirs.text[p.theirs:p.theirs+p.nTheirs]
		out.WriteString(strings.Repeat("<", size) + " " + us + end)
		writeLines(out, ours)
		endLine(out, ours, crlf)
		out.WriteString(strings.Repeat("=", size) + end)
		writeLines(out, theirs)
		endLine(out, theirs, crlf)
		out.WriteString(strings.Repeat(">", size) + " " + them + end)
	})
}

func writeLines(out *bytes.Buffer, list [][]byte) {
	for _, line := range list {
		out.Write(line)
	}
}

// endLine ends the last line if it has no end.
func endLine(out *bytes.Buffer, list [][]byte, crlf bool) {
	if len(list) == 0 || bytes.HasSuffix(list[len(list)-1], []byte("\n")) {
		return
	}
	if crlf {
		out.WriteByte('\r')
	}
	out.WriteByte('\n')
}

// crlf reports whether the markers of a conflict end in CR LF, which they do
// where neither side has another line end before them, and the base begins so.
func (m *lineMerge) crlf(p part) bool {
	if crlf, known := lineEnd(m.ours.text, max(p.ours-1, 0)); known && !crlf {
		return false
	}
	if crlf, known := lineEnd(m.theirs.text, max(p.theirs-1, 0)); known && !crlf {
		return false
	}
	crlf, _ := lineEnd(m.base.text, 0)
	return crlf
}

func lineEnd(text [][]byte, i int) (crlf, known bool) {
	if len(text) == 0 {
		return false, false
	}
	line := text[i]
	if !bytes.HasSuffix(line, []byte("\n")) {
		if i == 0 {
			return false, false
		}
		line = text[i-1]
	}
	return bytes.HasSuffix(line, []byte("\r\n")), true
}
