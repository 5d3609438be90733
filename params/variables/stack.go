package variables

import (
	"github.com/slsflow/slsflow/internal/slab"
)

// stack collects lists that are inside of each other. It has room for many lists, so
// that one that is inside of no other stays where it was collected.
type stack[T any] struct {
	open []T
	room int          // of the last piece of memory
	made slab.Slab[T] // lists that were inside of others
}

// mostRoom is for how many values there is room if fewer are needed.
const mostRoom = 46 // calls, which are the largest, fit into 4096 bytes

// reset drops what was pushed and not popped, and makes room for n.
func (s *stack[T]) reset(n int) {
	if s.open = s.open[:0]; cap(s.open) < n {
		s.grow(n)
	}
}

// grow makes room for n values in all.
func (s *stack[T]) grow(n int) {
	s.room = min(max(2*s.room, 2), mostRoom)
	s.open = append(make([]T, 0, max(s.room, n)), s.open...)
}

func (s *stack[T]) push(v T) {
	if len(s.open) == cap(s.open) {
		s.grow(2*len(s.open) + 1)
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
