package slab_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/slab"
)

// Whatever is asked for, each value is zero when it is handed out, and nobody
// else's.
func TestValuesAreZeroAndApart(t *testing.T) {
	var s slab.Slab[int]
	seen := make(map[*int]bool)
	for n := range 200 {
		values := s.Make(n % 40)
		require.Len(t, values, n%40)
		require.Equal(t, n%40, cap(values))
		for i := range values {
			require.Zero(t, values[i])
			require.False(t, seen[&values[i]])
			seen[&values[i]], values[i] = true, 1
		}
		require.Zero(t, *s.New())
	}
}

func TestFewAllocations(t *testing.T) {
	got := testing.AllocsPerRun(10, func() {
		var s slab.Slab[[4]int]
		for range 1_000 {
			s.New()
		}
	})
	require.LessOrEqual(t, got, 50.0) // 23, and 41 with the race detector
}

// Each text is what it was made of, also after the bytes changed and many others
// were made.
func TestTexts(t *testing.T) {
	var s slab.Texts
	b := make([]byte, 400)
	var got, want []string
	for n := range 2_000 {
		for i := range b {
			b[i] = byte('a' + n%26)
		}
		got = append(got, s.String(b[:n%len(b)]))
		want = append(want, strings.Repeat(string(rune('a'+n%26)), n%len(b)))
	}
	require.Equal(t, want, got)
}

func TestExpectedValuesAreInOnePiece(t *testing.T) {
	allocations := func(expect int) float64 {
		return testing.AllocsPerRun(10, func() {
			var s slab.Slab[[4]int]
			s.Expect(expect)
			for range 60 {
				s.New()
			}
		})
	}
	require.LessOrEqual(t, 3*allocations(60), allocations(0))
}
