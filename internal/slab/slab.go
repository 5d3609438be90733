// Package slab makes many small values of one type, such as the nodes of a
// tree, with few allocations. Values that come from one [Slab] keep each other
// in memory, so it is for values that live and die together.
package slab

import "slices"

// most is how many values one piece of memory holds, so that a few values that
// are kept keep little else.
const most = 64

// Slab hands out values from larger pieces of memory. The zero Slab is ready to
// use. It is not safe for concurrent use.
type Slab[T any] struct {
	free []T
	size int // of the last piece: they grow with what is needed
}

// Expect says that n more values will be asked for, so that fewer pieces are made.
func (s *Slab[T]) Expect(n int) { s.size = max(s.size, min(n, most)/2) }

// New returns a zero value that is not handed out again.
func (s *Slab[T]) New() *T { return &s.Make(1)[0] }

// Make returns n zero values behind each other, with no room to append.
func (s *Slab[T]) Make(n int) []T {
	if n > len(s.free) {
		if n > most/4 {
			return make([]T, n) // it is worth an allocation of its own
		}
		s.size = min(max(2*s.size, n), most)
		s.free = slices.Grow([]T(nil), s.size)
		s.free = s.free[:cap(s.free)] // all that the piece has, which may be more
	}
	taken := s.free[:n:n]
	s.free = s.free[n:]
	return taken
}
