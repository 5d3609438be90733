package pipeline

import (
	"iter"
	"math/bits"
	"slices"
)

// A tree is a map from numbers below some bound to values. Trees are immutable:
// with and without return new ones, which share most of their nodes, so a State
// can be kept, handed out and gone back to at the cost of a few pointers. The
// zero tree must be made with newTree before it is written.
//
// An owner that makes several changes in a row lets a node that it has copied
// already be changed in place. Nobody else sees those until it is done.
type tree[T any] struct {
	root  *node[T]
	shift int // of the digit that the root looks at
	n     int
}

const (
	digit = 5 // bits
	fan   = 1<<digit - 1
)

// node has, for each bit in mask, a child or a value, in the order of the bits.
type node[T any] struct {
	owner *owner
	mask  uint32
	kids  []*node[T]
	vals  []T
}

type owner struct{ _ byte }

// newTree returns an empty tree for the numbers 0 to bound-1.
func newTree[T any](bound int) tree[T] {
	t := tree[T]{}
	for bound > 1<<(t.shift+digit) {
		t.shift += digit
	}
	return t
}

func (n *node[T]) at(d int) (pos int, ok bool) {
	return bits.OnesCount32(n.mask & (1<<d - 1)), n.mask&(1<<d) != 0
}

func (n *node[T]) own(o *owner) *node[T] {
	if n == nil {
		return &node[T]{owner: o}
	}
	if o != nil && n.owner == o {
		return n
	}
	return &node[T]{owner: o, mask: n.mask, kids: slices.Clone(n.kids), vals: slices.Clone(n.vals)}
}

func (t tree[T]) get(i int) (v T, ok bool) {
	n := t.root
	for s := t.shift; n != nil; s -= digit {
		pos, ok := n.at(i >> s & fan)
		if !ok {
			return v, false
		}
		if s == 0 {
			return n.vals[pos], true
		}
		n = n.kids[pos]
	}
	return v, false
}

func (t tree[T]) with(o *owner, i int, v T) tree[T] {
	var put func(n *node[T], s int) *node[T]
	put = func(n *node[T], s int) *node[T] {
		n = n.own(o)
		d := i >> s & fan
		pos, ok := n.at(d)
		n.mask |= 1 << d
		switch {
		case s == 0 && ok:
			n.vals[pos] = v
		case s == 0:
			n.vals = slices.Insert(n.vals, pos, v)
			t.n++
		case ok:
			n.kids[pos] = put(n.kids[pos], s-digit)
		default:
			n.kids = slices.Insert(n.kids, pos, put(nil, s-digit))
		}
		return n
	}
	t.root = put(t.root, t.shift)
	return t
}

func (t tree[T]) without(o *owner, i int) tree[T] {
	if _, ok := t.get(i); !ok {
		return t
	}
	var cut func(n *node[T], s int) *node[T]
	cut = func(n *node[T], s int) *node[T] {
		n = n.own(o)
		d := i >> s & fan
		pos, _ := n.at(d)
		if s == 0 {
			n.vals = slices.Delete(n.vals, pos, pos+1)
		} else if kid := cut(n.kids[pos], s-digit); kid != nil {
			n.kids[pos] = kid
			return n
		} else {
			n.kids = slices.Delete(n.kids, pos, pos+1)
		}
		n.mask &^= 1 << d
		if n.mask == 0 {
			return nil
		}
		return n
	}
	t.root = cut(t.root, t.shift)
	t.n--
	return t
}

// ceil returns the lowest number that is at least i.
func (t tree[T]) ceil(i int) (int, bool) {
	var find func(n *node[T], s, base int) (int, bool)
	find = func(n *node[T], s, base int) (int, bool) {
		if n == nil {
			return 0, false
		}
		for m := n.mask; m != 0; m &= m - 1 {
			d := bits.TrailingZeros32(m)
			low := base | d<<s
			if low|(1<<s-1) < i {
				continue
			}
			if s == 0 {
				return low, true
			}
			pos, _ := n.at(d)
			if got, ok := find(n.kids[pos], s-digit, low); ok {
				return got, true
			}
		}
		return 0, false
	}
	return find(t.root, t.shift, 0)
}

// all goes through the tree in ascending order.
func (t tree[T]) all() iter.Seq2[int, T] {
	return func(yield func(int, T) bool) {
		var walk func(n *node[T], s, base int) bool
		walk = func(n *node[T], s, base int) bool {
			if n == nil {
				return true
			}
			pos := 0
			for m := n.mask; m != 0; m &= m - 1 {
				i := base | bits.TrailingZeros32(m)<<s
				if s == 0 {
					if !yield(i, n.vals[pos]) {
						return false
					}
				} else if !walk(n.kids[pos], s-digit, i) {
					return false
				}
				pos++
			}
			return true
		}
		walk(t.root, t.shift, 0)
	}
}

// none is the value of trees that are sets.
type none = struct{}
