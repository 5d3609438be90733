package variables_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/variables"
)

// Whatever somebody writes, it is resolved: what fails is told and stays as it is
// written, and what comes out can be read again.
func FuzzUntrusted(f *testing.F) {
	for _, seed := range []string{
		"a: ${self:b}\nb: [1, '${opt:name}-${param:p}']\n", "a: ${self:a}", "a: ${self:}\nb: ${self:a.b.c, 'd'}", "provider: {stage: '${opt:name}'}\na: ${sls:stage}",
		"provider: {stage: '${param:p}'}\na: ${sls:stage}\nparams: {given: {p: '${sls:stage}'}}", "a: &x {k: '${opt:live}'}\nb: {<<: *x, l: '${self:b.k}'}", "provider: ${opt:list}",
		"a: >-\n  ${opt:list}\nb: |\n  ${opt:name}${cf:a.b}\n", "a: ${opt:name, cf:x, self:b}${param:no, ''}\nb: ${self:c}\nc: {d: '${self:b.d}'}", "stages: {given: {params: {q: '${self:a}'}}}\na: ${param:q}",
	} {
		f.Add(seed)
	}
	options := map[string]any{"name": "given", "live": "${self:a}-${opt:name}", "list": []any{"x", map[string]any{"k": "${self:b}"}}}
	u := variables.Untrusted{Options: options, Params: params.Map{"p": "v"}, Trails: true}
	f.Fuzz(func(t *testing.T, src string) {
		d, err := variables.ParseDocument("serverless.yml", []byte(src))
		if d == nil {
			require.Error(t, err)
			return
		}
		result, err := u.Resolve(t.Context(), d)
		for _, failure := range result.Failures() {
			require.Error(t, err)
			require.NotEmpty(t, failure.Errs)
		}
		for _, leaf := range result.Leaves() {
			result.Trail(leaf.Keys...)
		}
		text, err := result.Whole().JSON()
		require.NoError(t, err)
		require.True(t, json.Valid(text))
		yaml, err := result.YAML()
		require.NoError(t, err)
		_, err = variables.ParseDocument("serverless.yml", yaml)
		if _, syntax := variables.ParseDocument("serverless.yml", []byte(src)); syntax == nil {
			require.NoError(t, err, string(yaml))
		}
		if spliced, err := u.Splice(t.Context(), d); err == nil {
			again, err := variables.ParseDocument("serverless.yml", spliced)
			require.NotNil(t, again, "%v\n%s", err, spliced)
		}
	})
}
