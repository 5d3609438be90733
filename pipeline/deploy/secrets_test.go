package deploy_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/pipeline/deploy"
)

// canaries are secrets of all ways in which one comes into a deployment.
const (
	ofProfile     = `canary/one+two "three" ü$w0rd`
	ofCommandLine = `canary-four&five <six>`
	ofOutput      = `canary_seven\eight'nine`
	ofProxy       = `canary%3Aten`
)

// leaks returns where a canary stands in a text, in any of the forms that
// programs print.
func leaks(where, text string) (found []string) {
	for _, secret := range []string{ofProfile, ofCommandLine, ofOutput, "canary:ten"} {
		quoted, _ := json.Marshal(secret)
		forms := []string{secret, string(quoted[1 : len(quoted)-1]), url.QueryEscape(secret), url.PathEscape(secret)}
		for before := range 3 { // what is the same wherever it begins in a longer text
			b := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", before) + secret))
			forms = append(forms, b[4:len(b)-4])
		}
		for _, form := range forms {
			if strings.Contains(text, form) {
				found = append(found, fmt.Sprintf("%s: %s", where, form))
			}
		}
	}
	return found
}

// leaksBelow looks into every file of a directory.
func leaksBelow(t *testing.T, dir string) (found []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		found = append(found, leaks(path, string(text))...)
		return err
	}))
	return found
}

const canaries = `
-- slsflow.yml --
app: shop
profiles: {dev: {account: "111111111111", secrets: [KEY]}}
defaultProfile: dev
services:
  db: {dir: db, secretOutputs: [password]}
  api:
    dir: api
    test: '"$SELF"'
    verify: 'env; "$SELF"'
    hooks: {beforeDeploy: '"$SELF"; echo "proxy $https_proxy"'}
    secretOutputs: [all]
-- db/serverless.yml --
service: db
outputs: {password: "${param:output}"}
-- api/serverless.yml --
service: api
custom:
  key: ${param:KEY}
  line: ${param:line}
  read: "pre ${output:db.password} post"
  list: ["${env:KEY}", "${self:custom.read}"]
outputs:
  all: {key: "${param:KEY}", both: "${param:line}${output:db.password}"}
  plain: open
`

func TestSecretsStandNowhere(t *testing.T) {
	h := build(t, canaries)
	h.keep(t, "KEY", ofProfile)
	h.exec.Env[role], h.exec.Env["SELF"], h.exec.Env["GORACE"] = "forms", self(), "atexit_sleep_ms=0"
	h.exec.Env["https_proxy"] = "http://me:" + ofProxy + "@127.0.0.1:1"
	h.exec.Params = params.Map{"line": params.NewSecret(ofCommandLine), "output": params.NewSecret(ofOutput)}
	h.run(t, alice("db"))

	h.exec.Params = params.Map{"line": params.NewSecret(ofCommandLine)}
	revealed := ""
	fails := errors.New("not yet")
	local := h.exec.Provisioner
	h.exec.Provisioner = provisioner{deploy: func(ctx context.Context, d deploy.Deployment) error {
		text, err := d.Resolved.RevealedJSON()
		revealed = string(text)
		fmt.Fprintf(d.Log, "%s\n%s\n", text, base64.StdEncoding.EncodeToString(text))
		if fails != nil {
			return fmt.Errorf("%w: %s", fails, text)
		}
		return errors.Join(err, local.Deploy(ctx, d))
	}}
	failed := h.try(t, alice("api"))
	require.ErrorContains(t, failed.Err(), "not yet")
	fails = nil
	st := h.run(t, alice("api"))
	require.Len(t, leaks("the provisioner", revealed), 3, "each in the form of JSON")

	var told strings.Builder
	for _, s := range []pipeline.State{failed, st} {
		for job := range s.Jobs() {
			for _, step := range job.Steps {
				fmt.Fprintln(&told, step.Error, step.Reason, string(step.Result), step.Notes)
				if step.Attempt > 0 {
					fmt.Fprintln(&told, h.log(t, s, job.ID, step.Name))
				}
			}
		}
	}
	for _, r := range append(h.history(t, "api", "alice"), h.history(t, "db", "alice")...) {
		text, err := json.Marshal(r)
		require.NoError(t, err)
		told.Write(text)
	}
	require.Empty(t, leaks("what is told", told.String()))
	require.Empty(t, leaksBelow(t, h.state))
	require.Empty(t, leaksBelow(t, h.repo))

	log := h.log(t, st, "deploy api", "deploy")
	for _, form := range []string{"raw", "base64", "url", "path", "json"} {
		printed := lines(h.log(t, st, "test api", "test"), form+" ")
		require.Len(t, printed, 1)
		require.Contains(t, printed[0], "REDACTED", form)
	}
	require.Contains(t, log, "proxy http://me:REDACTED@127.0.0.1:1")
	require.Contains(t, log, "output all: REDACTED\noutput plain: \"open\"\n")
	require.Equal(t, []string{"KEY=REDACTED"}, prefixed(lines(h.log(t, st, "deploy api", "verify"), "KEY="), "KEY="))
	require.Contains(t, h.history(t, "api", "alice")[1].Error, "not yet: ")
	require.JSONEq(t, `{"key": "REDACTED", "line": "REDACTED", "read": "REDACTED", "list": ["REDACTED", "REDACTED"]}`, custom(t, h.rendered(t, "api", "alice")))
}

func prefixed(list []string, prefix string) (all []string) {
	for _, s := range list {
		all = append(all, prefix+s)
	}
	return all
}

func custom(t *testing.T, service string) string {
	t.Helper()
	var doc struct{ Custom json.RawMessage }
	require.NoError(t, json.Unmarshal([]byte(service), &doc))
	return string(doc.Custom)
}

// A secret that is published is refused unless the workflow file marks it, and
// then nobody gets it but the store's Secret.
func TestSecretOutputs(t *testing.T) {
	h := build(t, `
-- slsflow.yml --
app: shop
profiles: {dev: {account: "111111111111", params: {size: 1}, secrets: [key]}}
defaultProfile: dev
services:
  db: {dir: db, secretOutputs: [marked, plain]}
-- db/serverless.yml --
service: db
outputs:
  marked: ${param:key}
  plain: open
  one: ${param:key}
  two: {deep: ["a ${env:key} b"]}
  nothing: null
  left: ${cf:stack.Output}
  part: {a: "x ${cf:stack.Output}", b: "${param:key}"}
`)
	h.keep(t, "key", "hush-hush")
	deployed := false
	h.exec.Provisioner = provisioner{deploy: func(context.Context, deploy.Deployment) error { deployed = true; return nil }}
	st := h.try(t, alice())
	require.EqualError(t, st.Err(), `deploy db: step deploy: db/serverless.yml:5:8: outputs.one: a secret went into it (list it under services.db.secretOutputs in slsflow.yml, or do not publish it)
db/serverless.yml:6:8: outputs.two: a secret went into it (list it under services.db.secretOutputs in slsflow.yml, or do not publish it)
db/serverless.yml:7:12: outputs.nothing: null is no value (leave it out)
db/serverless.yml:8:9: outputs.left: only the command line can resolve it, so that its value is not known here (publish a value that slsflow resolves)
db/serverless.yml:9:13: outputs.part.a: only the command line can resolve it, so that its value is not known here (publish a value that slsflow resolves)`)
	require.False(t, deployed)
	require.Empty(t, h.history(t, "db", "alice"))

	h.write(t, "db/serverless.yml", "service: db\noutputs:\n  marked: ${param:key}\n  plain: open\n  size: ${param:size}\n")
	st = h.run(t, alice())
	require.True(t, deployed)
	record := h.history(t, "db", "alice")[0]
	require.True(t, record.Outputs["marked"].Secret)
	require.True(t, record.Outputs["plain"].Secret, "one that is marked is kept as a secret, whatever it is made of")
	require.Empty(t, record.Outputs["marked"].Value)
	require.False(t, record.Outputs["size"].Secret)
	value, ok, err := h.records.Secret(t.Context(), record.Instance, record.Number, "marked")
	require.NoError(t, err)
	require.True(t, ok)
	require.JSONEq(t, `"hush-hush"`, string(value))
	require.JSONEq(t, `{"app":"shop","service":"db","stage":"alice","region":"us-east-1","number":1,"status":"deployed","account":"111111111111","outputs":{"size":1}}`,
		string(stepOf(t, st, "deploy db", "deploy").Result))
}

func TestOutputsThatAreNoMap(t *testing.T) {
	for text, why := range map[string]string{
		"[a]":              "db/serverless.yml:2:10: outputs: it is no map (want names and values)",
		"${cf:stack.Map}":  "db/serverless.yml:2:10: outputs: only the command line can resolve it, so that its value is not known here (publish a value that slsflow resolves)",
		"{'': x}":          "db/serverless.yml:2:15: outputs.: it has no name",
		"${self:custom.o}": "db/serverless.yml:2:10: outputs.bad: null is no value (leave it out)",
	} {
		h := build(t, "-- slsflow.yml --\napp: shop\nprofiles: {dev: {}}\ndefaultProfile: dev\nservices: {db: {dir: db}}\n-- db/serverless.yml --\n"+
			"service: db\noutputs: "+text+"\ncustom: {o: {bad: null}}\n")
		st := h.try(t, alice())
		require.EqualError(t, st.Err(), "deploy db: step deploy: "+why)
		require.Empty(t, h.history(t, "db", "alice"))
	}
}

// What a secret output of another instance went into is a secret.
func TestSecretOutputOfAnother(t *testing.T) {
	h := build(t, `
-- slsflow.yml --
app: shop
profiles: {dev: {account: "111111111111", secrets: [key]}}
defaultProfile: dev
services:
  db: {dir: db, secretOutputs: [password, list]}
  api: {dir: api}
-- db/serverless.yml --
service: db
outputs: {password: "${param:key}", list: ["${param:key}"]}
-- api/serverless.yml --
service: api
custom: {url: "postgres://app:${output:db.password}@db", first: "${output:db.list.0}"}
`)
	h.keep(t, "key", "hush-hush")
	h.run(t, alice())
	require.JSONEq(t, `{"url": "REDACTED", "first": "REDACTED"}`, custom(t, h.rendered(t, "api", "alice")))

	h.write(t, "api/serverless.yml", "service: api\noutputs: {url: \"postgres://app:${output:db.password}@db\"}\n")
	st := h.try(t, alice("api"))
	require.ErrorContains(t, st.Err(), "api/serverless.yml:2:16: outputs.url: a secret went into it")

	h.write(t, "api/serverless.yml", "service: api\ncustom: {all: \"${output:db.list}\"}\n")
	st = h.try(t, alice("api"))
	require.ErrorContains(t, st.Err(), "api/serverless.yml:2:16: ${output:db.list}: output shop:alice:us-east-1:db.list: the secret is not a text (publish it as text)")
}

// A secret that is a part of ordinary words does not make a deployment fail that
// was done.
func TestSecretThatIsAPartOfTheResult(t *testing.T) {
	for key, want := range map[string]string{
		"rders": `{"app":"shop","service":"db","stage":"alice","region":"us-east-1","number":1,"status":"deployed","account":"111111111111"}`,
		"shop":  "",
	} {
		h := build(t, `
-- slsflow.yml --
app: shop
profiles: {dev: {account: "111111111111", secrets: [key]}}
defaultProfile: dev
services: {db: {dir: db}}
-- db/serverless.yml --
service: db
outputs: {table: orders}
`)
		h.keep(t, "key", key)
		st := h.run(t, alice())
		require.Equal(t, want, string(stepOf(t, st, "deploy db", "deploy").Result))
		require.Equal(t, outputs.Deployed, h.history(t, "db", "alice")[0].Status)
	}
}
