// Package slab makes many small values of one type, such as the nodes of a
// tree, with few allocations. Values that come from one [Slab] keep each other
// in memory, so it is for values that live and die together.
package slab

import (
	"math/bits"
	"reflect"
)

const (
	// least and most are how many bytes one piece of memory has. It is small, so that
	// a few values that are kept keep little else.
	least, most = 256, 4096
	// header is what the runtime keeps for itself in a piece.
	header = 8
	// alone is from how many bytes on a list is worth an allocation of its own.
	alone = most / 4
)

// Slab hands out values from larger pieces of memory. The zero Slab is ready to
// use. It is not safe for concurrent use.
type Slab[T any] struct {
	free  []T
	bytes int // of the last piece: they grow with what is needed
}

// Expect says that n more values will be asked for, so that fewer pieces are made.
func (s *Slab[T]) Expect(n int) { s.bytes = max(s.bytes, roomy[T](n)/2) }

// New returns a zero value that is not handed out again.
func (s *Slab[T]) New() *T { return &s.Make(1)[0] }

// Make returns n zero values behind each other, with no room to append.
func (s *Slab[T]) Make(n int) []T {
	if n > len(s.free) {
		size := int(reflect.TypeFor[T]().Size())
		if n*size > alone {
			return make([]T, n)
		}
		s.bytes = max(min(2*s.bytes, most), roomy[T](n))
		s.free = make([]T, max((s.bytes-header)/max(size, 1), n))
	}
	taken := s.free[:n:n]
	s.free = s.free[n:]
	return taken
}

// roomy returns the bytes of a piece in which n values have room, if there is one: a
// power of two, of which the runtime wastes nothing.
func roomy[T any](n int) int {
	bytes := n*int(reflect.TypeFor[T]().Size()) + header
	return min(max(1<<bits.Len(uint(bytes-1)), least), most)
}
