package variables_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/params/variables"
)

// few are variables of which nothing is remembered yet.
const few = `z: ["${sls:a, 1}", "${sls:b, 2}", "${sls:c, 3}", "${sls:d, 4}"]`

// A variable that stands in many places is looked for once; where it stands is told
// for each.
func TestRepeatedVariablesKeepTheirPlaces(t *testing.T) {
	d, err := variables.ParseDocument("s.yml", []byte(few+`
a: ${opt:no, 'x'}
b: ${opt:no, 'x'}
c: ${opt:no, 'x'} and ${opt:no, 'x'}
d: ["${opt:${opt:name}}", "${opt:${opt:name}}", "- ${opt:${opt:name}}"]
e: ${self:f}
g: ${self:f}
f: {k: "${opt:no, 'x'}"}
`))
	require.NoError(t, err)
	asked := 0
	r := variables.Resolver{Sources: map[string]variables.Source{"sls": variables.Opt(nil), "opt": variables.SourceFunc(
		func(_ context.Context, _ []any, address any) (any, bool, error) {
			asked++
			return map[any]any{"name": "size", "size": int64(5)}[address], address != "no", nil
		})}}
	result, err := r.Resolve(t.Context(), d)
	require.NoError(t, err)
	require.Equal(t, 3, asked) // no, name and size
	got := make(map[string]any)
	for _, leaf := range result.Leaves()[4:] {
		got[leaf.Path] = leaf.Pos.String() + " " + jsonText(leaf.Value)
	}
	require.Equal(t, map[string]any{
		"a": `s.yml:2:4 "x"`, "b": `s.yml:3:4 "x"`, "c": `s.yml:4:4 "x and x"`,
		"d[0]": "s.yml:5:6 5", "d[1]": "s.yml:5:28 5", "d[2]": `s.yml:5:49 "- 5"`,
		"e.k": `s.yml:8:9 "x"`, "g.k": `s.yml:8:9 "x"`, "f.k": `s.yml:8:9 "x"`,
	}, got)
}

// Errors point at the character, in each of the places.
func TestRepeatedVariablesFailInTheirPlaces(t *testing.T) {
	d, err := variables.ParseDocument("s.yml", []byte(few+`
a: ${opt:x}
b: "- ${opt:x} ${opt:x} ${self:k.${opt:x}} ${self:k.${opt:x}}"
`))
	require.NoError(t, err)
	none := variables.Opt(nil)
	r := variables.Resolver{Sources: map[string]variables.Source{"opt": none, "sls": none}}
	_, err = r.Resolve(t.Context(), d)
	var list variables.Errors
	require.ErrorAs(t, err, &list)
	var got []string
	for _, e := range list {
		got = append(got, e.Pos.String()+" "+e.Expr)
	}
	require.Equal(t, []string{
		"s.yml:2:4 ${opt:x}", "s.yml:3:7 ${opt:x}", "s.yml:3:16 ${opt:x}", "s.yml:3:34 ${opt:x}", "s.yml:3:53 ${opt:x}",
	}, got)
}
