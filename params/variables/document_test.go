package variables_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/params/variables"
)

func TestAllSyntaxErrorsOfAFileAtOnce(t *testing.T) {
	_, err := variables.ParseDocument("db/serverless.yml", []byte(`service: db
service: db2
provider:
  stage: ${opt:stage, dev}
  region: "é ${env:X"
resources: !Foo
  list: [a, "${self:a,}"]
`))
	require.EqualError(t, err, strings.Join([]string{
		`db/serverless.yml:2:1: the key "service" stands twice (the first is in line 1)`,
		`db/serverless.yml:4:10: ${opt:stage, dev}: "dev" is no literal (a text needs quotes: 'dev')`,
		`db/serverless.yml:5:15: ${env:X: "}" is missing at its end`,
		`db/serverless.yml:6:12: resources: unknown tag !Foo (known are !And, !Base64, !Cidr, !Condition, !Equals, !FindInMap, !GetAtt, !GetAZs, !GetStackOutput, !If, !ImportValue, !Join, !Not, !Or, !Ref, !Select, !Split, !Sub, !Transform)`,
		`db/serverless.yml:7:14: ${self:a,}: "}" is neither a source nor a literal (want type:address, true, false, null, a number or a quoted text)`,
	}, "\n"))
	var codes []variables.Code
	list, ok := errors.AsType[variables.Errors](err)
	require.True(t, ok)
	for _, e := range list {
		codes = append(codes, e.Code)
	}
	require.Equal(t, []variables.Code{
		variables.InvalidYAML, variables.InvalidLiteral, variables.Unterminated, variables.InvalidTag, variables.InvalidSource,
	}, codes)
}

func TestWhatIsNoService(t *testing.T) {
	for src, want := range map[string]string{
		"":         "f.yml:1:1: nothing in the file (begin with: service: NAME)",
		"- a":      "f.yml:1:1: a service is a map (begin with: service: NAME)",
		"a: [1":    "f.yml:1:4: YAML: did not find expected ',' or ']' (close the [ with a ], separate what is in it by commas, and quote each ${…} in it)",
		"${a:b}\n": "f.yml:1:1: a service is a map (begin with: service: NAME)",
	} {
		_, err := variables.ParseDocument("f.yml", []byte(src))
		require.EqualError(t, err, want)
	}
}

func TestTagsOfCloudFormation(t *testing.T) {
	d, err := variables.ParseDocument("serverless.yml", []byte(`
a: !Ref Table
b: !GetAtt Table.Stream.Arn
c: !Sub ["x-${A}", {A: !Ref B}]
d: !If [yes, 012, !Ref "AWS::NoValue"]
e: !Condition C
f: !Ref 12
g: !GetAtt [A, B]
`))
	require.NoError(t, err)
	ref := func(v any) any { return map[string]any{"Ref": v} }
	require.Equal(t, map[string]any{
		"a": ref("Table"),
		"b": map[string]any{"Fn::GetAtt": []any{"Table", "Stream.Arn"}},
		"c": map[string]any{"Fn::Sub": []any{"x-${A}", map[string]any{"A": ref("B")}}},
		"d": map[string]any{"Fn::If": []any{"yes", int64(12), ref("AWS::NoValue")}},
		"e": map[string]any{"Condition": "C"},
		"f": ref("12"),
		"g": map[string]any{"Fn::GetAtt": []any{"A", "B"}},
	}, d.Value())
	v, pos, ok := d.At("d", "Fn::If", "1")
	require.True(t, ok)
	require.Equal(t, int64(12), v)
	require.Equal(t, "serverless.yml:5:14", pos.String())
	_, _, ok = d.At("d", "Fn::If", "01")
	require.False(t, ok)
}

func TestUses(t *testing.T) {
	d, err := variables.ParseDocument("serverless.json", []byte(`{"env": {"T.x": ["é${output::${param:env}::db.t, 'x'}${file(\"a\", 1)}"]}, "x": "\\${a:b}"}`))
	require.NoError(t, err)
	uses := d.Variables()
	require.Equal(t, []variables.Use{
		{
			Pos: variables.Pos{File: "serverless.json", Line: 1, Col: 21}, Path: `env["T.x"][0]`, Keys: []string{"env", "T.x", "0"},
			Expr: "${output::${param:env}::db.t, 'x'}",
			Sources: []variables.UseSource{
				{Type: "output", Address: ":${param:env}::db.t"},
				{Literal: "x", Static: true},
			},
		},
		{
			Pos: variables.Pos{File: "serverless.json", Line: 1, Col: 31}, Path: `env["T.x"][0]`, Keys: []string{"env", "T.x", "0"},
			Expr:    "${param:env}",
			Sources: []variables.UseSource{{Type: "param", Address: "env", Static: true}},
		},
		{
			Pos: variables.Pos{File: "serverless.json", Line: 1, Col: 55}, Path: `env["T.x"][0]`, Keys: []string{"env", "T.x", "0"},
			Expr:    `${file("a", 1)}`,
			Sources: []variables.UseSource{{Type: "file", Params: []string{"a", "1"}, Static: true}},
		},
	}, uses)
}

// Whatever the file is, the text at the place of a variable or of an error is
// that variable.
func FuzzPositions(f *testing.F) {
	for _, seed := range []string{
		"a: ${param:x}\nb: é${param:}${param:known}\n", "a: 'it''s ${x:y, z}'\n", "a: >-\n  b\n\n  ${x:y\n  , 'z'} ${a:b, }\n",
		"a: \"\\t${x:\\x41}\"\n", "a: !GetAtt ${x:y}.${z:a}\n", "x: &a ${a:b}\ny: *a\n", "{\"a\": \"\\u00e9${x:y}\"}", "a: |\n  ${a:${b:c}}\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, src string) {
		check := func(pos variables.Pos, expr string) {
			lines := strings.SplitAfter(src, "\n")
			if pos.Line < 1 || pos.Line > len(lines) || pos.Col < 1 || pos.Col > len(lines[pos.Line-1])+1 {
				t.Fatalf("%q: %v is no place", src, pos)
			}
			at := lines[pos.Line-1][pos.Col-1:]
			if expr != "" && !strings.HasPrefix(at, "${") && !strings.HasPrefix(at, "$\\") && !strings.HasPrefix(at, "\\") {
				t.Fatalf("%q: no %q at %v but %q", src, expr, pos, at)
			}
		}
		d, err := variables.ParseDocument("f.yml", []byte(src))
		list, _ := errors.AsType[variables.Errors](err)
		if err != nil && len(list) == 0 {
			t.Fatalf("%q: an error without a place: %v", src, err)
		}
		for _, e := range list {
			check(e.Pos, e.Expr)
		}
		if err != nil {
			return
		}
		for _, u := range d.Variables() {
			check(u.Pos, u.Expr)
			if _, _, ok := d.At(u.Keys...); !ok {
				t.Fatalf("%q: nothing at %q", src, u.Keys)
			}
		}
		// A resolver without sources comes to an end, and what it says has a place.
		r := variables.Resolver{Stage: "dev"}
		_, err = r.Resolve(t.Context(), d)
		list, _ = errors.AsType[variables.Errors](err)
		for _, e := range list {
			check(e.Pos, e.Expr)
		}
		r.Partial = true
		result, err := r.Resolve(t.Context(), d)
		if err == nil {
			if _, _, err := result.CLI("P"); err != nil {
				if _, ok := errors.AsType[variables.Errors](err); !ok {
					t.Fatalf("%q: %v", src, err)
				}
			}
		}
	})
}
