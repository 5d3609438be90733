package deploy_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/variables"
	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/pipeline/deploy"
	"github.com/slsflow/slsflow/pipeline/workflow"
)

const single = `
-- slsflow.yml --
app: shop
profiles: {dev: {account: "111111111111", params: {size: 512}, secrets: [key]}}
defaultProfile: dev
services: {api: {dir: api}}
-- api/serverless.yml --
service: api
`

// deploying is the task of a deployment of api, whatever its file says then.
func (h *house) deploying(t *testing.T) pipeline.Task {
	t.Helper()
	task, _ := h.task(t, alice("api"), workflow.ActionDeploy, 1)
	return task
}

// refused deploys a service that must be refused before anything happens.
func (h *house) refused(t *testing.T) error {
	t.Helper()
	h.exec.Provisioner = nowhere(t)
	_, err := h.exec.Execute(t.Context(), h.deploying(t))
	require.Error(t, err)
	require.Empty(t, h.history(t, "api", "alice"))
	return err
}

func nowhere(t *testing.T) provisioner {
	t.Helper()
	return provisioner{deploy: func(context.Context, deploy.Deployment) error { t.Error("deployed"); return nil }}
}

// All that is wrong with the variables of a service is told at once, each at its
// place.
func TestErrorsOfVariables(t *testing.T) {
	h := build(t, single)
	task := h.deploying(t)
	h.write(t, "api/serverless.yml", `service: api
provider:
  name: aws
  environment:
    A: ${output:db.table}
    B: x ${env:NOWHERE} y ${param:sizes}
    C: ${file(none.yml):a}
    D: ${output:a:b:c}
    E: ${self:custom.no}
outputs:
  F: ${output:db.table}
`)
	h.exec.Provisioner = nowhere(t)
	_, err := h.exec.Execute(t.Context(), task)
	require.EqualError(t, err, `api/serverless.yml:5:8: ${output:db.table}: no value: db in stage alice is not deployed (deploy it there first)
api/serverless.yml:6:10: ${env:NOWHERE}: no value: env has no NOWHERE (give it a value, or the variable a fallback)
api/serverless.yml:6:27: ${param:sizes}: no value: param sizes is in none of command line, params.alice, params.default, default profile (give it a value, or the variable a fallback)
api/serverless.yml:7:8: ${file(none.yml):a}: no value: there is no file none.yml (give it a value, or the variable a fallback)
api/serverless.yml:8:8: ${output:a:b:c}: output address "a:b:c": 3 parts between colons, want service.key or app:stage:region:service.key
api/serverless.yml:9:8: ${self:custom.no}: no value: the document has no custom.no (give it a value, or the variable a fallback)
api/serverless.yml:11:6: ${output:db.table}: no value: db in stage alice is not deployed (deploy it there first)`)
	_, ok := errors.AsType[variables.Errors](err)
	require.True(t, ok)
	require.Empty(t, h.history(t, "api", "alice"))
}

// A missing output says of which instance it is, and what to do about it.
func TestMissingOutputs(t *testing.T) {
	table := map[string]outputs.Output{"table": {Value: json.RawMessage(`"orders"`)}}
	h := build(t, single)
	task := h.deploying(t)
	h.exec.Provisioner = nowhere(t)
	h.deployed(t, "db", "dev", table)
	h.deployed(t, "bare", "alice", nil)
	h.deployed(t, "wide", "alice", map[string]outputs.Output{"b": {Value: json.RawMessage(`1`)}, "a": {Value: json.RawMessage(`{"x": [1]}`)}})
	for service, status := range map[string]outputs.Status{"failed": outputs.Failed, "removed": outputs.Removed, "removing": outputs.Removing, "deploying": outputs.Deploying} {
		i := instance(service, "alice")
		begin := outputs.Deploying
		if status == outputs.Removed || status == outputs.Removing {
			begin = outputs.Removing
			h.deployed(t, service, "alice", table)
		}
		r, err := h.records.Begin(t.Context(), outputs.Record{Instance: i, Status: begin, Run: "run-9", Started: h.history(t, "db", "dev")[0].Started},
			int64(len(h.history(t, service, "alice"))))
		require.NoError(t, err)
		if status != begin {
			r.Status, r.Ended = status, r.Started
			require.NoError(t, h.records.End(t.Context(), r))
		}
	}
	for address, why := range map[string]string{
		"db.table":                  "db in stage alice is not deployed (deploy it there first, or read ${output::dev::db.table})",
		":qa::db.table":             "db in stage qa is not deployed (deploy it there first, or read ${output::dev::db.table})",
		"::eu-west-1:db.table":      "db in stage alice, region eu-west-1 is not deployed (deploy it there first, or read ${output::dev::db.table})",
		"bank:::db.table":           "db in stage alice, app bank is not deployed (deploy it there first)",
		":dev::db.name":             "db in stage dev publishes only table (read one of these, or publish name under outputs of db and deploy that again)",
		":dev::db.table.name":       "the output table of db in stage dev has nothing at name (give it a value, or the variable a fallback)",
		"bare.table":                "bare in stage alice publishes no outputs (publish table under outputs of bare and deploy that again)",
		"wide.c":                    "wide in stage alice publishes only a, b (read one of these, or publish c under outputs of wide and deploy that again)",
		"wide.a.x.1":                "the output a of wide in stage alice has nothing at x.1 (give it a value, or the variable a fallback)",
		"failed.table":              "failed in stage alice has not been deployed with success: run run-9 failed (mend it and deploy it there first)",
		"deploying.table":           "deploying in stage alice has not been deployed yet: run run-9 began to (wait for that run)",
		"removed.table":             "removed in stage alice has been removed (deploy it there first)",
		"removing.table":            "the removal of removing in stage alice began in run run-9 (deploy it there first)",
		"shop:alice:us-east-1:db.x": "db in stage alice is not deployed (deploy it there first)",
	} {
		h.write(t, "api/serverless.yml", "service: api\ncustom: {a: \"${output:"+address+"}\"}\n")
		_, err := h.exec.Execute(t.Context(), task)
		require.EqualError(t, err, "api/serverless.yml:2:14: ${output:"+address+"}: no value: "+why)
	}
	h.write(t, "api/serverless.yml", "service: api\ncustom: {a: \"${output:db.table, 'none'}\"}\n")
	h.exec.Provisioner = provisioner{}
	_, err := h.exec.Execute(t.Context(), task)
	require.NoError(t, err, "a fallback is for what is not there")
}

// A declared secret that has no value says so, and where to put it.
func TestMissingSecrets(t *testing.T) {
	h := build(t, single)
	task := h.deploying(t)
	h.exec.Provisioner = nowhere(t)
	h.write(t, "api/serverless.yml", "service: api\ncustom: {a: \"${param:key}\", b: \"${param:unnamed}\"}\n")
	h.keep(t, "unnamed", "hush-hush")
	const unnamed = "api/serverless.yml:2:33: ${param:unnamed}: no value: the store of secrets has shop/dev/unnamed, but profile dev does not name it (list it under profiles.dev.secrets in slsflow.yml)"
	_, err := h.exec.Execute(t.Context(), task)
	require.EqualError(t, err, "api/serverless.yml:2:14: ${param:key}: no value: profile dev names it as a secret, and the store of secrets has no shop/dev/key (put it there)\n"+unnamed)

	h.exec.Secrets = nil
	_, err = h.exec.Execute(t.Context(), task)
	require.ErrorContains(t, err, "api/serverless.yml:2:14: ${param:key}: no value: profile dev names it as a secret, and there is no store of secrets (open one for the run)\n")

	// A store that cannot tell is another matter.
	h.exec.Secrets = lockedStore{}
	_, err = h.exec.Execute(t.Context(), task)
	require.EqualError(t, err, `param "key" of profile "dev": the key is another one`)
}

type lockedStore struct{ params.Store }

func (lockedStore) Get(context.Context, params.Key) (params.Value, bool, error) {
	return nil, false, errors.New("the key is another one")
}

// The order of the layers: a stage with a profile of its own has nothing of the
// default one, and its profile wins over params.default; the default does not.
func TestOrderOfParams(t *testing.T) {
	const files = `
-- slsflow.yml --
app: shop
profiles: {dev: {params: {a: default profile, b: default profile}}, qa: {params: {a: profile}}}
stages: {qa: qa}
defaultProfile: dev
services: {api: {dir: api}}
-- api/serverless.yml --
service: api
params: {default: {a: file}, top: {a: stage}}
custom: {a: "${param:a}", b: "${param:b, 'none'}"}
`
	for in, want := range map[string][2]string{
		"qa":    {"profile", "none"},
		"alice": {"file", "default profile"},
		"top":   {"stage", "default profile"},
	} {
		h := build(t, files)
		h.exec.Provisioner = provisioner{deploy: func(_ context.Context, d deploy.Deployment) error {
			for i, name := range []string{"a", "b"} {
				v, _ := d.Resolved.At("custom", name)
				require.Equal(t, want[i], v, in)
			}
			return nil
		}}
		h.run(t, at(alice(), in))
	}
	h := build(t, files)
	h.exec.Params = params.Map{"a": "command line"}
	h.run(t, at(alice(), "top"))
	text, err := os.ReadFile(filepath.Join(h.cloud(), "local", "us-east-1", "shop", "top", "api", "serverless.json"))
	require.NoError(t, err)
	require.JSONEq(t, `{"a": "command line", "b": "default profile"}`, custom(t, string(text)))
}

// A serverless file that is not there, or is none, is told by its name.
func TestFilesThatAreNone(t *testing.T) {
	h := build(t, single)
	task := h.deploying(t)
	h.write(t, "api/serverless.yml", "service: api\n  x: [\n")
	h.exec.Provisioner = nowhere(t)
	_, err := h.exec.Execute(t.Context(), task)
	require.ErrorContains(t, err, "api/serverless.yml:")
	require.NoError(t, os.Remove(filepath.Join(h.repo, "api", "serverless.yml")))
	_, err = h.exec.Execute(t.Context(), task)
	require.EqualError(t, err, `service api: there is no serverless.yml in directory "api"`)
}

// No credentials: nothing begins.
func TestAccessThatIsRefused(t *testing.T) {
	h := build(t, single)
	h.exec.Access = &access{err: errors.New("profile dev: access denied")}
	require.EqualError(t, h.refused(t), "profile dev: access denied")
}
