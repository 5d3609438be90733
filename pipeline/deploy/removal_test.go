package deploy_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/gitflow"
	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/pipeline/deploy"
	"github.com/slsflow/slsflow/pipeline/workflow"
)

// reader needs an output, a param, a secret and a variable of the environment.
const reader = `
-- slsflow.yml --
app: shop
profiles: {dev: {account: "111111111111", params: {size: 512, name: orders}, secrets: [key]}}
defaultProfile: dev
services:
  db: {dir: db}
  api: {dir: api, secretOutputs: [key]}
-- db/serverless.yml --
service: db
outputs: {table: orders}
-- api/serverless.yml --
service: api
provider:
  stackName: ${param:stack, 'api-stack'}
  environment:
    TABLE: ${output:db.table}
    SIZE: ${param:size}
    KEY: ${param:key}
    REGION: ${env:WHERE}
    FALLBACK: ${output:db.none, param:name}
    ARN: arn:${output:db.table}/${self:provider.stackName}
outputs: {key: "${param:key}"}
`

// lose takes away what the API needs. The fallbacks stay.
func (h *house) lose(t *testing.T) {
	t.Helper()
	text := read(t, h.repo, workflow.FileName)
	lost := strings.Replace(text, "params: {size: 512, name: orders}, secrets: [key]", "params: {name: orders}", 1)
	h.reread(t, lost)
	delete(h.exec.Env, "WHERE")
	require.NoError(t, h.records.End(t.Context(), func() outputs.Record {
		r, err := h.records.Begin(t.Context(), outputs.Record{
			Instance: instance("db", "alice"), Status: outputs.Removing, Run: "by hand", Profile: "dev", Account: "111111111111", Dir: "db", Started: time.Now(),
		}, int64(len(h.history(t, "db", "alice"))))
		require.NoError(t, err)
		r.Status, r.Ended = outputs.Removed, time.Now()
		return r
	}()))
}

// What is gone by now does not stop a removal, and a fallback is what it was.
func TestRemovalWithoutWhatWasRead(t *testing.T) {
	h := build(t, reader)
	h.keep(t, "key", "hush-hush")
	h.exec.Env["WHERE"] = "here"
	h.run(t, alice())
	h.lose(t)
	_, err := h.plan(t.Context(), alice("api"))
	require.Error(t, err, "a deployment is stopped")

	cli, ask := commandLine(t)
	h.exec.Provisioner = cli
	h.run(t, removal("api"))
	require.Equal(t, outputs.Removed, h.history(t, "api", "alice")[0].Status)
	var doc struct {
		Provider struct {
			StackName   string
			Environment map[string]string
		}
	}
	require.NoError(t, json.Unmarshal([]byte(ask().Config), &doc))
	require.Equal(t, "api-stack", doc.Provider.StackName)
	require.Equal(t, map[string]string{
		"TABLE": "removed", "SIZE": "removed", "KEY": "removed", "REGION": "removed", "FALLBACK": "orders", "ARN": "arn:removed/api-stack",
	}, doc.Provider.Environment)
}

// But one that does not know any more what its stack is called removes nothing:
// another stack would be taken for it, and it would be forgotten.
func TestRemovalThatDoesNotKnowTheStack(t *testing.T) {
	h := build(t, strings.NewReplacer("${param:stack, 'api-stack'}", "${param:size}-${param:name}",
		"  environment:", "  deploymentBucket: {name: \"${output:db.table}\"}\n  environment:").Replace(reader))
	h.keep(t, "key", "hush-hush")
	h.exec.Env["WHERE"] = "here"
	h.run(t, alice())
	h.lose(t)
	cli, ask := commandLine(t)
	local := h.exec.Provisioner
	h.exec.Provisioner = cli
	st := h.try(t, removal("api"))
	require.EqualError(t, st.Err(), `remove api: step remove: api/serverless.yml:3:14: ${param:size}: provider.stackName needs it to name what is to be removed, and it has no value any more (give it the value that it had at the deployment)
api/serverless.yml:4:29: ${output:db.table}: provider.deploymentBucket.name needs it to name what is to be removed, and it has no value any more (give it the value that it had at the deployment)`)
	require.Empty(t, ask().Args, "the command line is not called")
	r := h.history(t, "api", "alice")[0]
	require.Equal(t, outputs.Failed, r.Status)
	require.True(t, r.Removal)

	h.exec.Provisioner = local
	h.run(t, removal("api"))
	require.NoDirExists(t, filepath.Join(h.cloud(), "111111111111", "us-east-1", "shop", "alice", "api"))
}

func TestRemovalOfWhatIsNotThere(t *testing.T) {
	h := build(t, pair)
	h.exec.Provisioner = provisioner{remove: func(context.Context, deploy.Deployment) error { t.Error("removed"); return nil }}
	h.deployed(t, "db", "alice", nil)
	plan, err := h.plan(t.Context(), removal())
	require.NoError(t, err)
	h.exec.Provisioner = provisioner{}
	require.NoError(t, h.start(t, plan).Err())
	h.exec.Provisioner = provisioner{remove: func(context.Context, deploy.Deployment) error { t.Error("removed twice"); return nil }}
	st := h.start(t, plan)
	require.NoError(t, st.Err())
	step := stepOf(t, st, "remove db", "remove")
	require.Equal(t, pipeline.Skipped, step.Status)
	require.Equal(t, "shop:alice:us-east-1:db is not deployed", strings.ReplaceAll(step.Reason, "/", ":"))
	require.Len(t, h.history(t, "db", "alice"), 2)
}

// A first deployment that failed may have left something, and is removed.
func TestRemovalOfAFailedDeployment(t *testing.T) {
	h := build(t, pair)
	removed := ""
	h.exec.Provisioner = provisioner{
		deploy: func(context.Context, deploy.Deployment) error { return errors.New("halfway") },
		remove: func(_ context.Context, d deploy.Deployment) error { removed = d.Service; return nil },
	}
	require.Error(t, h.try(t, alice("db")).Err())
	h.run(t, removal())
	require.Equal(t, "db", removed)
	require.Equal(t, outputs.Removed, h.history(t, "db", "alice")[0].Status)
}

// A removal that failed is not taken for done, and can be repeated.
func TestRemovalThatFails(t *testing.T) {
	h := build(t, pair)
	h.run(t, alice("db"))
	fails := errors.New("the bucket is not empty")
	h.exec.Provisioner = provisioner{remove: func(context.Context, deploy.Deployment) error { return fails }}
	require.EqualError(t, h.try(t, removal()).Err(), "remove db: step remove: the bucket is not empty")
	r := h.history(t, "db", "alice")[0]
	require.Equal(t, outputs.Failed, r.Status)
	require.True(t, r.Removal)
	require.Equal(t, "the bucket is not empty", r.Error)
	fails = nil
	h.run(t, removal())
	require.Equal(t, outputs.Removed, h.history(t, "db", "alice")[0].Status)
}

// The stage has a profile of its own by now: what was deployed with the default
// one is removed with that.
func TestRemovalWithTheProfileOfTheDeployment(t *testing.T) {
	h := build(t, strings.Replace(pair, `{dev: {account: "111111111111"}}`, `{dev: {account: "111111111111", params: {who: dev}}, own: {account: "222222222222", params: {who: own}}}`, 1))
	h.run(t, alice("db"))
	text := read(t, h.repo, workflow.FileName)
	h.reread(t, text+"stages: {alice: own}\n")
	h.write(t, "db/serverless.yml", "service: db\ncustom: {who: \"${param:who}\"}\n")
	account, who := "", any(nil)
	h.exec.Provisioner = provisioner{remove: func(_ context.Context, d deploy.Deployment) error {
		account = d.Account
		who, _ = d.Resolved.At("custom", "who")
		return nil
	}}
	e := at(removal("db"), "alice")
	e.Takeover = true
	h.run(t, e)
	require.Equal(t, "111111111111", account)
	require.Equal(t, "dev", who)
}

// repository makes a git repository of the commits of a directory: each is made
// after change was called.
func repository(t *testing.T, dir string, changes ...func()) (repo *gitflow.Repository, commits []string) {
	t.Helper()
	r, err := git.PlainInit(dir, false)
	require.NoError(t, err)
	tree, err := r.Worktree()
	require.NoError(t, err)
	for _, change := range changes {
		change()
		require.NoError(t, tree.AddWithOptions(&git.AddOptions{All: true}))
		hash, err := tree.Commit("change", &git.CommitOptions{Author: &object.Signature{Name: "A", Email: "a@example.com", When: time.Unix(1e9, 0)}})
		require.NoError(t, err)
		commits = append(commits, hash.String())
	}
	repo, err = gitflow.Open(dir)
	require.NoError(t, err)
	return repo, commits
}

// A removal works with the code that was deployed, not with that of today.
func TestRemovalOfTheRecordedCommit(t *testing.T) {
	h := build(t, strings.Replace(pair, "{dir: db}", "{dir: db, hooks: {beforeRemove: cat version}}", 1))
	repo, commits := repository(t, h.repo,
		func() { h.write(t, "db/version", "one\n") },
		func() { require.NoError(t, os.RemoveAll(filepath.Join(h.repo, "db"))) })
	h.exec.Workspaces = &deploy.Checkouts{Root: t.TempDir(), Repository: repo}
	tree, err := repo.FS(commits[0])
	require.NoError(t, err)
	e := at(alice("db"), "alice")
	e.Commit = commits[0]
	out, err := workflow.Plan(t.Context(), workflow.Input{File: h.file, Event: e, Tree: tree})
	require.NoError(t, err)
	require.NoError(t, h.start(t, out.Plans[0]).Err())

	e = removal("db")
	e.Commit = commits[1]
	st := h.run(t, e)
	require.Contains(t, h.log(t, st, "remove db", "remove"), "$ cat version\none\n")

	// A person has the work tree of today, and is told.
	require.NoError(t, h.start(t, out.Plans[0]).Err())
	h.exec.Workspaces = deploy.WorkTree(h.repo)
	require.ErrorContains(t, h.try(t, e).Err(), `service db: there is no directory "db" at commit `+commits[0]+
		" (a removal works with the code that was deployed: check that commit out)")
}
