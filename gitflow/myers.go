package gitflow

import (
	"math"
	"slices"
)

// The measures by which git cuts short what would take too long. They decide
// which of several right answers it gives, so they are its own.
const (
	manyRepeats  = 1024 // at most: a line that is in the other text so often is dispensable
	repeatWindow = 100  // lines around a dispensable one that are looked at
	goodRun      = 20   // lines in a row
	fewEdits     = 256  // below them, nothing is cut short
	farAhead     = 4    // lines reached for each edit
)

// myers marks the lines of a[a0:a1] and b[b0:b1] where they share no line that is
// rare enough for [lineDiff.histogram]: by the shortest list of edits, found from
// both ends at once, see E. Myers, "An O(ND) Difference Algorithm and Its
// Variations", 1986, section 4b.
func (d *lineDiff) myers(a0, a1, b0, b1 int) {
	m := myers{a: myersText{ids: d.a[a0:a1], changed: d.changedA[a0+1:]}, b: myersText{ids: d.b[b0:b1], changed: d.changedB[b0+1:]}}
	m.drop()
	n := len(m.a.ids) + len(m.b.ids) + 3
	m.limit = max(roughRoot(n), fewEdits)
	m.zero = len(m.b.ids) + 1
	m.forth, m.back = make([]int, n+2), make([]int, n+2)
	m.compare(box{0, len(m.a.ids), 0, len(m.b.ids)}, false)
}

// myersText is one of the two texts: the lines that are compared.
type myersText struct {
	ids     []int
	at      []int   // where each is in the text
	changed changed // marks of the text
}

func (t *myersText) mark(from, to int) {
	for _, at := range t.at[from:to] {
		t.changed[at] = true
	}
}

// myers compares two texts. A diagonal is a line of a less a line of b.
type myers struct {
	a, b        myersText
	limit       int   // of edits, after which the best that was found will do
	zero        int   // index of diagonal 0
	forth, back []int // the farthest line of a that was reached on a diagonal, from either end
}

// box is a part of both texts.
type box struct{ a0, a1, b0, b1 int }

// roughRoot is a power of two near the square root.
func roughRoot(n int) int {
	root := 1
	for ; n > 0; n >>= 2 {
		root <<= 1
	}
	return root
}

// drop leaves out what both texts have at their ends, and marks the lines that
// are not in the other text, with those among them that are in it very often.
func (m *myers) drop() {
	a, b := m.a.ids, m.b.ids
	start, end := 0, 0
	for start < min(len(a), len(b)) && a[start] == b[start] {
		start++
	}
	for end < min(len(a), len(b))-start && a[len(a)-1-end] == b[len(b)-1-end] {
		end++
	}
	countA, countB := countLines(a), countLines(b)
	m.a.drop(start, end, countB)
	m.b.drop(start, end, countA)
}

func countLines(ids []int) map[int]int {
	count := map[int]int{}
	for _, id := range ids {
		count[id]++
	}
	return count
}

func (t *myersText) drop(start, end int, others map[int]int) {
	all := t.ids
	last := len(all) - end
	often := min(roughRoot(len(all)), manyRepeats)
	t.ids, t.at = nil, nil
	for i := start; i < last; i++ {
		n := others[all[i]]
		if n == 0 || n >= often && dispensable(all, i, start, last, others, often) {
			t.changed[i] = true
			continue
		}
		t.ids, t.at = append(t.ids, all[i]), append(t.at, i)
	}
}

// dispensable reports whether a line that the other text has often stands among
// lines that it does not have, on both sides, and those are most.
func dispensable(ids []int, i, start, end int, others map[int]int, often int) bool {
	missing, repeated := 0, 2
	for _, step := range []int{-1, 1} {
		here := 0
		for j := i + step; j >= max(start, i-repeatWindow) && j < min(end, i+repeatWindow+1); j += step {
			n := others[ids[j]]
			if n > 0 && n < often {
				break
			}
			if n == 0 {
				here++
			} else {
				repeated++
			}
		}
		if here == 0 {
			return false
		}
		missing += here
	}
	return repeated*4 < repeated+missing
}

// compare marks what differs in a box. With exact, nothing is cut short.
func (m *myers) compare(x box, exact bool) {
	a, b := m.a.ids, m.b.ids
	for x.a0 < x.a1 && x.b0 < x.b1 && a[x.a0] == b[x.b0] {
		x.a0, x.b0 = x.a0+1, x.b0+1
	}
	for x.a0 < x.a1 && x.b0 < x.b1 && a[x.a1-1] == b[x.b1-1] {
		x.a1, x.b1 = x.a1-1, x.b1-1
	}
	if x.a0 == x.a1 || x.b0 == x.b1 {
		m.a.mark(x.a0, x.a1)
		m.b.mark(x.b0, x.b1)
		return
	}
	s := m.split(x, exact)
	m.compare(box{x.a0, s.a, x.b0, s.b}, s.exactBefore)
	m.compare(box{s.a, x.a1, s.b, x.b1}, s.exactAfter)
}

// split is where a box is cut in two.
type split struct {
	a, b                    int
	exactBefore, exactAfter bool
}

// front is the diagonals that were reached from one end.
type front struct{ middle, low, high int }

// grow adds a diagonal at either side, or takes one away at the edge of the box.
func (f *front) grow(reach []int, lowest, highest, zero, outside int) {
	if f.low > lowest {
		f.low--
		reach[zero+f.low-1] = outside
	} else {
		f.low++
	}
	if f.high < highest {
		f.high++
		reach[zero+f.high+1] = outside
	} else {
		f.high--
	}
}

func (f *front) has(diagonal int) bool { return f.low <= diagonal && diagonal <= f.high }

// split finds a place that a short list of edits goes through.
func (m *myers) split(x box, exact bool) split {
	a, b, zero := m.a.ids, m.b.ids, m.zero
	lowest, highest := x.a0-x.b1, x.a1-x.b0
	f := front{x.a0 - x.b0, x.a0 - x.b0, x.a0 - x.b0}
	g := front{x.a1 - x.b1, x.a1 - x.b1, x.a1 - x.b1}
	odd := (f.middle-g.middle)%2 != 0
	m.forth[zero+f.middle], m.back[zero+g.middle] = x.a0, x.a1
	for edits := 1; ; edits++ {
		found := false // a good run
		f.grow(m.forth, lowest, highest, zero, -1)
		for d := f.high; d >= f.low; d -= 2 {
			i := max(m.forth[zero+d-1]+1, m.forth[zero+d+1])
			j, from := i-d, i
			for i < x.a1 && j < x.b1 && a[i] == b[j] {
				i, j = i+1, j+1
			}
			found = found || i-from > goodRun
			m.forth[zero+d] = i
			if odd && g.has(d) && m.back[zero+d] <= i {
				return split{i, j, true, true}
			}
		}
		g.grow(m.back, lowest, highest, zero, math.MaxInt)
		for d := g.high; d >= g.low; d -= 2 {
			i := min(m.back[zero+d-1], m.back[zero+d+1]-1)
			j, from := i-d, i
			for i > x.a0 && j > x.b0 && a[i-1] == b[j-1] {
				i, j = i-1, j-1
			}
			found = found || from-i > goodRun
			m.back[zero+d] = i
			if !odd && f.has(d) && i <= m.forth[zero+d] {
				return split{i, j, true, true}
			}
		}
		if exact {
			continue
		}
		if found && edits > fewEdits {
			if s, ok := m.promising(x, f, g, edits); ok {
				return s
			}
		}
		if edits >= m.limit {
			return m.farthest(x, f, g)
		}
	}
}

// promising looks for a place that is far ahead for the edits it took, behind a
// good run.
func (m *myers) promising(x box, f, g front, edits int) (best split, ok bool) {
	a, b := m.a.ids, m.b.ids
	most := farAhead * edits
	for d := f.high; d >= f.low; d -= 2 {
		i := m.forth[m.zero+d]
		j := i - d
		ahead := i - x.a0 + j - x.b0 - distance(d, f.middle)
		if ahead > most && x.a0+goodRun <= i && i < x.a1 && x.b0+goodRun <= j && j < x.b1 &&
			slices.Equal(a[i-goodRun:i], b[j-goodRun:j]) {
			best, most, ok = split{i, j, true, false}, ahead, true
		}
	}
	if ok {
		return best, true
	}
	for d := g.high; d >= g.low; d -= 2 {
		i := m.back[m.zero+d]
		j := i - d
		ahead := x.a1 - i + x.b1 - j - distance(d, g.middle)
		if ahead > most && x.a0 < i && i <= x.a1-goodRun && x.b0 < j && j <= x.b1-goodRun &&
			slices.Equal(a[i:i+goodRun], b[j:j+goodRun]) {
			best, most, ok = split{i, j, false, true}, ahead, true
		}
	}
	return best, ok
}

func distance(a, b int) int { return max(a-b, b-a) }

// farthest returns the place that is farthest from the end where it began.
func (m *myers) farthest(x box, f, g front) split {
	ahead, aheadA := -1, -1
	for d := f.high; d >= f.low; d -= 2 {
		i := min(m.forth[m.zero+d], x.a1)
		if i-d > x.b1 {
			i = x.b1 + d
		}
		if i+i-d > ahead {
			ahead, aheadA = i+i-d, i
		}
	}
	behind, behindA := math.MaxInt, math.MaxInt
	for d := g.high; d >= g.low; d -= 2 {
		i := max(m.back[m.zero+d], x.a0)
		if i-d < x.b0 {
			i = x.b0 + d
		}
		if i+i-d < behind {
			behind, behindA = i+i-d, i
		}
	}
	if x.a1+x.b1-behind < ahead-x.a0-x.b0 {
		return split{aheadA, ahead - aheadA, true, false}
	}
	return split{behindA, behind - behindA, false, true}
}
