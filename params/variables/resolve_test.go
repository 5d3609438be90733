package variables_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/variables"
)

// memory is the source m of the tables: it has whatever the map has.
func memory(values map[string]any) variables.Source {
	return variables.SourceFunc(func(_ context.Context, _ []any, address any) (any, bool, error) {
		if address == "boom" {
			return nil, false, errors.New("boom")
		}
		v, ok := values[address.(string)]
		return v, ok, nil
	})
}

func testSources() map[string]variables.Source {
	return map[string]variables.Source{
		"env": variables.Env(map[string]string{"A": "aval", "B": "B", "NAME": "A", "EMPTY": ""}),
		"opt": variables.Opt(map[string]any{"stage": "dev", "flag": "false"}),
		"m": memory(map[string]any{
			"num": 42, "arr": []any{1, []any{2, 3}}, "obj": map[string]any{"k": "v"}, "nil": nil, "zero": 0, "false": false,
			"v": "${env:A}", "dollar": "$", "brace": "{env:A}", "star": "$&", "vs": []any{"${env:A}", "x"}, "syntax": "${env:A",
		}),
		"strToBool": variables.StrToBool(),
		"sls":       variables.Sls("dev", "1"),
		"file": variables.File(fstest.MapFS{
			"svc/j.json":  {Data: []byte(`{"k": {"v": 7}, "arr": [{"n": 1}, {"n": 2}]}`)},
			"svc/y.yml":   {Data: []byte("flag: false\nnone:\nvia: ${self:o.file}\nbad: ${env:NOPE}\ntag: !Ref X\n")},
			"svc/t.txt":   {Data: []byte("hello ${env:A}\n")},
			"svc/e.yml":   {Data: []byte("# nothing\n")},
			"svc/s.yml":   {Data: []byte("good: 1\nbad: ${env:A")},
			"svc/b.yml":   {Data: []byte("a: [\nb: ${env:}}")},
			"svc/p.js":    {Data: []byte("module.exports = 1")},
			"svc/dir/x":   {Data: []byte("x")},
			"shared.yml":  {Data: []byte("x: shared")},
			"svc/UP.YML":  {Data: []byte("a: 1")},
			"svc/1.yml":   {Data: []byte("one: ${file(2.yml):two}")},
			"svc/2.yml":   {Data: []byte("two: ${file(1.yml):one}")},
			"svc/dev.yml": {Data: []byte("db: {small: S}")},
		}, "svc"),
	}
}

func resolve(t *testing.T, r variables.Resolver, src string) (*variables.Result, error) {
	t.Helper()
	d, err := variables.ParseDocument("serverless.yml", []byte(src))
	require.NoError(t, err, src)
	if r.Sources == nil {
		r.Sources = testSources()
	}
	if r.Stage == "" {
		r.Stage = "dev"
	}
	result, err := r.Resolve(t.Context(), d)
	require.NotNil(t, result)
	return result, err
}

// fails marks a row of a table whose value is an error of a code.
type fails variables.Code

// The rows are those of Serverless Framework 3, with the repairs.
func TestEvaluation(t *testing.T) {
	for _, row := range []struct {
		name, x string
		want    any
		rest    string // of the document
	}{
		{"R1", `${m:num}`, int64(42), ""},
		{"R1 embedded", `x${m:num}`, "x42", ""},
		{"R2", `${m:arr}`, []any{int64(1), []any{int64(2), int64(3)}}, ""},
		{"R2 embedded", `x${m:arr}`, "x1,2,3", ""},
		{"R3", `x${m:obj}`, fails(variables.NotText), ""},
		{"R4", `${m:nil}`, fails(variables.Missing), ""},
		{"R5", `${m:nil, null}`, nil, ""},
		{"R5 embedded", `x${m:nil, null}`, fails(variables.NotText), ""},
		{"R6", `${env:EMPTY, "fb"}`, "", ""},
		{"R7", `${m:zero, 9}`, int64(0), ""},
		{"R7 false", `${m:false, true}`, false, ""},
		{"R8", `${env:${env:NAME}}`, "aval", ""},
		{"R9", `${env:${env:NOPE, "A"}}`, "aval", ""},
		{"R10", `${env:${env:NOPE}, "fb"}`, fails(variables.Missing), ""},
		{"R11", `${env:NOPE, env:ALSO, "z"}`, "z", ""},
		{"R12", `${m:boom, "fb"}`, fails(variables.SourceFailed), ""},
		{"R13", `${unk:x, "fb"}`, fails(variables.Unrecognized), ""},
		{"R14", `${env:A, unk:x}`, "aval", ""},
		{"R16", `${m:v}`, "aval", ""},
		{"R17", `${m:nil, '${env:A}'}`, "aval", ""},
		{"R18", `${m:dollar}${m:brace}`, "${env:A}", ""},
		{"R19", `\${env:A}`, "${env:A}", ""},
		{"R20", `${self:a}`, "aval", `a: \${env:A}`},
		{"R21 repaired", `$${env:A}`, "$aval", ""},
		{"R22", `${AWS::Region}-${env:A}`, "${AWS::Region}-aval", ""},
		{"R23 repaired", "|-\n  ${env:\n  ${env:NAME}}", "aval", ""},
		{"R24 item", `${self:arr.1}`, "b", "arr: [a, b]"},
		{"R24 length", `${self:arr.length, 'no'}`, "no", "arr: [a, b]"},
		{"R24 character", `${self:str.0, 'no'}`, "no", "str: abc"},
		{"R25", `${self:o.constructor.name, "fb"}`, "fb", "o: {}"},
		{"R26", `${self:arr[1], "br"}`, "br", "arr: [a, b]"},
		{"R27", `${self:a.b, 'no'}`, "no", "a.b: 1"},
		{"R28", `${self:mm.${opt:stage}.n}`, int64(5), "mm: {dev: {n: 5}}"},
		{"R29", `${self:o.b}`, int64(1), `o: {b: "${self:o.c}", c: 1}`},
		{"R30", `{b: "${self:x}"}`, fails(variables.Circular), ""},
		{"R31", `${self:b, 'x'}`, fails(variables.Circular), "b: ${self:x, 'y'}"},
		{"R32", `${self:bad, 'fb'}`, fails(variables.Missing), "bad: ${env:NOPE}"},
		{"R34", `${self:n, 'fb'}`, "fb", "n: null"},
		{"R35", `${self:a.k.v}`, int64(7), "a: ${file(j.json)}"},
		{"R36", `${strToBool(${opt:flag})}`, false, ""},
		{"R37", `{"${env:A}": "${env:A}"}`, map[string]any{"${env:A}": "aval"}, ""},
		{"R38", `x${m:star}y`, "x$&y", ""},
		{"R40", `${m:nil, 'a,b'}`, "a,b", ""},
		{"self root", `${self:}`, fails(variables.Circular), ""},
		{"self number", `${self:${m:num}}`, fails(variables.SourceFailed), ""},
		{"strToBool repaired", `${strToBool(false)}`, false, ""},
		{"strToBool 1", `${strToBool(' TRUE ')}`, true, ""},
		{"strToBool other", `${strToBool(yes), 'x'}`, fails(variables.SourceFailed), ""},
		{"list of variables", `x${m:vs}`, "xaval,x", ""},
		{"whole list of variables", `${m:vs}`, []any{"aval", "x"}, ""},
		{"broken value", `${m:syntax}`, fails(variables.Unterminated), ""},
		{"opt all", `${opt:}`, map[string]any{"stage": "dev", "flag": "false"}, ""},
		{"env none", `${env:}`, fails(variables.SourceFailed), ""},
		{"sls", `${sls:stage}-${sls:instanceId}`, "dev-1", ""},
		{"sls other", `${sls:other, 'x'}`, fails(variables.SourceFailed), ""},
		{"escape even", `\\${env:A}`, `\aval`, ""},
		{"escape three", `\\\${env:A}`, `\${env:A}`, ""},
		{"file", `${file(./j.json):arr.1.n}`, int64(2), ""},
		{"file absent", `${file(nope.yml):x, 'd'}`, "d", ""},
		{"file false", `${file(y.yml):flag}`, false, ""},
		{"file null", `${file(y.yml):none, 'd'}`, "d", ""},
		{"file step", `${file(y.yml):via.v}`, int64(7), "o: {file: '${file(j.json):k}'}"},
		{"file tag", `${file(y.yml):tag}`, map[string]any{"Ref": "X"}, ""},
		{"file text", `${file(t.txt)}`, "hello aval\n", ""},
		{"file text with an address", `${file(t.txt):x, 'd'}`, "d", ""},
		{"file above", `${file(../shared.yml):x}`, "shared", ""},
		{"file outside", `${file(../../x.yml), 'd'}`, fails(variables.SourceFailed), ""},
		{"file absolute", `${file(/etc/passwd), 'd'}`, fails(variables.SourceFailed), ""},
		{"file directory", `${file(dir), 'd'}`, fails(variables.SourceFailed), ""},
		{"file empty", `${file(e.yml), 'd'}`, fails(variables.SourceFailed), ""},
		{"file broken", `${file(b.yml), 'd'}`, fails(variables.SourceFailed), ""},
		{"file bad", `${file(y.yml):bad, 'd'}`, fails(variables.Missing), ""},
		{"file beside a syntax error", `${file(s.yml):good}`, int64(1), ""},
		{"file with a syntax error", `${file(s.yml):bad, 'd'}`, fails(variables.Unterminated), ""},
		{"file with a syntax error in a text", `x${file(s.yml):bad}`, fails(variables.Unterminated), ""},
		{"file program", `${file(p.js), 'd'}`, fails(variables.SourceFailed), ""},
		{"file case", `${file(UP.YML)}`, "a: 1", ""},
		{"files in a circle", `${file(1.yml):one}`, fails(variables.PropertyDepth), ""},
		{"a program that is not there", `${file(none.js):k, 'd'}${file(none.ts), 'e'}`, "de", ""},
		{"file nested", `${file(./${sls:stage}.yml):db.${param:tier}}`, "S", "params: {default: {tier: small}}"},
		{"param whole map", `${param:m}`, map[string]any{"a": int64(1)}, "params: {dev: {m: {a: 1}}}"},
		{"param null is transparent", `${param:p}`, "low", "params: {dev: {p: null}, default: {p: low}}"},
		{"param false", `${param:p}`, false, "params: {dev: {p: false}, default: {p: low}}"},
		{"param flat", `${param:a.b}`, int64(1), "params: {dev: {a.b: 1}}"},
		{"param refers to itself", `${param:p}`, fails(variables.Circular), "params: {dev: {p: '${param:p}'}}"},
		{"param of stages", `${param:p}`, "s", "stages: {dev: {params: {p: s}}}"},
		{"params and stages", `1`, fails(variables.BadConfig), "stages: {}\nparams: {}"},
		{"other stage is left", `1`, int64(1), "params: {prod: {p: '${env:NOPE}'}}"},
		{"other stage on request", `${self:params.prod.p}`, "aval", "params: {prod: {p: '${env:A}'}}"},
		{"unused param of this stage", `1`, fails(variables.Missing), "params: {dev: {p: '${env:NOPE}'}}"},
	} {
		t.Run(row.name, func(t *testing.T) {
			result, err := resolve(t, variables.Resolver{}, "x: "+row.x+"\n"+row.rest+"\n")
			if code, ok := row.want.(fails); ok {
				require.Error(t, err)
				var codes []variables.Code
				list, _ := errors.AsType[variables.Errors](err)
				for _, e := range list {
					codes = append(codes, e.Code)
				}
				require.Equal(t, []variables.Code{variables.Code(code)}, codes, err)
				return
			}
			require.NoError(t, err)
			x, ok := result.At("x")
			require.True(t, ok)
			require.Equal(t, row.want, x)
		})
	}
}

func TestDependenceIsByPathAndSubtree(t *testing.T) {
	result, err := resolve(t, variables.Resolver{}, `
o: {k: "${env:NOPE}", g: 1}
x: ${self:o.g}
y: ${self:o.zz, 'fb'}
z: ${self:o, 'fb'}
`)
	require.EqualError(t, err, "serverless.yml:2:9: ${env:NOPE}: no value: env has no NOPE (give it a value, or the variable a fallback)")
	for key, want := range map[string]any{"x": int64(1), "y": "fb", "z": "${self:o, 'fb'}", "o": map[string]any{"k": "${env:NOPE}", "g": int64(1)}} {
		v, _ := result.At(key)
		require.Equal(t, want, v, key)
	}
}

func TestHowOftenValuesMayHoldVariables(t *testing.T) {
	chain := func(n int) map[string]any {
		m := map[string]any{"c0": "end"}
		for i := 1; i <= n; i++ {
			m["c"+string(rune('0'+i/10))+string(rune('0'+i%10))] = "${m:c" + string(rune('0'+(i-1)/10)) + string(rune('0'+(i-1)%10)) + "}"
		}
		m["c00"] = "end"
		return m
	}
	at := func(n, expr string) (any, error) {
		s := testSources()
		s["m"] = memory(chain(20))
		s["env"] = variables.Env(map[string]string{"end": "E"})
		result, err := resolve(t, variables.Resolver{Sources: s}, "x: "+strings.ReplaceAll(expr, "N", n))
		v, _ := result.At("x")
		return v, err
	}
	v, err := at("10", "${m:cN}")
	require.NoError(t, err)
	require.Equal(t, "end", v)
	_, err = at("11", "${m:cN}")
	require.ErrorContains(t, err, "more than 10 times")
	v, err = at("10", "a${m:cN}")
	require.NoError(t, err)
	require.Equal(t, "aend", v)
	_, err = at("11", "a${m:cN}")
	require.ErrorContains(t, err, "more than 10 times")
	v, err = at("09", "${env:${m:cN}}")
	require.NoError(t, err)
	require.Equal(t, "E", v)
	_, err = at("10", "${env:${m:cN}}")
	require.ErrorContains(t, err, "more than 9 times")

	var doc strings.Builder
	doc.WriteString("x00: end\n")
	for i := 1; i < 30; i++ {
		doc.WriteString("x" + itoa(i) + ": ${self:x" + itoa(i-1) + "}\n")
	}
	result, err := resolve(t, variables.Resolver{}, doc.String())
	require.NoError(t, err)
	last, _ := result.At("x29")
	require.Equal(t, "end", last, "each link is a property of its own")
}

func TestParamLayers(t *testing.T) {
	r := variables.Resolver{Params: variables.DefaultParams(
		params.Map{"a": "cli"},
		params.Map{"a": "profile", "b": "profile", "c": "profile", "d": "profile"},
		params.Map{"e": "last"},
	)}
	result, err := resolve(t, r, `
params:
  dev: {b: stage}
  default: {c: default, d: default, e: null}
x: ["${param:a}", "${param:b}", "${param:c}", "${param:d}", "${param:e}"]
`)
	require.NoError(t, err)
	x, _ := result.At("x")
	require.Equal(t, []any{"cli", "stage", "profile", "profile", "last"}, x)
	var layers []string
	for _, leaf := range result.Leaves() {
		if leaf.Keys[0] == "x" {
			layers = append(layers, leaf.Origins[len(leaf.Origins)-1].Layer)
		}
	}
	require.Equal(t, []string{"command line", "params.dev", "profile", "profile", "default profile"}, layers)
}

func itoa(i int) string { return string(rune('0'+i/10)) + string(rune('0'+i%10)) }
