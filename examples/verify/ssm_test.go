package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/mototest"
	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/ssmparams"
)

// With -ssm the secrets are those of the account of each profile.
func TestSSM(t *testing.T) {
	server := mototest.Start(t)
	server.Setenv(t, "111111111111")
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "slsflow.yml"), []byte(`
app: shop
profiles:
  dev: {account: "111111111111", secrets: [api_key]}
  prod: {account: "222222222222", role: "arn:aws:iam::222222222222:role/deploy", secrets: [api_key]}
stages: {dev: dev, prod: prod}
services: {api: {dir: api}}
`), 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "api"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "api", "serverless.yml"), []byte("service: api\ncustom: '${param:api_key}'\n"), 0o600))
	verify := func(status int) string {
		t.Helper()
		var stdout, stderr bytes.Buffer
		require.Equal(t, status, run(t.Context(), []string{"-dir", dir, "-ssm", "/deployments"}, os.Getenv, &stdout, &stderr), "%s%s", &stdout, &stderr)
		return stderr.String()
	}
	put := func(account, profile string) {
		t.Helper()
		s, err := ssmparams.New(server.Config(account), "/deployments", nil)
		require.NoError(t, err)
		require.NoError(t, s.Put(t.Context(), params.Key{App: "shop", Profile: profile, Name: "api_key"}, params.NewSecret("canary")))
	}
	put("111111111111", "dev")
	put("111111111111", "prod") // which is not where it is looked for
	require.Equal(t, `verify: profile "prod": param "api_key", which api reads in stage prod at api/serverless.yml:2:10: the store has no value of this secret (put one)`+"\n", verify(1))
	put("222222222222", "prod")
	require.Empty(t, verify(0))
}
