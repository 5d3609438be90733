package variables

import (
	"slices"

	"github.com/slsflow/slsflow/internal/slab"
)

// stack collects lists that are inside of each other. It has room for many lists, so
// that one that is inside of no other stays where it was collected.
type stack[T any] struct {
	open []T
	size int          // of the last room
	made slab.Slab[T] // lists that were inside of others
}

// mostRoom is for how many values there is room if fewer are needed.
const mostRoom = 64

// reset drops what was pushed and not popped, and makes room for n.
func (s *stack[T]) reset(n int) {
	if s.open = s.open[:0]; cap(s.open) < n {
		s.grow(n)
	}
}

func (s *stack[T]) grow(n int) {
	s.size = min(max(2*s.size, 2), mostRoom)
	s.open = append(slices.Grow([]T(nil), max(s.size, len(s.open)+n)), s.open...)
}

func (s *stack[T]) push(v T) {
	if len(s.open) == cap(s.open) {
		s.grow(len(s.open) + 1)
	}
	s.open = append(s.open, v)
}

// pop returns what was pushed since the stack was so long, nil for nothing.
func (s *stack[T]) pop(length int) []T {
	n := len(s.open) - length
	if n == 0 {
		return nil
	}
	if length == 0 {
		list := s.open[:n:n]
		s.open = s.open[n:]
		return list
	}
	list := s.made.Make(n)
	copy(list, s.open[length:])
	s.open = s.open[:length]
	return list
}
