package variables_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/params/variables"
)

// Ten times the variables take at most eleven times the allocations, in a chain,
// in texts, and where a map is taken by many.
func TestAllocationsGrowWithTheVariables(t *testing.T) {
	shapes := map[string]struct {
		line string
		most float64 // allocations of one variable
	}{
		"chain": {"  v%d: ${self:custom.v%d}\n", 6},
		"texts": {"  v%d: a ${self:custom.v0} b ${opt:stage, 'dev'} %d\n", 20},
		"map":   {"  v%d: ${self:map} # %d\n", 8},
	}
	for name, shape := range shapes {
		t.Run(name, func(t *testing.T) {
			var before float64
			for _, n := range []int{500, 5_000} {
				var b strings.Builder
				b.WriteString("service: s\nmap: {a: \"${opt:stage, 'dev'}\", b: 1, c: text}\ncustom:\n  v0: x\n")
				for i := range n {
					fmt.Fprintf(&b, shape.line, i+1, i)
				}
				d, err := variables.ParseDocument("serverless.yml", []byte(b.String()))
				require.NoError(t, err)
				r := variables.Resolver{Sources: map[string]variables.Source{"opt": variables.Opt(nil)}}
				var last error
				now := testing.AllocsPerRun(2, func() { _, last = r.Resolve(t.Context(), d) })
				require.NoError(t, last)
				require.LessOrEqual(t, now/float64(n), shape.most, "allocations of one variable")
				if before > 0 {
					require.LessOrEqual(t, now, 11*before)
				}
				before = now
			}
		})
	}
}
