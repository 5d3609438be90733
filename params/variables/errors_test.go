package variables_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/params/variables"
)

// The text of many problems, or of a long one, is one that somebody can read; the
// list has all.
func TestTheTextOfErrorsIsBounded(t *testing.T) {
	var b strings.Builder
	for i := range 250 {
		fmt.Fprintf(&b, "x%d: ${self:no}\n", i)
	}
	_, err := resolve(t, variables.Resolver{}, b.String())
	require.Len(t, err, 250)
	lines := strings.Split(err.Error(), "\n")
	require.Len(t, lines, 101)
	require.Contains(t, lines[99], "serverless.yml:100:6: ${self:no}: no value")
	require.Equal(t, "and 150 more", lines[100])

	_, err = variables.ParseDocument("serverless.yml", []byte("x: ${self:"+strings.Repeat("é", 100_000)))
	require.ErrorContains(t, err, "serverless.yml:1:4: ${self:é")
	require.Less(t, len(err.Error()), 1_000)
}
