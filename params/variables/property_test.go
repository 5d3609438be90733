package variables_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/params/variables"
)

func TestProperty(t *testing.T) {
	asked := map[any]int{}
	r := variables.Resolver{Partial: true, Sources: map[string]variables.Source{
		"m": variables.SourceFunc(func(_ context.Context, _ []any, address any) (any, bool, error) {
			asked[address]++
			return "v", address != "none", nil
		}),
	}}
	d, err := variables.ParseDocument("serverless.yml", []byte(`
provider: {stage: "${m:stage}", region: "${self:custom.region}"}
custom: {region: "${m:region}", other: "${m:other}", bad: "${m:none}", left: "${cf:a.b}", below: ["${self:custom.left}"], null: null}
`))
	require.NoError(t, err)
	v, ok, err := r.Property(t.Context(), d, "provider", "region")
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, "v", v)
	require.Equal(t, map[any]int{"stage": 1, "region": 1}, asked, "what it does not need is not asked for")

	for _, steps := range [][]string{{"custom", "zz"}, {"custom", "left"}, {"custom", "below"}, {"custom", "null"}} {
		_, ok, err = r.Property(t.Context(), d, steps...)
		require.NoError(t, err)
		require.False(t, ok, steps)
	}
	_, _, err = r.Property(t.Context(), d, "custom", "bad")
	require.ErrorContains(t, err, "serverless.yml:3:60: ${m:none}: no value")
}
