package variables_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/variables"
)

const withResolvers = `
service: tasks
provider: {stage: "${opt:stage, 'dev'}"}
stages:
  default:
    resolvers:
      team: {type: vault, address: "https://${env:HOST}", token: "${token:x}"}
      net: {type: terraform, backend: http, address: "${self:custom.net}"}
  prod:
    resolvers:
      net: {type: terraform, backend: s3}
custom:
  net: https://net.example.com
  password: ${team:db/password}
`

func configured(t *testing.T, text string, options map[string]any) ([]variables.Configured, error) {
	t.Helper()
	doc, err := variables.ParseDocument("serverless.yml", []byte(text))
	require.NoError(t, err)
	r := variables.Resolver{Sources: map[string]variables.Source{
		"env": variables.Env(map[string]string{"HOST": "vault.example.com"}), "opt": variables.Opt(options),
		"token": &remote{values: map[string]any{"x": params.NewSecret("t0ken")}},
	}}
	return r.Configured(t.Context(), doc)
}

func TestConfigured(t *testing.T) {
	list, err := configured(t, withResolvers, nil)
	require.NoError(t, err)
	require.Equal(t, []variables.Configured{
		{Name: "team", Type: "vault", Config: map[string]any{"address": "https://vault.example.com", "token": params.NewSecret("t0ken")}, Pos: variables.Pos{File: "serverless.yml", Line: 7, Col: 13}, Path: "stages.default.resolvers.team"},
		{Name: "net", Type: "terraform", Config: map[string]any{"backend": "http", "address": "https://net.example.com"}, Pos: variables.Pos{File: "serverless.yml", Line: 8, Col: 12}, Path: "stages.default.resolvers.net"},
	}, list)

	list, err = configured(t, withResolvers, map[string]any{"stage": "prod"})
	require.NoError(t, err)
	require.Len(t, list, 1) // the block of default does not count
	require.Equal(t, map[string]any{"backend": "s3"}, list[0].Config)

	list, err = configured(t, "service: tasks\n", nil)
	require.NoError(t, err)
	require.Empty(t, list)
}

func TestConfiguredErrors(t *testing.T) {
	_, err := configured(t, `
stages:
  dev:
    resolvers:
      a: {address: x}
      env: {type: vault}
      self: {type: vault}
      my_vault: {type: vault}
      b: vault
`, nil)
	require.EqualError(t, err, `serverless.yml:5:10: stages.dev.resolvers.a: no type, such as type: vault
serverless.yml:6:12: stages.dev.resolvers.env: "env" is the name of another source
serverless.yml:7:13: stages.dev.resolvers.self: "self" is the name of another source
serverless.yml:8:17: stages.dev.resolvers.my_vault: "my_vault" cannot stand in a variable, want a small letter and then letters, digits, dots and dashes
serverless.yml:9:10: stages.dev.resolvers.b: want a map with a type`)

	_, err = configured(t, "stages: {dev: {resolvers: {a: {type: vault, token: '${env:NONE}'}}}}\n", nil)
	require.ErrorContains(t, err, "serverless.yml:1:53: ${env:NONE}: no value")
	_, err = configured(t, "stages: {dev: {resolvers: [vault]}}\n", nil)
	require.EqualError(t, err, "serverless.yml:1:27: stages.dev.resolvers: want a map of sources by name that is known here")
}
