package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/slsflow/slsflow/internal/mototest"
)

// With -ssm the secrets of a deployment come from the account of its profile.
func TestSecretsInTheParameterStore(t *testing.T) {
	moto := mototest.Start(t)
	moto.Setenv(t, "111111111111")
	dir := t.TempDir()
	for _, f := range txtar.Parse([]byte(`
-- slsflow.yml --
app: shop
profiles:
  dev: {account: "111111111111", secrets: [key]}
  prod: {account: "222222222222", role: "arn:aws:iam::222222222222:role/deploy", secrets: [key]}
stages: {prod: prod}
defaultProfile: dev
services:
  api: {dir: api, test: '[ "$key" = "canary-of-dev" ]'}
-- api/serverless.yml --
service: api
custom: {key: "${param:key}"}
`)).Files {
		path := filepath.Join(dir, filepath.FromSlash(f.Name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, f.Data, 0o600))
	}
	environ := []string{"PATH=" + os.Getenv("PATH"), "SLSFLOW_USER=alice"}
	do := func(status int, stdin string, args ...string) string {
		t.Helper()
		var out bytes.Buffer
		require.Equal(t, status, run(t.Context(), append([]string{"-dir", dir, "-ssm", "/slsflow"}, args...), environ, strings.NewReader(stdin), &out, &out), "%s", &out)
		return out.String()
	}
	do(0, "canary-of-dev", "-secret", "dev/key")
	do(0, "canary-of-prod", "-secret", "prod/key")
	do(0, "", "api")
	require.Contains(t, do(1, "", "-stage", "prod", "api"), "test api", "there the secret is another one")
	do(0, "", "-secret", "dev/key", "-remove")
	require.Contains(t, do(1, "", "api"), "the secret key of profile dev has no value")
}
