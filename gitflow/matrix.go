package gitflow

import (
	"context"
	"slices"
)

// matrix compares files with all of several sources. It looks pieces up by their
// hash, so that only sources which share some cost time.
type matrix struct {
	like   *likeness
	sizes  []int64 // of sources; -1 is like nothing
	index  map[uint32][]share
	scores []int
}

// share is how much of a source has one hash.
type share struct{ source, size uint32 }

// newMatrix reads the sources that are like one of the targets in size.
func newMatrix(like *likeness, sources []renamed, targets []leaf) (*matrix, error) {
	m := &matrix{like: like, sizes: make([]int64, len(sources)), index: map[uint32][]share{}, scores: make([]int, len(sources))}
	wanted := make([]int64, len(targets))
	for i, t := range targets {
		wanted[i] = like.size(t)
	}
	slices.Sort(wanted)
	for i, s := range sources {
		m.sizes[i] = like.size(s.leaf)
		at, _ := slices.BinarySearch(wanted, (m.sizes[i]+1)/2)
		if at == len(wanted) || tooUnlike(m.sizes[i], wanted[at], renameScore) {
			m.sizes[i] = -1
			continue
		}
		for _, p := range like.of(s.leaf.hash, m.sizes[i], false) {
			m.index[p.hash] = append(m.index[p.hash], share{uint32(i), p.size})
		}
	}
	return m, like.err
}

// row returns the score of each source, as [likeness.score] gives it for a
// rename. The next call uses the slice again.
func (m *matrix) row(ctx context.Context, target leaf) ([]int, error) {
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	clear(m.scores)
	size := m.like.size(target)
	fits := func(n int64) bool { return !tooUnlike(n, size, renameScore) }
	if !slices.ContainsFunc(m.sizes, fits) {
		return m.scores, m.like.err
	}
	for _, p := range m.like.of(target.hash, size, false) {
		for _, s := range m.index[p.hash] {
			m.scores[s.source] += int(min(s.size, p.size))
		}
	}
	for i, n := range m.sizes {
		if fits(n) {
			m.scores[i] = int(int64(m.scores[i]) * wholeScore / max(n, size))
		} else {
			m.scores[i] = 0
		}
	}
	return m.scores, m.like.err
}
