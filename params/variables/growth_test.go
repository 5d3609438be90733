package variables_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/shapes"
	"github.com/slsflow/slsflow/params/variables"
)

// Ten times the variables take at most thirteen times the allocations and the bytes,
// and one variable takes no more than this of either, to resolve it and to find it.
func TestAllocationsGrowWithTheVariables(t *testing.T) {
	bounds := map[string]struct{ allocs, bytes, parseAllocs, parseBytes float64 }{
		"a chain of self":                  {0.1, 200, 11, 1350},
		"texts with three variables":       {1.3, 340, 8, 900},
		"one map for every function":       {4.5, 1200, 31, 3100},
		"addresses with variables in them": {0.2, 80, 4, 500},
		"files":                            {8, 950, 4, 560},
		"fallbacks":                        {0.2, 260, 12, 1450},
		"one text with all variables":      {0.1, 100, 1.5, 320},
	}
	for _, s := range shapes.All() {
		t.Run(s.Name, func(t *testing.T) {
			bound, ok := bounds[s.Name]
			require.True(t, ok, "a shape without a bound")
			var before [4]float64
			for _, n := range []int{1_000, 10_000} {
				src, r, count := shaped(t, s, n)
				var d *variables.Document
				parse := measured(func() { d, _ = variables.ParseDocument("serverless.yml", src) })
				require.NotNil(t, d)
				var last error
				resolve := measured(func() {
					var result *variables.Result
					result, last = r.Resolve(t.Context(), d)
					_ = result.Value()
				})
				require.NoError(t, last)
				now := [4]float64{resolve.allocs, resolve.bytes, parse.allocs, parse.bytes}
				for i, most := range []float64{bound.allocs, bound.bytes, bound.parseAllocs, bound.parseBytes} {
					require.LessOrEqual(t, now[i]/float64(count), most, "%d variables: allocations, bytes; parse: allocations, bytes: %.1f", n, now)
					if before[i] > 0 {
						require.LessOrEqual(t, now[i], 13*before[i], "from 1,000 to 10,000: %.1f, %.1f", before, now)
					}
				}
				before = now
			}
		})
	}
}

type cost struct{ allocs, bytes float64 }

// measured returns what one call allocates when it is not the first.
func measured(f func()) cost {
	f()
	var begin, end runtime.MemStats
	runtime.ReadMemStats(&begin)
	f()
	runtime.ReadMemStats(&end)
	return cost{float64(end.Mallocs - begin.Mallocs), float64(end.TotalAlloc - begin.TotalAlloc)}
}

// Nor do errors and origins grow faster: each variable of one text is missing, or
// has an origin of its own.
func TestOneTextWithManyVariables(t *testing.T) {
	for _, form := range []string{"${opt:v%d}", "${opt:no%d}", "${self:custom.no%d}", "${param:no%d}"} {
		t.Run(form, func(t *testing.T) {
			var before cost
			for _, n := range []int{2_000, 20_000} {
				options := make(map[string]any)
				var b strings.Builder
				b.WriteString("service: s\ncustom:\n  text: x")
				for i := range n {
					options[fmt.Sprintf("v%d", i)] = "x"
					fmt.Fprintf(&b, " "+form, i)
				}
				b.WriteString("\n  again: a ${self:custom.text}\n")
				d, err := variables.ParseDocument("serverless.yml", []byte(b.String()))
				require.NoError(t, err)
				r := variables.Resolver{Stage: "dev", Sources: map[string]variables.Source{"opt": variables.Opt(options)}}
				now := measured(func() { _, err = r.Resolve(t.Context(), d) })
				if strings.Contains(form, "no") {
					require.Len(t, err, n)
				} else {
					require.NoError(t, err)
				}
				if before.bytes > 0 {
					require.LessOrEqual(t, now.bytes, 13*before.bytes)
					require.LessOrEqual(t, now.allocs, 13*before.allocs)
				}
				before = now
			}
		})
	}
}

// In a long chain in which each property needs the first too, there are as many
// circles as properties, of all lengths.
func TestManyCircles(t *testing.T) {
	var before cost
	for _, n := range []int{500, 5_000} {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "x%d: ${self:x%d} ${self:x0}\n", i, i+1)
		}
		fmt.Fprintf(&b, "x%d: end\n", n)
		d, err := variables.ParseDocument("serverless.yml", []byte(b.String()))
		require.NoError(t, err)
		now := measured(func() { _, err = (&variables.Resolver{}).Resolve(t.Context(), d) })
		require.Len(t, err, n)
		require.ErrorContains(t, err, "circular reference: x0 → x1 → x2")
		require.ErrorContains(t, err, " → x9 → 1 more → x11 → ")
		if before.bytes > 0 {
			require.LessOrEqual(t, now.bytes, 13*before.bytes)
		}
		before = now
	}
}
