package deploy_test

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/pipeline/deploy"
	"github.com/slsflow/slsflow/pipeline/workflow"
	"github.com/slsflow/slsflow/profile"
	"github.com/slsflow/slsflow/profile/awsaccess"
)

// access is a deploy.Access that gives always the same, and notes for what.
type access struct {
	keys  map[string]params.Secret
	asked []awsaccess.Session
	err   error
}

func (a *access) Credentials(_ context.Context, _ profile.Profile, s awsaccess.Session) (map[string]params.Secret, error) {
	a.asked = append(a.asked, s)
	return a.keys, a.err
}

func keys() *access {
	return &access{keys: map[string]params.Secret{
		"AWS_ACCESS_KEY_ID":     params.NewSecret("AKIA-of-the-profile"),
		"AWS_SECRET_ACCESS_KEY": params.NewSecret("secret-of-the-profile"),
	}}
}

// environments writes the environment of each step into a file called like it.
const environments = `
-- slsflow.yml --
app: shop
profiles:
  dev:
    account: "111111111111"
    params: {env: dev, size: 512, zones: [a, b], "end.point": https://x, on: true}
    secrets: [api_key]
defaultProfile: dev
branches: {master: staging}
services:
  db:
    dir: db
    install: env > ../install
    test: env > ../test
    verify: env > ../verify
    hooks: {beforeDeploy: env > ../deploy, beforeRemove: env > ../remove}
    secretOutputs: [password]
-- db/serverless.yml --
service: db
outputs: {table: orders, "max-size": 7, nested: {a: [1]}, password: "pw ${param:api_key}"}
`

// env returns the environment that a command has written, without what the shell
// sets by itself.
func (h *house) env(t *testing.T, name string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(h.repo, name))
	require.NoError(t, err)
	env := map[string]string{}
	for line := range strings.Lines(string(text)) {
		k, v, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		require.True(t, ok, line)
		env[k] = v
	}
	for _, own := range []string{"PWD", "OLDPWD", "SHLVL", "_"} {
		delete(env, own)
	}
	return env
}

// The whole environment of each step of a preview: nothing else is in it.
func TestEnvironmentOfEachStep(t *testing.T) {
	t.Setenv("SLSFLOW_CANARY", "tweet")
	t.Setenv("AWS_PROFILE", "mine")
	h := build(t, environments)
	h.keep(t, "api_key", "hush-hush")
	who := keys()
	h.exec.Access = who
	h.exec.Env = deploy.Allow([]string{
		"PATH=" + os.Getenv("PATH"), "LANG=C", "TERM=xterm", "AWS_ACCESS_KEY_ID=mine", "SLSFLOW_CANARY=tweet",
		"SERVERLESS_BUILD_ID=of the program around", "SLSFLOW_STAGE=prod",
	}, "SERVERLESS_*", "SLSFLOW_STAGE")
	e := workflow.Event{
		Kind: workflow.PullRequest, Action: workflow.Opened, PullRequest: 7, Branch: "feature/x", Target: "master",
		Repository: "acme/shop", Actor: "alice", Message: "Add a table", Commit: strings.Repeat("c", 40), Trust: workflow.Trusted,
	}
	h.run(t, e)

	common := map[string]string{
		"PATH": os.Getenv("PATH"), "LANG": "C",
		"SERVERLESS_CI_CD": "true", "SERVERLESS_BUILD_ID": "run-1", "SLS_BUILD_ID": "run-1",
		"SERVERLESS_REPO": "acme/shop", "SERVERLESS_BRANCH": "feature/x", "SERVERLESS_PULL_REQUEST": "7",
		"SERVERLESS_COMMIT_SHA": e.Commit, "SERVERLESS_COMMIT_MSG": "Add a table", "SERVERLESS_COMMIT_USER": "alice",
		"SERVERLESS_DEPLOY_TYPE": "preview", "SERVERLESS_ROOT_PATH": filepath.Join(h.repo, "db"),
		"SLSFLOW_APP": "shop", "SLSFLOW_SERVICE": "db", "SLSFLOW_STAGE": "feature-x", "SLSFLOW_REGION": "us-east-1", "SLSFLOW_PROFILE": "dev",
		"env": "dev", "size": "512", "zones": `["a","b"]`, "end_point": "https://x", "on": "true", "api_key": "hush-hush",
		// No credentials are to be found, also by those who look for them.
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_EC2_METADATA_DISABLED": "true",
	}
	require.Equal(t, common, h.env(t, "install"))
	require.Equal(t, common, h.env(t, "test"))

	withKeys := maps.Clone(common)
	maps.Copy(withKeys, map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIA-of-the-profile", "AWS_SECRET_ACCESS_KEY": "secret-of-the-profile",
		"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1",
	})
	require.Equal(t, withKeys, h.env(t, "deploy"))

	withOutputs := maps.Clone(withKeys)
	maps.Copy(withOutputs, map[string]string{
		"SLSFLOW_OUTPUT_table": "orders", "SLSFLOW_OUTPUT_max_size": "7", "SLSFLOW_OUTPUT_nested": `{"a":[1]}`,
		"SLSFLOW_OUTPUT_password": "pw hush-hush",
	})
	require.Equal(t, withOutputs, h.env(t, "verify"))

	h.run(t, workflow.Event{Kind: workflow.BranchDeleted, Branch: "feature/x", Trust: workflow.Trusted})
	remove := h.env(t, "remove")
	require.Equal(t, "destroy", remove["SERVERLESS_DEPLOY_TYPE"])
	require.Equal(t, "AKIA-of-the-profile", remove["AWS_ACCESS_KEY_ID"])
	require.Equal(t, []awsaccess.Session{
		{App: "shop", Service: "db", Stage: instance("db", "feature-x").Stage, Run: "run-1"},
		{App: "shop", Service: "db", Stage: instance("db", "feature-x").Stage, Run: "run-1"},
		{App: "shop", Service: "db", Stage: instance("db", "feature-x").Stage, Run: "run-2"},
	}, who.asked, "deploy, verify and remove, and nothing else")
}

// A param cannot redirect commands, nor say who the run is, nor as whom it acts.
func TestParamsThatAreCalledLikeSomethingElse(t *testing.T) {
	h := build(t, strings.Replace(environments, "params: {", `params: {PATH: /tmp/evil, LD_PRELOAD: evil.so, HOME: /tmp/evil,
      SERVERLESS_BUILD_ID: evil, AWS_PROFILE: evil, AWS_ALICE_PROFILE: evil, AWS_ALICE_ACCESS_KEY_ID: evil, AWS_SESSION_TOKEN: evil,
      AWS_ACCESS_KEY_ID: evil, AWS_CONTAINER_CREDENTIALS_FULL_URI: evil, SLSFLOW_OUTPUT_table: evil, AWS_ENDPOINT_URL: http://localhost:1,
      a.b: first, a-b: second, a_b: third, x.y: first, x-y: second, 1st: one, `, 1))
	h.keep(t, "api_key", "hush-hush")
	h.exec.Access = keys()
	st := h.run(t, alice())
	test, verify := h.env(t, "test"), h.env(t, "verify")

	require.Equal(t, os.Getenv("PATH"), test["PATH"])
	require.Equal(t, "run-1", test["SERVERLESS_BUILD_ID"])
	for _, name := range []string{"LD_PRELOAD", "HOME"} {
		require.NotContains(t, test, name)
	}
	log := h.log(t, st, "test db", "test")
	require.Contains(t, log, "param LD_PRELOAD of profile dev is not exported: LD_PRELOAD is what commands are found by\n")

	require.Equal(t, "third", test["a_b"], "the one that is called so")
	require.Equal(t, "second", test["x_y"], "the first of those that are not")
	require.Equal(t, "one", test["_1st"])
	require.Contains(t, log, "param a-b of profile dev is not exported: a_b is param a_b\n")
	require.Contains(t, log, "param x.y of profile dev is not exported: x_y is param x-y\n")

	require.Equal(t, "orders", verify["SLSFLOW_OUTPUT_table"])
	require.Equal(t, "AKIA-of-the-profile", verify["AWS_ACCESS_KEY_ID"])
	require.Equal(t, "http://localhost:1", verify["AWS_ENDPOINT_URL"], "an endpoint is no credential")
	for name := range verify {
		if strings.HasPrefix(name, "AWS_") {
			require.Contains(t, []string{
				"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION",
				"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_EC2_METADATA_DISABLED", "AWS_ENDPOINT_URL",
			}, name)
		}
	}
}

func TestAllow(t *testing.T) {
	environ := []string{
		"PATH=/bin", "PATH=/usr/bin", "LC_ALL=C", "HOME=/home/a", "https_proxy=http://proxy", "EMPTY=", "TZ=",
		"GITHUB_TOKEN=t", "AWS_PROFILE=p", "SLS_X=1", "SLSY=2", "NODE_OPTIONS=--require x", "LD_PRELOAD=x", "=C:=C:\\", "odd",
	}
	require.Equal(t, map[string]string{"PATH": "/usr/bin", "LC_ALL": "C", "HOME": "/home/a", "https_proxy": "http://proxy", "TZ": ""}, deploy.Allow(environ))
	more := deploy.Allow(environ, "SLS_*", "GITHUB_TOKEN")
	require.Equal(t, "1", more["SLS_X"])
	require.Equal(t, "t", more["GITHUB_TOKEN"])
	require.NotContains(t, more, "SLSY")
	require.Empty(t, deploy.Allow(nil, "*"))
}

// ${env:…} is what commands get, and has no credentials.
func TestEnvVariables(t *testing.T) {
	t.Setenv("SLSFLOW_CANARY", "tweet")
	h := build(t, `
-- slsflow.yml --
app: shop
profiles: {dev: {account: "111111111111", params: {size: 512}, secrets: [key]}}
defaultProfile: dev
services: {db: {dir: db}}
-- db/serverless.yml --
service: db
custom:
  stage: ${env:SLSFLOW_STAGE}
  size: ${env:size}
  key: ${env:key}
  canary: ${env:SLSFLOW_CANARY, 'none'}
  access: ${env:AWS_SECRET_ACCESS_KEY, 'none'}
`)
	h.keep(t, "key", "hush-hush")
	h.exec.Access = keys()
	h.run(t, alice())
	require.JSONEq(t, `{"service": "db", "custom": {"stage": "alice", "size": "512", "key": "REDACTED", "canary": "none", "access": "none"}}`,
		h.rendered(t, "db", "alice"))
}
