package gitflow

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
)

// likeness says how much of one file is in another, as git estimates it: each
// file is cut at line ends and after at most 64 bytes, and the pieces are
// compared by a small hash. See https://git-scm.com/docs/git-diff, "similarity
// index".
type likeness struct {
	repo   *Repository
	pieces map[plumbing.Hash][]piece
	err    error // the first one; what follows it counts for nothing

	// git since 2.43.1 counts a last line without an end, before it did not.
	countRest bool
	sawRest   bool // a file had one
}

// piece is how many bytes of a file have one hash.
type piece struct{ hash, size uint32 }

const (
	maxPiece    = 64
	pieceHashes = 107_927
	maxCompared = 256 << 20 // bytes of a file
)

// size returns the length of a file, or -1 for what is none: that is like no
// other.
func (l *likeness) size(f leaf) int64 {
	if !f.isFile() || l.err != nil {
		return -1
	}
	var n int64
	n, l.err = l.repo.objects.size(f.hash)
	return n
}

// of returns the pieces of a file, sorted by hash. It keeps them if they will be
// asked for again.
func (l *likeness) of(h plumbing.Hash, size int64, again bool) []piece {
	if list, ok := l.pieces[h]; ok || l.err != nil {
		return list
	}
	if size > maxCompared {
		l.err = fmt.Errorf("blob %s: %d MiB, too large to be compared with others for renames: at most %d", h, size>>20, maxCompared>>20)
		return nil
	}
	var text []byte
	if text, l.err = l.repo.objects.blob(h); l.err != nil {
		return nil
	}
	list, rest := cut(text)
	l.sawRest = l.sawRest || rest.size > 0
	if l.countRest {
		list = append(list, rest)
	}
	list = gather(list)
	if again {
		if l.pieces == nil {
			l.pieces = map[plumbing.Hash][]piece{}
		}
		l.pieces[h] = list
	}
	return list
}

// cut returns the pieces of a text, and what is left at its end that is neither a
// line nor long enough.
func cut(text []byte) (list []piece, rest piece) {
	isText := !isBinary(text)
	var a, b uint32
	for i, c := range text {
		if isText && c == '\r' && i+1 < len(text) && text[i+1] == '\n' {
			continue
		}
		a, b = a<<7^b>>25, b<<7^a>>25
		a += uint32(c)
		rest.size++
		rest.hash = (a + b*0x61) % pieceHashes
		if rest.size == maxPiece || c == '\n' {
			list = append(list, rest)
			a, b, rest = 0, 0, piece{}
		}
	}
	return list, rest
}

// gather sorts pieces by hash and adds up those of one hash.
func gather(list []piece) []piece {
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
	a, b := l.size(from), l.size(to)
	if l.err != nil || tooUnlike(a, b, atLeast) {
		return 0, l.err
	}
	shared := int64(0)
	x, y := l.of(from.hash, a, true), l.of(to.hash, b, true)
	for len(x) > 0 && len(y) > 0 {
		switch {
		case x[0].hash < y[0].hash:
			x = x[1:]
		case x[0].hash > y[0].hash:
			y = y[1:]
		default:
			shared += int64(min(x[0].size, y[0].size))
			x, y = x[1:], y[1:]
		}
	}
	return int(shared * wholeScore / max(a, b)), l.err
}

// tooUnlike reports whether files of such sizes cannot be alike enough.
func tooUnlike(a, b int64, atLeast int) bool {
	large, small := max(a, b), min(a, b)
	return small <= 0 || large*int64(wholeScore-atLeast) < (large-small)*wholeScore
}
