package variables_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/variables"
)

// Each leaf knows the variables that it came by, also those of what it is in, and of
// the files and params on the way.
func TestTrails(t *testing.T) {
	tree := fstest.MapFS{
		"svc/s3cret.yml": {Data: []byte("k: 1\n")},
		"svc/x.yml":      {Data: []byte("a: 1\nm: {n: '${env:A}', 'a.b': [1, \"${env:NOPE, 'u'}\"]}\nvia: ${file(../y.yml)}\n")},
		"y.yml":          {Data: []byte("n: ${env:A}\n")},
	}
	r := variables.Resolver{Trails: true, Params: variables.DefaultParams(params.Map{"cli": "c"}, nil, nil), Sources: map[string]variables.Source{
		"env": variables.Env(map[string]string{"A": "aval"}), "file": variables.File(tree, "svc"),
		"map": memory(map[string]any{"file": params.NewSecret("s3cret"), "m": map[string]any{"k": []any{"v"}}}),
	}}
	result, err := resolve(t, r, `
x: ${file(x.yml)}
part: ${file(x.yml):m}
deep: ${file(x.yml):via.n}
leaf: ${self:x.m.n}
whole: <${self:leaf}>
map: ${self:x.m}
param: ${param:p}
flat: ${param:f.g}
cli: ${param:cli}
source: ${map:m}
secret: ${file(${map:file}.yml):k}
plain: 1
params: {default: {p: '${env:A}/x', f.g: {k: '${self:leaf}'}}}
`)
	require.NoError(t, err)
	for path, want := range map[string]string{
		"x":           "${file(x.yml)} file svc/x.yml",
		"x a":         "${file(x.yml)} file svc/x.yml",
		"x m n":       "${file(x.yml)} file svc/x.yml, ${env:A} env A",
		"x m a.b 1":   "${file(x.yml)} file svc/x.yml, ${env:NOPE, 'u'} literal 'u'",
		"x via n":     "${file(x.yml)} file svc/x.yml, ${file(../y.yml)} file y.yml, ${env:A} env A",
		"part a.b 0":  "${file(x.yml):m} file svc/x.yml",
		"part n":      "${file(x.yml):m} file svc/x.yml, ${env:A} env A",
		"deep":        "${file(x.yml):via.n} file svc/x.yml, ${env:A} env A, ${file(../y.yml)} file y.yml",
		"whole":       "${self:leaf} self leaf, ${self:x.m.n} self x.m.n, ${file(x.yml)} file svc/x.yml, ${env:A} env A",
		"map":         "${self:x.m} self x.m, ${file(x.yml)} file svc/x.yml",
		"map n":       "${self:x.m} self x.m, ${file(x.yml)} file svc/x.yml, ${env:A} env A",
		"param":       "${param:p} param params.default, ${env:A} env A",
		"flat k":      "${param:f.g} param params.default, ${self:leaf} self leaf, ${self:x.m.n} self x.m.n, ${file(x.yml)} file svc/x.yml, ${env:A} env A",
		"cli":         "${param:cli} param command line",
		"source k 0":  "${map:m} map m",
		"plain":       "",
		"secret":      "${map:file} map file, ${file(${map:file}.yml):k} file (REDACTED):k",
		"not in it":   "",
		"x m a.b 1 z": "${file(x.yml)} file svc/x.yml, ${env:NOPE, 'u'} literal 'u'",
	} {
		var steps []string
		for _, s := range result.Trail(strings.Split(path, " ")...) {
			steps = append(steps, s.Expr+" "+s.Source+" "+s.From)
		}
		require.Equal(t, want, strings.Join(steps, ", "), path)
	}
}

// A chain is not told from each of its links to the end: that would be quadratic.
func TestTrailsAreBounded(t *testing.T) {
	var b strings.Builder
	for i := range 300 {
		fmt.Fprintf(&b, "k%d: ${self:k%d}\n", i, i+1)
	}
	result, err := resolve(t, variables.Resolver{Trails: true}, b.String()+"k300: end\n")
	require.NoError(t, err)
	require.Len(t, result.Trail("k0"), 100)
	require.Len(t, result.Trail("k290"), 10)
}
