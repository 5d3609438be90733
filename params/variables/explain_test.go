package variables_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/variables"
)

// shy is a source, and a layer, that has nothing and tells why.
type shy struct{ asked *int }

func (s shy) Resolve(context.Context, []any, any) (any, bool, error) { return nil, false, nil }

func (s shy) Explain(_ context.Context, list []any, address any) (why, hint string) {
	*s.asked++
	return fmt.Sprintf("%v of %v is not deployed", address, list), "deploy it first"
}

type shyLayer struct{ params.Map }

func (shyLayer) Explain(_ context.Context, name string) (why, hint string) {
	if name != "key" {
		return "", ""
	}
	return "it is a secret that has not been put", "put it"
}

func TestExplain(t *testing.T) {
	asked := 0
	r := variables.Resolver{
		Sources: map[string]variables.Source{"shy": shy{&asked}, "m": memory(nil)},
		Params:  []variables.ParamLayer{{Name: "one", Layer: params.Map{"kez": "v"}}, {Name: "profile", Layer: shyLayer{}}},
	}
	_, err := resolve(t, r, "a: ${shy(x):db.url}\nb: ${param:key}\nc: ${param:kex}\nd: ${m:q, shy:y}\n")
	require.EqualError(t, err, `serverless.yml:1:4: ${shy(x):db.url}: no value: db.url of [x] is not deployed (deploy it first)
serverless.yml:2:4: ${param:key}: no value: it is a secret that has not been put (put it)
serverless.yml:3:4: ${param:kex}: no value: param kex is in none of one, profile (did you mean ${param:kez}?)
serverless.yml:4:4: ${m:q, shy:y}: no value: m has no q, y of [] is not deployed (deploy it first)`)
	require.Equal(t, 2, asked)

	_, err = resolve(t, r, "a: ${shy:x, 'fallback'}\nb: ${shy:x, m:y, null}\n")
	require.NoError(t, err)
	require.Equal(t, 2, asked, "a value that a fallback stands for needs no reason")
}

// What a secret went into is told to nobody, and so not to who could explain.
func TestExplainNoSecret(t *testing.T) {
	asked := 0
	r := variables.Resolver{
		Sources: map[string]variables.Source{"shy": shy{&asked}},
		Params:  []variables.ParamLayer{{Name: "one", Layer: params.Map{"key": params.NewSecret("hush")}}},
	}
	_, err := resolve(t, r, "a: ${shy:${param:key}}\n")
	require.EqualError(t, err, "serverless.yml:1:4: ${shy:${param:key}}: no value: shy has no REDACTED (give it a value, or the variable a fallback)")
	require.Zero(t, asked)
}

func TestMissing(t *testing.T) {
	r := variables.Resolver{
		Sources: map[string]variables.Source{"m": memory(map[string]any{"v": "value"}), "env": variables.Env(nil)},
		Missing: "gone",
	}
	res, err := resolve(t, r, `
text: a-${m:x}-b
whole: ${env:X}
param: ${param:x}
self: ${self:nowhere}
fallback: ${m:x, m:v}
literal: ${param:x, 'literal'}
value: ${m:v}
via: ${self:whole}
`)
	require.NoError(t, err)
	require.Equal(t, map[string]any{
		"text": "a-gone-b", "whole": "gone", "param": "gone", "self": "gone",
		"fallback": "value", "literal": "literal", "value": "value", "via": "gone",
	}, res.Value())
	for _, leaf := range res.Leaves() {
		missing := 0
		for _, o := range leaf.Origins {
			if o.Type == variables.MissingType {
				missing++
				require.Contains(t, o.Address, "${")
			}
		}
		want := 1
		if v := leaf.Path; v == "fallback" || v == "literal" || v == "value" {
			want = 0
		}
		require.Equal(t, want, missing, leaf.Path)
	}

	_, err = resolve(t, r, "a: ${m:boom, 'x'}\n")
	require.Error(t, err, "what cannot be told is not missing")
}
