package deploy_test

import (
	"encoding/json"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/pipeline/deploy"
	"github.com/slsflow/slsflow/pipeline/slscli"
)

// commandLine is a command line that does nothing but remember its latest call.
func commandLine(t *testing.T) (deploy.CommandLine, func() told) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "told")
	cli := deploy.CommandLine{
		CLI: slscli.CLI{Command: []string{self()}},
		Env: []string{role + "=cli", quick, "TELL=" + file},
	}
	return cli, func() (was told) {
		text, err := os.ReadFile(file)
		if errors.Is(err, os.ErrNotExist) {
			return told{}
		}
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(text, &was))
		return was
	}
}

// What the command line gets: the service as it was resolved, secrets by the
// environment alone, the credentials, and nothing of this process.
func TestCommandLine(t *testing.T) {
	t.Setenv("SLSFLOW_CANARY", "tweet")
	h := build(t, `
-- slsflow.yml --
app: shop
profiles: {dev: {account: "111111111111", params: {size: 512}, secrets: [key, SLSFLOW_SECRET_1]}}
defaultProfile: dev
services: {db: {dir: db, secretOutputs: [key]}}
-- db/serverless.yml --
service: db
provider:
  name: aws
  memorySize: ${param:size}
  environment: {KEY: "Bearer ${param:key}", PLAIN: '\${env:X} is text', LEFT: "${cf:stack.Output}"}
outputs: {key: "${param:key}"}
`)
	h.keep(t, "key", "hush-hush")
	h.keep(t, "SLSFLOW_SECRET_1", "called like one of ours")
	h.exec.Access = keys()
	aws := httptest.NewServer(new(stacks)) // it is asked for the stack first
	t.Cleanup(aws.Close)
	h.exec.Env = deploy.Allow(append(os.Environ(), "AWS_ENDPOINT_URL="+aws.URL), "AWS_ENDPOINT_URL")
	cli, ask := commandLine(t)
	h.exec.Provisioner = cli
	st := h.run(t, alice())
	call := ask()
	require.Equal(t, "deploy", call.Args[0])
	require.NotContains(t, call.Args, "hush-hush")
	var doc map[string]any
	require.NoError(t, json.Unmarshal([]byte(call.Config), &doc))
	require.Equal(t, "db", doc["service"])
	require.Equal(t, map[string]any{
		"name": "aws", "memorySize": 512.0,
		"environment": map[string]any{"KEY": "${env:SLSFLOW_SECRET_1}", "PLAIN": `\${env:X} is text`, "LEFT": "${cf:stack.Output}"},
	}, doc["provider"])
	require.NotContains(t, doc, "outputs")
	require.Contains(t, call.Env, "SLSFLOW_SECRET_1=Bearer hush-hush")
	require.Contains(t, call.Env, "AWS_SECRET_ACCESS_KEY=secret-of-the-profile")
	require.Contains(t, call.Env, "AWS_CONFIG_FILE="+os.DevNull)
	require.Contains(t, call.Env, "key=hush-hush")
	require.Contains(t, call.Env, "size=512")
	require.False(t, slices.Contains(call.Env, "SLSFLOW_CANARY=tweet"))
	require.NotEmpty(t, stepOf(t, st, "deploy db", "deploy").Notes, "its process group is noted")

	h.run(t, removal())
	require.Equal(t, "remove", ask().Args[0])
}

// A secret that stands in the file as it is, is not given to the command line.
func TestCommandLineRefusesASecretInTheFile(t *testing.T) {
	h := build(t, `
-- slsflow.yml --
app: shop
profiles: {dev: {account: "111111111111", secrets: [key]}}
defaultProfile: dev
services: {db: {dir: db}}
-- db/serverless.yml --
service: db
custom: {key: hush-hush}
`)
	h.keep(t, "key", "hush-hush")
	cli, ask := commandLine(t)
	h.exec.Provisioner = cli
	require.ErrorIs(t, h.deployError(t), slscli.ErrSecret)
	require.Empty(t, ask().Args)
}

// deployError deploys db without a runner, for the error itself.
func (h *house) deployError(t *testing.T) error {
	t.Helper()
	_, _, err := h.attempt(t, alice("db"), "deploy", 1)
	return err
}

// A stack that is gone has been removed.
func TestCommandLineWithoutAStack(t *testing.T) {
	h := build(t, pair)
	h.run(t, alice("db"))
	h.exec.Provisioner = deploy.CommandLine{CLI: slscli.CLI{Command: []string{"sh", "-c", "echo 'Error:'; echo 'Stack with id db-alice does not exist'; exit 1", "osls"}}}
	h.run(t, removal("db"))
	require.Equal(t, outputs.Removed, h.history(t, "db", "alice")[0].Status)
}

// What the command line says about itself is in the error, without secrets.
func TestCommandLineThatFails(t *testing.T) {
	h := build(t, pair)
	h.exec.Params = params.Map{"key": params.NewSecret("hush-hush")}
	h.exec.Provisioner = deploy.CommandLine{CLI: slscli.CLI{Command: []string{"sh", "-c", "echo 'Error:'; echo 'The key hush-hush is refused'; exit 1", "osls"}}}
	st := h.try(t, alice("db"))
	require.ErrorContains(t, st.Err(), "The key REDACTED is refused")
	require.Contains(t, h.history(t, "db", "alice")[0].Error, "The key REDACTED is refused")
}
