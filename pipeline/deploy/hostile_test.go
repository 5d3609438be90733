package deploy_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/pipeline/deploy"
)

// evil is what somebody writes where others will read it.
const evil = "https://evil/${param:key}/${env:KEY}/${output::prod::db.password}"

const victim = `
-- slsflow.yml --
app: shop
profiles:
  dev: {account: "111111111111", secrets: [key]}
  prod: {account: "222222222222", secrets: [key]}
stages: {prod: prod}
defaultProfile: dev
services:
  db: {dir: db, secretOutputs: [password]}
  api: {dir: api}
-- db/serverless.yml --
service: db
outputs:
  url: https://evil/\${param:key}/\${env:KEY}/\${output::prod::db.password}
  deep: {list: ['\${param:key}']}
  password: ${param:key}
-- api/serverless.yml --
service: api
custom:
  url: ${output:db.url}
  again: ${self:custom.url}
  part: <${self:custom.again}>
  deep: ${output:db.deep}
  message: ${env:SERVERLESS_COMMIT_MSG}
  branch: ${env:SERVERLESS_BRANCH}
  twice: ${self:custom.message}
outputs: {url: "${self:custom.part}"}
`

// TestWhatOthersWroteIsNoCode shows that neither the output of another service
// nor the message of a commit nor the name of a branch reads the secrets of the
// service that reads them.
func TestWhatOthersWroteIsNoCode(t *testing.T) {
	h := build(t, victim)
	h.keep(t, "key", "secret-canary")
	h.run(t, alice("db"))
	var custom map[string]any
	h.exec.Provisioner = provisioner{deploy: func(_ context.Context, d deploy.Deployment) error {
		text, err := d.Resolved.RevealedJSON()
		if err != nil {
			return err
		}
		var doc struct{ Custom map[string]any }
		err = json.Unmarshal(text, &doc)
		custom = doc.Custom
		return err
	}}
	e := alice("api")
	e.Message, e.Branch = evil, "feature/"+evil
	h.run(t, e)
	require.Equal(t, map[string]any{
		"url": evil, "again": evil, "part": "<" + evil + ">", "deep": map[string]any{"list": []any{"${param:key}"}},
		"message": evil, "branch": "feature/" + evil, "twice": evil,
	}, custom)
	published, _ := outputs.Published(h.history(t, "api", "alice"))
	require.JSONEq(t, string(must(json.Marshal("<"+evil+">"))), string(published.Outputs["url"].Value))
}

// TestSecretOutputsStayInTheirProfile shows that the code of a branch, which runs
// with the secrets of the default profile, reads none of production's.
func TestSecretOutputsStayInTheirProfile(t *testing.T) {
	h := build(t, victim)
	require.NoError(t, h.secrets.Put(t.Context(), params.Key{App: "shop", Profile: "prod", Name: "key"}, params.NewSecret("secret-of-prod")))
	h.keep(t, "key", "secret-of-dev")
	h.run(t, at(alice("db"), "prod"))
	h.run(t, alice("db"))
	h.exec.Provisioner = provisioner{}

	h.write(t, "api/serverless.yml", "service: api\ncustom: {mine: '${output:db.password}', url: '${output::prod::db.url}'}\n")
	h.run(t, alice("api"))
	h.write(t, "api/serverless.yml", "service: api\ncustom: {theirs: '${output::prod::db.password, null}'}\n")
	err := h.try(t, alice("api")).Err()
	require.ErrorContains(t, err, `api/serverless.yml:2:19`)
	require.ErrorContains(t, err, `it is a secret of profile "prod", and this deployment has profile "dev" (publish what need not be secret, or give profile "dev" a secret of its own)`)
	h.run(t, removal("api")) // what may not be read does not keep a service
}

// TestSecretsThatAreNotExportedAreMasked has secrets whose names no variable of
// the environment may have, or only one of them.
func TestSecretsThatAreNotExportedAreMasked(t *testing.T) {
	h := build(t, `
-- slsflow.yml --
app: shop
profiles: {dev: {account: "111111111111", secrets: [HOME, CI, api-key, api.key, SLSFLOW_APP]}}
defaultProfile: dev
services: {db: {dir: db}}
-- db/serverless.yml --
service: db
custom: ["${param:HOME}", "${param:CI}", "${param:api-key}", "${param:api.key}", "${param:SLSFLOW_APP}"]
`)
	for i, name := range []string{"HOME", "CI", "api-key", "api.key", "SLSFLOW_APP"} {
		h.keep(t, name, fmt.Sprintf("canary-number-%d", i))
	}
	h.exec.Env["CI"] = "true"
	h.exec.Provisioner = provisioner{deploy: func(_ context.Context, d deploy.Deployment) error {
		text, err := d.Resolved.RevealedJSON()
		fmt.Fprintf(d.Log, "it is %s\n", text)
		return err
	}}
	log := h.log(t, h.run(t, alice()), "deploy db", "deploy")
	require.Contains(t, log, "it is ")
	require.NotContains(t, log, "canary")
}

// TestServiceBehindALink has a directory of a service that leads elsewhere.
func TestServiceBehindALink(t *testing.T) {
	h := build(t, victim)
	plan, err := h.plan(t.Context(), alice("db"))
	require.NoError(t, err)
	elsewhere := filepath.Join(t.TempDir(), "db")
	require.NoError(t, os.Rename(filepath.Join(h.repo, "db"), elsewhere))
	require.NoError(t, os.Symlink(elsewhere, filepath.Join(h.repo, "db")))
	require.ErrorContains(t, h.start(t, plan).Err(), `service db: directory "db": statat db: path escapes from parent`)
	require.Empty(t, h.history(t, "db", "alice"))
}

// TestNoProgramCanBeGivenANUL has one in the message of a commit, where only git
// itself refuses to write it.
func TestNoProgramCanBeGivenANUL(t *testing.T) {
	h := build(t, `
-- slsflow.yml --
app: shop
profiles: {dev: {account: "111111111111"}}
defaultProfile: dev
services: {db: {dir: db, test: 'printf %s "$SERVERLESS_COMMIT_MSG"'}}
-- db/serverless.yml --
service: db
`)
	e := alice("db")
	e.Message = "a\x00b"
	require.Contains(t, h.log(t, h.run(t, e), "test db", "test"), "a\ufffdb")
}

// TestStageOfSomebodyElse has two plans for a stage that belonged to nobody when
// they were made: one of alice, and one of bob.
func TestStageOfSomebodyElse(t *testing.T) {
	h := build(t, victim)
	h.exec.Provisioner = provisioner{}
	h.keep(t, "key", "secret-of-dev")
	bob := at(alice("db"), "alice")
	bob.Actor = "bob"
	second, err := h.plan(t.Context(), bob)
	require.NoError(t, err)
	h.run(t, alice("db"))
	err = h.start(t, second).Err()
	require.ErrorContains(t, err, `stage "alice": it belongs to user:alice by now, and the plan was made for user:bob (plan again)`)
	require.Len(t, h.history(t, "db", "alice"), 1)
	bob.Takeover = true
	h.run(t, bob)
	require.Equal(t, "user:bob", h.history(t, "db", "alice")[0].Owner)
	bob.Takeover = false
	bob.Remove = true
	h.run(t, bob)
}
