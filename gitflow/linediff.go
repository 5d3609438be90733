package gitflow

import "bytes"

// maxRepeats is how often a line may stand in a text and still be what two
// texts are lined up by.
const maxRepeats = 64

// lines are the lines of a text, each with its line break, and as numbers: two
// lines have one number if and only if they are equal, see [lineTable].
type lines struct {
	text [][]byte
	id   []int
}

func (l lines) cut(from, n int) lines { return lines{l.text[from : from+n], l.id[from : from+n]} }

// lineTable gives lines their numbers.
type lineTable map[string]int

func (t lineTable) split(text []byte) lines {
	var l lines
	for line := range bytes.Lines(text) {
		id, ok := t[string(line)]
		if !ok {
			id = len(t)
			t[string(line)] = id
		}
		l.text = append(l.text, line)
		l.id = append(l.id, id)
	}
	return l
}

// change says that na lines at a of the one text became nb lines at b of the
// other.
type change struct{ a, na, b, nb int }

// changes returns what differs between two texts, in order. It finds the same
// hunks as git does in a merge: the histogram method, that is, both are lined up
// by the longest run around the rarest line that they share, and so on before
// and after it; then each hunk slides as far down as it can, or to the last
// place where it meets one of the other text. See
// https://git-scm.com/docs/merge-strategies (ort).
func changes(a, b lines) []change {
	d := lineDiff{a: a.id, b: b.id, changedA: marks(len(a.id)), changedB: marks(len(b.id))}
	d.histogram(0, len(a.id), 0, len(b.id))
	compact(a.id, d.changedA, d.changedB)
	compact(b.id, d.changedB, d.changedA)
	var list []change
	for i, j := 0, 0; i < len(a.id) || j < len(b.id); i, j = i+1, j+1 {
		at := change{a: i, b: j}
		for ; d.changedA.at(i); i++ {
			at.na++
		}
		for ; d.changedB.at(j); j++ {
			at.nb++
		}
		if at.na > 0 || at.nb > 0 {
			list = append(list, at)
		}
	}
	return list
}

// changed has a mark for each line of a text, and an empty one at each end.
type changed []bool

func marks(n int) changed           { return make(changed, n+2) }
func (c changed) at(i int) bool     { return c[i+1] }
func (c changed) set(i int, v bool) { c[i+1] = v }

// lineDiff finds the lines that two texts do not share.
type lineDiff struct {
	a, b               []int
	changedA, changedB changed
}

// histogram marks the lines of a[a0:a1] and b[b0:b1].
func (d *lineDiff) histogram(a0, a1, b0, b1 int) {
	for a0 < a1 && b0 < b1 {
		run, found, noneRare := d.longestRareRun(a0, a1, b0, b1)
		if noneRare {
			d.myers(a0, a1, b0, b1)
			return
		}
		if !found {
			break
		}
		d.histogram(a0, run.a, b0, run.b)
		a0, b0 = run.a+run.n, run.b+run.n
	}
	for i := a0; i < a1; i++ {
		d.changedA.set(i, true)
	}
	for i := b0; i < b1; i++ {
		d.changedB.set(i, true)
	}
}

// run is n lines that are the same in both texts.
type run struct{ a, b, n int }

// occurrences of the lines of a part of a text, by line number.
type occurrences map[int][]int

// longestRareRun returns the longest run around the rarest line. noneRare says that
// there are lines in both texts, but none that is rare enough.
func (d *lineDiff) longestRareRun(a0, a1, b0, b1 int) (best run, found, noneRare bool) {
	where := make(occurrences, a1-a0)
	for i := a0; i < a1; i++ {
		where[d.a[i]] = append(where[d.a[i]], i)
	}
	common := false
	rarest := maxRepeats + 1
	for j := b0; j < b1; {
		next := j + 1
		places := where[d.b[j]]
		common = common || len(places) > 0
		if len(places) > rarest {
			j = next
			continue
		}
		passed := -1 // the last line of a that a run before covered
		for _, i := range places {
			if i <= passed {
				continue
			}
			r := run{i, j, 1}
			rare := len(places)
			for r.a > a0 && r.b > b0 && d.a[r.a-1] == d.b[r.b-1] {
				r.a, r.b, r.n = r.a-1, r.b-1, r.n+1
				rare = min(rare, len(where[d.a[r.a]]))
			}
			for r.a+r.n < a1 && r.b+r.n < b1 && d.a[r.a+r.n] == d.b[r.b+r.n] {
				rare = min(rare, len(where[d.a[r.a+r.n]]))
				r.n++
			}
			passed = r.a + r.n - 1
			next = max(next, r.b+r.n)
			if max(best.n, 1) < r.n || rare < rarest {
				best, found, rarest = r, true, rare
			}
		}
		j = next
	}
	return best, found, common && rarest > maxRepeats
}

// group is a run of marked lines, perhaps empty, between two that are not.
type group struct{ start, end int }

func (g *group) extend(c changed) {
	for c.at(g.end) {
		g.end++
	}
}

func (g *group) next(c changed, n int) bool {
	if g.end == n {
		return false
	}
	g.start = g.end + 1
	g.end = g.start
	g.extend(c)
	return true
}

func (g *group) previous(c changed) {
	g.end = g.start - 1
	g.start = g.end
	for c.at(g.start - 1) {
		g.start--
	}
}

func (g *group) up(ids []int, c changed) bool {
	if g.start == 0 || ids[g.start-1] != ids[g.end-1] {
		return false
	}
	g.start, g.end = g.start-1, g.end-1
	c.set(g.start, true)
	c.set(g.end, false)
	for c.at(g.start - 1) {
		g.start--
	}
	return true
}

func (g *group) down(ids []int, c changed) bool {
	if g.end == len(ids) || ids[g.start] != ids[g.end] {
		return false
	}
	c.set(g.start, false)
	c.set(g.end, true)
	g.start, g.end = g.start+1, g.end+1
	g.extend(c)
	return true
}

// compact slides each group of marked lines to where it belongs: the choice is
// open where the line before a group is the same as its last one.
func compact(ids []int, mine, others changed) {
	var g, other group
	g.extend(mine)
	other.extend(others)
	for {
		if g.end > g.start {
			settle(ids, mine, others, &g, &other)
		}
		if !g.next(mine, len(ids)) {
			return
		}
		other.next(others, len(others)-2)
	}
}

func settle(ids []int, mine, others changed, g, other *group) {
	for {
		size := g.end - g.start
		meets := -1
		for g.up(ids, mine) {
			other.previous(others)
		}
		top := g.end
		if other.end > other.start {
			meets = g.end
		}
		for g.down(ids, mine) {
			other.next(others, len(others)-2)
			if other.end > other.start {
				meets = g.end
			}
		}
		if size != g.end-g.start {
			continue // it has met another one, and both are one now
		}
		if g.end != top && meets != -1 {
			for other.end == other.start {
				g.up(ids, mine)
				other.previous(others)
			}
		}
		return
	}
}
