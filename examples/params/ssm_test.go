package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/mototest"
)

const accounts = `
app: shop
profiles:
  dev: {account: "111111111111", secrets: [api_key, db_password]}
  prod: {account: "222222222222", role: "arn:aws:iam::222222222222:role/deploy", secrets: [api_key]}
  wrong: {account: "333333333333", secrets: [api_key]}
stages: {prod: prod}
defaultProfile: dev
services: {api: {dir: api}}
`

// Each profile's secrets are in its own account, and those of another one are never
// touched.
func TestSSM(t *testing.T) {
	server := mototest.Start(t)
	server.Setenv(t, "111111111111")
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "slsflow.yml"), []byte(accounts), 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "api"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "api", "serverless.yml"), []byte("service: api\ncustom: '${param:api_key}'\n"), 0o600))
	do := func(status int, stdin, command string, args ...string) (out, errs string) {
		t.Helper()
		var stdout, stderr bytes.Buffer
		all := append([]string{command, "-dir", dir, "-ssm", "/deployments"}, args...)
		getenv := func(name string) string { return map[string]string{"SLSFLOW_USER": "alice"}[name] }
		require.Equal(t, status, run(t.Context(), all, getenv, strings.NewReader(stdin), &stdout, &stderr), "%s%s", &stdout, &stderr)
		return stdout.String(), stderr.String()
	}

	out, _ := do(0, "canary-dev\n", "set", "-profile", "dev", "api_key")
	require.Equal(t, "dev\tapi_key\tput\t1\talice\n", out)
	do(0, "canary-prod", "set", "-stage", "prod", "-kms", "alias/deployments", "api_key")
	out, _ = do(0, "", "get", "-profile", "prod", "-reveal", "api_key")
	require.Equal(t, "canary-prod\n", out)
	out, _ = do(0, "", "get", "-profile", "dev", "-reveal", "api_key")
	require.Equal(t, "canary-dev\n", out)
	for account, kms := range map[string]string{"111111111111": "alias/aws/ssm", "222222222222": "alias/deployments"} {
		got, err := ssm.NewFromConfig(server.Config(account)).GetParameterHistory(t.Context(), &ssm.GetParameterHistoryInput{
			Name: aws.String("/deployments/shop/" + map[string]string{"111111111111": "dev", "222222222222": "prod"}[account] + "/api_key"),
		})
		require.NoError(t, err)
		require.Equal(t, kms, aws.ToString(got.Parameters[0].KeyId))
	}

	_, errs := do(1, "canary", "set", "-profile", "wrong", "api_key")
	require.Contains(t, errs, "333333333333")
	_, err := ssm.NewFromConfig(server.Config("333333333333")).GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String("/deployments/shop/wrong/api_key")})
	require.Error(t, err, "it stops before any write")

	do(0, "canary-2", "set", "-profile", "dev", "-by", "bob", "api_key")
	out, _ = do(0, "", "history", "-profile", "dev", "api_key")
	require.Regexp(t, `^2\tput\t\S+\tbob\t-\n1\tput\t\S+\talice\t-\n$`, out)
	out, _ = do(0, "", "get", "-profile", "dev", "-reveal", "-version", "1", "api_key")
	require.Equal(t, "canary-dev\n", out)
	_, errs = do(1, "canary", "set", "-profile", "dev", "-version", "1", "api_key")
	require.Contains(t, errs, "there is version 2, put by bob on")

	out, _ = do(0, "", "rotate", "-profile", "dev", "-kms", "alias/new")
	require.Equal(t, "dev\tapi_key\tput\t3\talice\n", out)
	out, _ = do(0, "", "export", "-reveal", "-profile", "dev")
	require.Equal(t, "api_key=canary-2\n", out)
	out, _ = do(1, "", "diff", "dev", "prod")
	require.Equal(t, "db_password\tno value\t-\n", out)
	out, _ = do(0, "", "check", "-stage", "prod")
	require.Equal(t, "prod\tprod\tapi\tapi_key\tprofile prod, secret\n", out)
	do(0, "", "remove", "-profile", "dev", "api_key")
	_, errs = do(1, "", "check", "-stage", "alice")
	require.Contains(t, errs, "api needs the secret api_key in stage alice, and the store has no value of it for profile dev")
	_, err = os.Stat(filepath.Join(dir, ".slsflow"))
	require.ErrorIs(t, err, os.ErrNotExist)
}
