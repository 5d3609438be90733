package deploy_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/pipeline/deploy"
)

// with returns the repository of a service that says this of itself.
func with(settings string) string {
	return `
-- slsflow.yml --
app: shop
profiles: {dev: {account: "111111111111"}}
defaultProfile: dev
services: {db: {dir: db, ` + settings + `}}
-- db/serverless.yml --
service: db
outputs: {table: orders}
`
}

func TestTests(t *testing.T) {
	const none = `echo "> exit 1"; printf "Error: no test "; echo specified >&2; exit 1`
	for name, c := range map[string]struct {
		settings string
		status   pipeline.Status
		reason   string // or the error
		log      string
	}{
		"passes":              {`test: echo fine`, pipeline.Succeeded, "", "$ echo fine\nfine\n"},
		"fails":               {`test: [exit 4, echo never]`, pipeline.Failed, `command "exit 4" in db: run sh: exit status 4`, "$ exit 4\n"},
		"no test specified":   {`test: '` + none + `'`, pipeline.Skipped, "no test specified", ""},
		"says so and passes":  {`test: 'echo "Error: no test specified"'`, pipeline.Succeeded, "", ""},
		"none, then one":      {`test: ['` + none + `', echo fine]`, pipeline.Succeeded, "", "fine\n"},
		"none, then fails":    {`test: ['` + none + `', exit 4]`, pipeline.Failed, `command "exit 4" in db: run sh: exit status 4`, ""},
		"one, then none":      {`test: [echo fine, '` + none + `']`, pipeline.Succeeded, "", "fine\n"},
		"none, but hooks":     {`test: '` + none + `', hooks: {beforeTest: echo up, afterTest: echo down}`, pipeline.Skipped, "no test specified", "down\n"},
		"a hook says so":      {`test: echo fine, hooks: {beforeTest: '` + none + `'}`, pipeline.Failed, "run sh: exit status 1", ""},
		"not found":           {`test: no-such-program`, pipeline.Failed, `command "no-such-program" in db: run sh: exit status 127`, "not found"},
		"killed by a signal":  {`test: kill -9 $$`, pipeline.Failed, `command "kill -9 $$" in db: run sh: signal: killed`, ""},
		"in its directory":    {`test: 'test -f serverless.yml'`, pipeline.Succeeded, "", ""},
		"hooks around it all": {`test: [echo one, echo two], hooks: {beforeTest: echo zero, afterTest: echo three}`, pipeline.Succeeded, "", "zero\n$ echo one\none\n$ echo two\ntwo\n$ echo three\nthree\n"},
	} {
		t.Run(name, func(t *testing.T) {
			h := build(t, with(c.settings))
			st := h.try(t, alice())
			step := stepOf(t, st, "test db", "test")
			require.Equal(t, c.status, step.Status, step.Error)
			if c.status == pipeline.Failed {
				require.Contains(t, step.Error, c.reason)
				require.Empty(t, h.history(t, "db", "alice"), "a test that fails deploys nothing")
				require.NoDirExists(t, h.cloud())
			} else {
				require.Equal(t, c.reason, step.Reason)
				require.Equal(t, outputs.Deployed, h.history(t, "db", "alice")[0].Status)
			}
			require.Contains(t, h.log(t, st, "test db", "test"), c.log)
		})
	}
}

// What npm says counts for tests alone.
func TestNoTestSpecifiedElsewhere(t *testing.T) {
	for _, action := range []string{"install", "verify", "deploy"} {
		h := build(t, with(action+`: 'echo "Error: no test specified"; exit 1'`))
		require.ErrorContains(t, h.try(t, alice()).Err(), "exit status 1", action)
	}
}

// The verification fails the run. The instance is deployed all the same, and its
// record says so.
func TestVerifyFails(t *testing.T) {
	h := build(t, with(`verify: 'echo "table $SLSFLOW_OUTPUT_table"; exit 9'`))
	st := h.try(t, alice())
	require.EqualError(t, st.Err(), `deploy db: step verify: command "echo \"table $SLSFLOW_OUTPUT_table\"; exit 9" in db: run sh: exit status 9`)
	require.Contains(t, h.log(t, st, "deploy db", "verify"), "\ntable orders\n")
	require.Equal(t, outputs.Deployed, h.history(t, "db", "alice")[0].Status)
}

// Commands of the workflow file take the place of the provisioner.
func TestCommandsInPlaceOfTheProvisioner(t *testing.T) {
	h := build(t, with(`deploy: [echo up > ../up], remove: rm ../up, hooks: {beforeDeploy: echo before, afterDeploy: cat ../up, afterRemove: echo gone}`))
	h.exec.Provisioner = provisioner{
		deploy: func(context.Context, deploy.Deployment) error { t.Error("deployed"); return nil },
		remove: func(context.Context, deploy.Deployment) error { t.Error("removed"); return nil },
	}
	st := h.run(t, alice())
	require.Equal(t, "$ echo before\nbefore\n$ echo up > ../up\n$ cat ../up\nup\noutput table: \"orders\"\n", h.log(t, st, "deploy db", "deploy"))
	require.NotEmpty(t, h.history(t, "db", "alice")[0].Outputs)
	st = h.run(t, removal())
	require.Equal(t, "$ rm ../up\n$ echo gone\ngone\n", h.log(t, st, "remove db", "remove"))
	require.NoFileExists(t, h.repo+"/up")
}

// A step that is interrupted ends what it runs, and says why.
func TestStepOutOfTime(t *testing.T) {
	h := build(t, with(`test: [echo began, sleep 1000]`))
	plan, err := h.plan(t.Context(), alice())
	require.NoError(t, err)
	plan.Jobs[0].Steps[0].Timeout = 50 * time.Millisecond
	st := h.start(t, plan)
	require.ErrorContains(t, st.Err(), "timed out after 50ms")
}

// What a deployment is told of secrets is apart from the rest.
func TestDeploymentKeepsSecretsApart(t *testing.T) {
	h := build(t, strings.Replace(with(""), `account: "111111111111"`, `account: "111111111111", params: {size: 1}, secrets: [key]`, 1))
	h.keep(t, "key", "hush-hush")
	h.exec.Access = keys()
	var got deploy.Deployment
	h.exec.Provisioner = provisioner{deploy: func(_ context.Context, d deploy.Deployment) error { got = d; return nil }}
	h.run(t, alice())
	for _, nameValue := range got.Env {
		require.NotContains(t, nameValue, "hush-hush")
		require.NotContains(t, nameValue, "of-the-profile")
	}
	require.Contains(t, got.Env, "size=1")
	require.Equal(t, "hush-hush", got.Secrets["key"].Reveal())
	require.Equal(t, "secret-of-the-profile", got.Secrets["AWS_SECRET_ACCESS_KEY"].Reveal())
	require.Equal(t, "111111111111", got.Account)
}
