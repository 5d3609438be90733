package gitflow

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
)

// likeness says how much of one file is in another, as git estimates it: each
// file is cut at line ends and after at most 64 bytes, and the pieces are
// compared by a small hash. See `git diff --help`, "similarity index".
type likeness struct {
	repo   *Repository
	pieces map[plumbing.Hash][]piece
}

// piece is how many bytes of a file have one hash.
type piece struct{ hash, size uint32 }

const (
	maxPiece   = 64
	pieceHashs = 107_927
)

// of returns the pieces of a file, sorted by hash.
func (l *likeness) of(h plumbing.Hash) ([]piece, error) {
	if list, ok := l.pieces[h]; ok {
		return list, nil
	}
	text, err := l.repo.objects.blob(h)
	if err != nil {
		return nil, err
	}
	if l.pieces == nil {
		l.pieces = map[plumbing.Hash][]piece{}
	}
	l.pieces[h] = cut(text)
	return l.pieces[h], nil
}

// cut returns the pieces of a text. A piece at the end that is neither a line nor
// long enough is not counted.
func cut(text []byte) []piece {
	isText := !isBinary(text)
	var list []piece
	var a, b, size uint32
	for i, c := range text {
		if isText && c == '\r' && i+1 < len(text) && text[i+1] == '\n' {
			continue
		}
		a, b = a<<7^b>>25, b<<7^a>>25
		a += uint32(c)
		if size++; size < maxPiece && c != '\n' {
			continue
		}
		list = append(list, piece{(a + b*0x61) % pieceHashs, size})
		a, b, size = 0, 0, 0
	}
	slices.SortFunc(list, func(x, y piece) int { return cmp.Compare(x.hash, y.hash) })
	out := list[:0]
	for _, p := range list {
		if n := len(out); n > 0 && out[n-1].hash == p.hash {
			out[n-1].size += p.size
		} else {
			out = append(out, p)
		}
	}
	return slices.Clip(out)
}

// isBinary reports whether git takes a file for a binary one.
func isBinary(text []byte) bool {
	return bytes.IndexByte(text[:min(len(text), binaryProbe)], 0) >= 0
}

// score returns how alike two files are, [wholeScore] at most, and 0 where their
// sizes show that it is less than atLeast.
func (l *likeness) score(ctx context.Context, from, to leaf, atLeast int) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, context.Cause(ctx)
	}
	if !from.isFile() || !to.isFile() {
		return 0, nil
	}
	var sizes [2]int64
	var pieces [2][]piece
	for i, f := range []leaf{from, to} {
		var err error
		if sizes[i], err = l.repo.objects.size(f.hash); err != nil {
			return 0, err
		}
	}
	if tooUnlike(sizes[0], sizes[1], atLeast) {
		return 0, nil
	}
	for i, f := range []leaf{from, to} {
		var err error
		if pieces[i], err = l.of(f.hash); err != nil {
			return 0, err
		}
	}
	shared := int64(0)
	a, b := pieces[0], pieces[1]
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0].hash < b[0].hash:
			a = a[1:]
		case a[0].hash > b[0].hash:
			b = b[1:]
		default:
			shared += int64(min(a[0].size, b[0].size))
			a, b = a[1:], b[1:]
		}
	}
	return int(shared * wholeScore / max(sizes[0], sizes[1])), nil
}

// tooUnlike reports whether files of such sizes cannot be alike enough.
func tooUnlike(a, b int64, atLeast int) bool {
	large := max(a, b)
	return large*int64(wholeScore-atLeast) < (large-min(a, b))*wholeScore
}

// matrix returns a function that compares one target with all sources. It looks
// pieces up by their hash, so that only files which share some cost time.
func (l *likeness) matrix(sources, targets []renamed, left []int) (func(context.Context, renamed) ([]int, error), error) {
	sizes := make([]int64, len(sources))
	var wanted []int64 // sizes of targets
	for _, t := range left {
		if leaf := targets[t].leaf; leaf.isFile() {
			n, err := l.repo.objects.size(leaf.hash)
			if err != nil {
				return nil, err
			}
			wanted = append(wanted, n)
		}
	}
	slices.Sort(wanted)
	type share struct {
		source int
		size   uint32
	}
	index := map[uint32][]share{}
	for i, s := range sources {
		sizes[i] = -1
		if !s.leaf.isFile() {
			continue
		}
		n, err := l.repo.objects.size(s.leaf.hash)
		if err != nil {
			return nil, err
		}
		at, _ := slices.BinarySearch(wanted, (n+1)/2)
		if at == len(wanted) || tooUnlike(n, wanted[at], renameScore) {
			continue // no target is of such a size
		}
		pieces, err := l.of(s.leaf.hash)
		if err != nil {
			return nil, err
		}
		sizes[i] = n
		for _, p := range pieces {
			index[p.hash] = append(index[p.hash], share{i, p.size})
		}
	}
	scores := make([]int, len(sources))
	return func(ctx context.Context, t renamed) ([]int, error) {
		if err := ctx.Err(); err != nil {
			return nil, context.Cause(ctx)
		}
		clear(scores)
		if !t.leaf.isFile() {
			return scores, nil
		}
		size, err := l.repo.objects.size(t.leaf.hash)
		if err != nil {
			return nil, err
		}
		fits := func(n int64) bool { return n >= 0 && !tooUnlike(n, size, renameScore) }
		if !slices.ContainsFunc(sizes, fits) {
			return scores, nil
		}
		pieces, err := l.of(t.leaf.hash)
		if err != nil {
			return nil, err
		}
		for _, p := range pieces {
			for _, s := range index[p.hash] {
				scores[s.source] += int(min(s.size, p.size))
			}
		}
		for i, n := range sizes {
			switch {
			case !fits(n):
				scores[i] = 0
			default:
				scores[i] = int(int64(scores[i]) * wholeScore / max(n, size))
			}
		}
		return scores, nil
	}, nil
}
