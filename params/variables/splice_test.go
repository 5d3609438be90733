package variables_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/variables"
)

func TestSplice(t *testing.T) {
	for _, row := range []struct{ name, src, want string }{
		{"every other byte stays", "# one\na:   ${env:A}   # two\r\nb: [ 'x${env:A}y' ,1]\n\n\n", "# one\na:   aval   # two\r\nb: [ 'xavaly' ,1]\n\n\n"},
		{"only those types", "a: ${env:A}-${opt:x}-${self:b}\nb: ${env:A}", "a: aval-${opt:x}-${self:b}\nb: aval"},
		{"double quotes", `a: "x\t${env:ODD} \"y\""`, `a: "x\t: #'\"\n \"y\""`},
		{"single quotes", `a: 'it''s ${env:QUOTE}'`, `a: 'it''s ''"'`},
		{"plain that needs quotes", "a: x ${env:COLON}  # c\nb: 1", "a: \"x a: b\"  # c\nb: 1"},
		{"plain that needs quotes behind an escape", `a: \${env:X} ${env:COLON} # c`, `a: "\\${env:X} a: b" # c`},
		{"plain on two lines that needs quotes", "a: x ${env:COLON}\n  y\nb: x ${env:A}\n  y", "a: x ${env:COLON}\n  y\nb: x aval\n  y"},
		{"whole stays a text", "a: ${env:NUMBER}\nb: \"${env:NUMBER}\"", "a: \"12\"\nb: \"12\""},
		{"whole has its type", "a: ${param:n}\nb: '${param:n}'\nc: x${param:n}", "a: 12\nb: 12\nc: x12"},
		{"a map in one line", "a: ${param:m} # c", "a: {\"k\":[1,\"x\"]} # c"},
		{"block", "a: |\n  one ${env:A}\n  ${env:A} two ${AWS::Region}\nb: 1", "a: |\n  one aval\n  aval two ${AWS::Region}\nb: 1"},
		{"escaped", "a: ${param:live}\nb: 'x${param:live}'", "a: \"\\\\${env:A}\"\nb: 'x\\${env:A}'"},
		{"secret", "a: ${param:key}\nb: x${param:key}${env:A}", "a: ${param:key}\nb: x${param:key}${env:A}"},
		{"residue", "a: ${param:none, self:b}\nb: ${ssm:/x, 'y'}", "a: ${self:b}\nb: ${ssm:/x, 'y'}"},
		{"inside of what is left", "a: ${ssm:/${env:A}/x}", "a: ${ssm:/aval/x}"},
		{"other stages", "params:\n  dev: {a: '${env:A}'}\n  prod: {a: '${env:A}'}", "params:\n  dev: {a: aval}\n  prod: {a: '${env:A}'}"},
		{"tag", "a: !Sub ${env:A}-${AWS::Region}\nb: !GetAtt ${env:A}.Arn", "a: !Sub aval-${AWS::Region}\nb: !GetAtt aval.Arn"},
		{"anchor", "a: &x ${env:A}\nb: *x", "a: &x aval\nb: *x"},
		{"a slash before what is left", `a: ${env:SLASH}${ssm:/x}`, `a: ${env:SLASH}${ssm:/x}`},
		{"a value in a block", "a: >-\n  ${param:m}\nb: &x |-\n  ${param:n}\nc: 1", "a: {\"k\":[1,\"x\"]}\nb: &x 12\nc: 1"},
		{"a text in a block", "a: |-\n  ${env:COLON}\nb: !Sub >-\n  ${env:A}\nc: 1", "a: |-\n  a: b\nb: !Sub >-\n  aval\nc: 1"},
		{"a line separator in a block", "a: |\n  x ${env:LINE}\nb: '${env:LINE}'", "a: |\n  x ${env:LINE}\nb: \"x\\u2028y\""},
		{"nothing beside what is left", "a: ${env:EMPTY}${ssm:/x}", "a: ${env:EMPTY}${ssm:/x}"},
		{"a number as a fallback", "a: '${ssm:/x, param:big}'", "a: \"${ssm:/x, 1e21}\""},
		{"a dollar before a brace", `a: "${env:DOLLAR}{env:A}"`, `a: "${env:DOLLAR}{env:A}"`},
	} {
		t.Run(row.name, func(t *testing.T) {
			env := map[string]string{"A": "aval", "ODD": ": #'\"\n", "QUOTE": `'"`, "COLON": "a: b", "NUMBER": "12", "SLASH": `\`, "DOLLAR": "$", "EMPTY": "", "LINE": "x\u2028y"}
			r := &variables.Resolver{
				Stage: "dev", Only: []string{"env", "param"}, Sources: map[string]variables.Source{"env": variables.Env(env)},
				Params: variables.DefaultParams(params.Map{"n": int64(12), "big": 1e21, "live": `\${env:A}`, "m": map[string]any{"k": []any{int64(1), "x"}}, "key": params.NewSecret("s3cret")}, nil, nil),
			}
			d, err := variables.ParseDocument("serverless.yml", []byte(row.src))
			require.NoError(t, err)
			out, err := r.Splice(t.Context(), d)
			require.NoError(t, err)
			require.Equal(t, row.want, string(out))
			spliced, err := variables.ParseDocument("serverless.yml", out)
			require.NoError(t, err)
			// What follows makes the same of it as of the document. What is left has
			// another text.
			r.Only = nil
			r.Partial = true
			before, err := r.Resolve(t.Context(), d)
			if err == nil {
				after, err := r.Resolve(t.Context(), spliced)
				require.NoError(t, err)
				if row.name != "residue" && row.name != "a number as a fallback" && row.name != "inside of what is left" && row.name != "only those types" && row.name != "other stages" {
					require.Equal(t, before.Value(), after.Value())
				}
			}
			require.False(t, strings.Contains(string(out), "s3cret"))
		})
	}
}
