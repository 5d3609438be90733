package variables_test

import (
	"context"
	"maps"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/variables"
)

// theirs is a source whose values somebody else has written.
type theirs map[string]any

func (s theirs) Resolve(ctx context.Context, args []any, address any) (any, bool, error) {
	v, _, ok, err := s.Trace(ctx, args, address)
	return v, ok, err
}

func (s theirs) Trace(_ context.Context, _ []any, address any) (any, variables.Origin, bool, error) {
	v, ok := s[address.(string)]
	return v, variables.Origin{Literal: true}, ok, nil
}

// TestValuesOfOthersAreNoCode shows that a value that somebody else has written
// reads nothing, on whatever way it goes through the document.
func TestValuesOfOthersAreNoCode(t *testing.T) {
	const evil = "https://evil/${param:key}${env:HOME}"
	src := `service: api
params:
  default:
    given: ${theirs:text}
custom:
  whole: ${theirs:text}
  part: <${theirs:text}>
  self: ${self:custom.whole}
  twice: ${self:custom.self}, ${self:custom.part}
  param: ${param:given}
  inMap: ${theirs:map}
  below: ${self:custom.inMap.a.0}
  map: ${self:custom.inMap}
  list: <${theirs:list}>
  fromList: ${self:custom.list}
  escaped: ${theirs:escaped}
  fallback: ${param:none, theirs:text}
  broken: ${theirs:broken}
  ours: ${env:ours}
  mixed: ${theirs:text} ${env:ours}
  live: ${theirs:text} ${elsewhere:x}
  fromLive: ${self:custom.live}
`
	env := variables.Env(map[string]string{"HOME": "home-canary", "ours": "${param:plain}"})
	r := variables.Resolver{
		Stage: "dev", Partial: true,
		Sources: map[string]variables.Source{"env": env, "theirs": theirs{
			"text": evil, "map": map[string]any{"a": []any{evil}}, "list": []any{evil, evil}, "escaped": `\` + evil, "broken": "${param:key",
		}},
		Params: variables.DefaultParams(params.Map{"key": params.NewSecret("secret-canary"), "plain": "open"}, nil, nil),
	}
	doc, err := variables.ParseDocument("serverless.yml", []byte(src))
	require.NoError(t, err)
	res, err := r.Resolve(t.Context(), doc)
	require.NoError(t, err)
	custom, _ := res.At("custom")
	got := maps.Clone(custom.(map[string]any))
	delete(got, "live")
	delete(got, "fromLive")
	require.Equal(t, map[string]any{
		"whole": evil, "part": "<" + evil + ">", "self": evil, "twice": evil + ", <" + evil + ">", "param": evil,
		"inMap": map[string]any{"a": []any{evil}}, "below": evil, "map": map[string]any{"a": []any{evil}},
		"list": "<" + evil + "," + evil + ">", "fromList": "<" + evil + "," + evil + ">",
		"escaped": `\` + evil, "fallback": evil, "broken": "${param:key",
		"ours": "open", "mixed": evil + " open",
	}, got)

	// Nor does it when the command line looks through it once more.
	text, secrets, err := res.CLI("X_")
	require.NoError(t, err)
	given := map[string]string{"HOME": "home-canary"}
	for name, value := range secrets { // what no file could hold as it is
		given[name] = value.Reveal()
	}
	r.Sources["env"] = variables.Env(given)
	again, err := variables.ParseDocument("again.json", text)
	require.NoError(t, err)
	r.Sources["elsewhere"] = variables.Env(map[string]string{"x": "there"})
	res, err = r.Resolve(t.Context(), again)
	require.NoError(t, err)
	text, err = res.RevealedJSON()
	require.NoError(t, err)
	require.NotContains(t, string(text), "canary")
	require.Contains(t, string(text), "there")
}
