package variables_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/variables"
)

func secretResolver() variables.Resolver {
	return variables.Resolver{Params: variables.DefaultParams(nil, params.Map{
		"key": params.NewSecret("hush"), "odd": params.NewSecret("a${env:A}"), "flag": params.NewSecret("true"),
		"map": map[string]any{"user": "u", "password": params.NewSecret("pw")},
	}, nil)}
}

func TestASecretStaysOneWhereverItGoes(t *testing.T) {
	result, err := resolve(t, secretResolver(), `
whole: ${param:key}
joined: Bearer ${param:key}!
again: ${self:joined}
twice: <${self:again}>
map: ${param:map}
part: ${self:map.password}
list: x${self:items}
items: [a, "${param:key}"]
odd: ${param:odd}
plain: ${self:map.user}
bool: ${strToBool(${param:flag})}
`)
	require.NoError(t, err)
	secrets := map[string]string{
		"whole": "hush", "joined": "Bearer hush!", "again": "Bearer hush!", "twice": "<Bearer hush!>", "map.password": "pw", "part": "pw",
		"list": "xa,hush", "items[1]": "hush", "odd": "a${env:A}", "bool": "true",
	}
	for _, leaf := range result.Leaves() {
		want, secret := secrets[leaf.Path]
		require.Equal(t, secret, leaf.Secret, leaf.Path)
		if secret {
			require.Equal(t, params.NewSecret(want), leaf.Value, leaf.Path)
			require.NotEmpty(t, leaf.Origins, leaf.Path)
			require.True(t, leaf.Origins[0].Secret)
		}
	}
	text, err := result.JSON()
	require.NoError(t, err)
	for _, s := range []string{"hush", "pw", "env:A"} {
		require.NotContains(t, string(text), s)
		require.NotContains(t, fmt.Sprintf("%v %+v %#v", result.Value(), result.Leaves(), result.Leaves()), s)
	}
	require.Contains(t, string(text), `"again": "REDACTED"`)

	revealed, err := result.RevealedJSON()
	require.NoError(t, err)
	var v map[string]any
	require.NoError(t, json.Unmarshal(revealed, &v))
	require.Equal(t, "Bearer hush!", v["again"])
	require.Equal(t, true, v["bool"])
}

func TestErrorsTellNoSecret(t *testing.T) {
	s := testSources()
	r := secretResolver()
	r.Sources = s
	for _, src := range []string{
		"x: ${env:${param:key}}",
		"x: ${strToBool(${param:key})}",
		"x: ${file(../../${param:key})}",
		"x: ${file(./${param:key}.yml):a}",
		"x: ${sls:${param:key}}",
		"x: ${self:a.${param:key}}",
		"x: ${param:${param:key}}",
		"x: ${unk:${param:key}}",
		"x: a${param:map}",
		"x: ${m:${param:key}}",
	} {
		_, err := resolve(t, r, src)
		require.Error(t, err, src)
		require.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), "hush", src)
	}
}

func TestSecretsGoByTheEnvironmentAndOnlyAsText(t *testing.T) {
	result, err := resolve(t, secretResolver(), "a: ${param:key}\nb: x${param:key}\nc: ${param:odd}\nd: ${param:key}\n")
	require.NoError(t, err)
	doc, env, err := result.CLI("SEC")
	require.NoError(t, err)
	require.JSONEq(t, `{"a": "${env:SEC1}", "b": "${env:SEC2}", "c": "${env:SEC3}${env:SEC4}", "d": "${env:SEC1}"}`, string(doc))
	require.Equal(t, map[string]params.Secret{
		"SEC1": params.NewSecret("hush"), "SEC2": params.NewSecret("xhush"), "SEC3": params.NewSecret("a$"), "SEC4": params.NewSecret("{env:A}"),
	}, env)

	result, err = resolve(t, secretResolver(), "a:\n  b: ${strToBool(${param:flag})}\n")
	require.NoError(t, err)
	_, _, err = result.CLI("SEC")
	require.EqualError(t, err, "serverless.yml:2:6: a.b: a secret went into true or false, and only a text can be handed over as a secret (use it as a text)")

	_, _, err = result.CLI("1")
	require.EqualError(t, err, `the prefix "1" begins no name of an environment variable`)
}

func TestASecretThatNoEnvironmentCanHold(t *testing.T) {
	r := variables.Resolver{Params: variables.DefaultParams(params.Map{"k": params.NewSecret("a\x00b")}, nil, nil)}
	result, err := resolve(t, r, "a: ${param:k}")
	require.NoError(t, err)
	_, _, err = result.CLI("SEC")
	require.EqualError(t, err, "serverless.yml:1:4: a: a NUL byte is in it, which no environment can hold")
}
