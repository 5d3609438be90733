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

// For each text: what the result shows, and what the command line is given.
func TestWhatIsLeftToTheCommandLine(t *testing.T) {
	for _, row := range []struct{ name, x, cli, rest string }{
		{"whole", `${aws:region}`, `${aws:region}`, ""},
		{"embedded", `arn:${aws:region}:${env:A}`, `arn:${aws:region}:aval`, ""},
		{"fallback is kept", `${ssm:/a/b, 'd'}`, `${ssm:/a/b, "d"}`, ""},
		{"fallback of ours", `${ssm:/a/b, env:A}`, `${ssm:/a/b, "aval"}`, ""},
		{"fallback of ours without a value", `${ssm:/a/b, env:NOPE}`, `${ssm:/a/b}`, ""},
		{"fallback behind one", `${ssm:/a/b, env:NOPE, 3}`, `${ssm:/a/b, 3}`, ""},
		{"fallback left too", `${ssm:/a/b, cf:s.o}`, `${ssm:/a/b, cf:s.o}`, ""},
		{"sources before it had none", `${env:NOPE, aws:region}`, `${aws:region}`, ""},
		{"address of ours", `${ssm:/x/${env:A}/y}`, `${ssm:/x/aval/y}`, ""},
		{"address in quotes", `${ssm:"a, b"}`, `${ssm:"a, b"}`, ""},
		{"address like a number", `${t(12, '12', true)}`, `${t(12, "12", true)}`, ""},
		{"param left in it", `${ssm(${aws:region}):/x}`, `${ssm(${aws:region}):/x}`, ""},
		{"next to what is no plain address", `${ssm:${aws:region}/a b}`, `${ssm:${aws:region}${env:P1}}`, ""},
		{"secret fallback", `${ssm:/a, param:key}`, `${ssm:/a, env:P1}`, ""},
		{"secret beside it", `${aws:region}:${param:key}`, `${aws:region}:${env:P1}`, ""},
		{"self has it", `${self:other}`, `${aws:region}`, "other: ${aws:region}"},
		{"self holds it", `x-${self:other}`, `x-a-${aws:region}`, "other: a-${aws:region}"},
		{"self is below it", `${self:other.k}`, `${self:other.k}`, "other: ${ssm:/x}"},
		{"param has it", `${param:p}`, `${ssm:/x}`, "params: {dev: {p: '${ssm:/x}'}}"},
		{"file of it", `${file(./${aws:region}.yml):k}`, `${file(./${aws:region}.yml):k}`, ""},
		{"program", `${file(./x.js):k}`, `${file(./x.js):k}`, ""},
		{"dollar before it", `$${aws:region}`, `${env:P1}${aws:region}`, ""},
		{"backslash before it", `\\${aws:region}`, `${env:P1}${aws:region}`, ""},
		{"escape beside it", `\${x}${aws:region}`, `${env:P1}{x}${aws:region}`, ""},
		{"foreign beside it", `${AWS::Region}${aws:region}`, `${env:P1}{AWS::Region}${aws:region}`, ""},
		{"list into a text", `a${self:l}`, `a1,${aws:region}`, "l: [1, '${aws:region}']"},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := secretResolver()
			r.Partial = true
			r.Sources = testSources()
			r.Sources["file"] = variables.File(fstest.MapFS{"x.js": {}}, ".")
			delete(r.Sources, "m")
			result, err := resolve(t, r, "x: "+quoteYAML(row.x)+"\n"+row.rest+"\n")
			require.NoError(t, err)
			x, _ := result.At("x")
			require.Equal(t, row.x, x, "as it was written")
			doc, _, err := result.CLI("P")
			require.NoError(t, err)
			again, err := variables.ParseDocument("x.json", doc)
			require.NoError(t, err, string(doc))
			cli, _, _ := again.At("x")
			require.Equal(t, row.cli, cli)
		})
	}
}

func quoteYAML(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func TestWhatNeitherSideCanResolve(t *testing.T) {
	for src, want := range map[string]string{
		"x: ${param:${aws:region}}":               "serverless.yml:1:4: x: a variable of the type param needs a value that only the command line knows, and the command line does not know the type",
		"x: ${ssm:/x, self:m}\nm: {a: 1}":         "serverless.yml:1:4: x: the fallback of a variable that is left to the command line is a map, want a text or a number that is not secret",
		"x: ${ssm:${self:m}}\nm: {a: 1}":          "serverless.yml:1:4: x: a map cannot be handed over as a param or an address",
		"x: ${ssm:/x, param:odd}\nm: {a: 1}":      "serverless.yml:1:4: x: the fallback of a variable that is left to the command line holds \"${\" and cannot be handed over",
		"x: ${ssm:/x, strToBool(${param:flag})}#": "serverless.yml:1:4: x: the fallback of a variable that is left to the command line is true or false, want a text or a number that is not secret",
	} {
		r := secretResolver()
		r.Partial = true
		result, err := resolve(t, r, src)
		require.NoError(t, err, src)
		_, _, err = result.CLI("P")
		require.EqualError(t, err, want, src)
	}
}

func TestErrorsBesideWhatIsLeft(t *testing.T) {
	r := variables.Resolver{Partial: true}
	_, err := resolve(t, r, "x: ${ssm:/x/${env:NOPE}, m:boom}${env:NOPE2}\ny: ${self:x}\n")
	require.EqualError(t, err, `serverless.yml:1:4: ${ssm:/x/${env:NOPE}, m:boom}: boom
serverless.yml:1:13: ${env:NOPE}: no value: env has no NOPE (give it a value, or the variable a fallback)
serverless.yml:1:33: ${env:NOPE2}: no value: env has no NOPE2 (give it a value, or the variable a fallback)`)
}

func TestParamsOfOtherStagesAreNotHandedOver(t *testing.T) {
	result, err := resolve(t, variables.Resolver{}, `
params: {dev: {p: 1}, prod: {p: "${env:NOPE}"}, default: {q: 2}}
outputs: {a: 1}
x: ["${param:p}", "${param:q}"]
`)
	require.NoError(t, err)
	doc, _, err := result.CLI("P", "outputs")
	require.NoError(t, err)
	require.JSONEq(t, `{"params": {"dev": {"p": 1}, "default": {"q": 2}}, "x": [1, 2]}`, string(doc))
	text, err := result.JSON()
	require.NoError(t, err)
	require.Contains(t, string(text), `"p": "${env:NOPE}"`)
}

func TestTheStageOfADocument(t *testing.T) {
	for src, want := range map[string]string{
		"a: 1":                  "dev",
		"provider: {stage: qa}": "qa",
		"provider: {stage: ''}": "dev",
		"provider: {stage: ~}":  "dev",
		"provider: {stage: '${opt:stage, \"x\"}'}":        "dev",
		"provider: {stage: '${opt:none, self:s}'}\ns: s7": "s7",
	} {
		d, err := variables.ParseDocument("serverless.yml", []byte(src))
		require.NoError(t, err)
		r := variables.Resolver{Sources: testSources()}
		stage, err := r.StageOf(t.Context(), d)
		require.NoError(t, err)
		require.Equal(t, want, stage, src)
		result, err := r.Resolve(t.Context(), d)
		require.NoError(t, err)
		require.Equal(t, want, result.Stage())
	}
	for src, want := range map[string]string{
		"provider: {stage: '${param:s}'}": "serverless.yml:1:20: ${param:s}: it depends on the stage, which is being looked for (name the stage of the run)",
		"provider: {stage: [a]}":          "serverless.yml:1:19: provider.stage: a stage is a text that is known here (name the stage of the run)",
	} {
		d, err := variables.ParseDocument("serverless.yml", []byte(src))
		require.NoError(t, err)
		r := variables.Resolver{Sources: testSources()}
		_, err = r.Resolve(t.Context(), d)
		require.ErrorContains(t, err, want)
	}
}

func TestATracerSaysWhereItsValuesComeFrom(t *testing.T) {
	r := variables.Resolver{Sources: map[string]variables.Source{"output": tracer{}}}
	result, err := resolve(t, r, "x: ${output::dev::db.t}\ny: [1, '<${output:db.t}>']\n")
	require.NoError(t, err)
	origin := variables.Origin{Type: "output", Object: "shop:dev:us-east-1:db", Version: 3}
	for _, leaf := range result.Leaves() {
		if leaf.Path == "y[0]" {
			require.Empty(t, leaf.Origins)
			continue
		}
		require.Len(t, leaf.Origins, 1)
		origin.Address = leaf.Origins[0].Address
		require.Equal(t, []variables.Origin{origin}, leaf.Origins)
	}
}

type tracer struct{}

func (tracer) Resolve(context.Context, []any, any) (any, bool, error) {
	return nil, false, errors.New("it is asked by Trace")
}

func (tracer) Trace(_ context.Context, _ []any, _ any) (any, variables.Origin, bool, error) {
	return "t", variables.Origin{Object: "shop:dev:us-east-1:db", Version: 3}, true, nil
}

func TestSourcesAreAskedOnceForTheSame(t *testing.T) {
	asked := map[any]int{}
	r := variables.Resolver{Sources: map[string]variables.Source{"m": variables.SourceFunc(func(_ context.Context, _ []any, address any) (any, bool, error) {
		asked[address]++
		return nil, false, nil
	})}}
	_, err := resolve(t, r, "x: ${m:a, 'd'}${m:a, 'd'}\ny: ${m:a, 1}\nz: ${m:b, 1}\n")
	require.NoError(t, err)
	require.Equal(t, map[any]int{"a": 1, "b": 1}, asked)
}

func TestACallerThatGivesUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	d, err := variables.ParseDocument("serverless.yml", []byte("x: ${m:a}\ny: ${m:b}\nz: ${m:c}"))
	require.NoError(t, err)
	calls := 0
	r := variables.Resolver{Stage: "dev", Sources: map[string]variables.Source{"m": variables.SourceFunc(func(ctx context.Context, _ []any, _ any) (any, bool, error) {
		calls++
		cancel()
		return nil, false, ctx.Err()
	})}}
	_, err = r.Resolve(ctx, d)
	require.ErrorIs(t, err, context.Canceled)
	require.EqualError(t, err, "stopped: context canceled")
	require.Equal(t, 1, calls)
}

func TestBuiltInSourcesCannotBeReplaced(t *testing.T) {
	r := variables.Resolver{Sources: map[string]variables.Source{"self": variables.StrToBool()}}
	_, err := resolve(t, r, "x: 1")
	require.EqualError(t, err, "the source self is built in and cannot be replaced")
}

func TestLayersThatCannotTell(t *testing.T) {
	r := variables.Resolver{Params: []variables.ParamLayer{{Name: "store", Layer: brokenLayer{}}, {Name: "lower", Layer: params.Map{"p": 1}}}}
	_, err := resolve(t, r, "x: ${param:p, 'd'}")
	require.EqualError(t, err, `serverless.yml:1:4: ${param:p, 'd'}: param "p" of store: no connection`)
}

type brokenLayer struct{}

func (brokenLayer) Lookup(context.Context, string) (params.Value, bool, error) {
	return nil, false, errors.New("no connection")
}
