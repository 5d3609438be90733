package deploy_test

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/pipeline/deploy"
	"github.com/slsflow/slsflow/pipeline/workflow"
)

const pair = `
-- slsflow.yml --
app: shop
profiles: {dev: {account: "111111111111"}}
defaultProfile: dev
services:
  db: {dir: db}
  api: {dir: api}
-- db/serverless.yml --
service: db
outputs: {table: orders, size: 7}
-- api/serverless.yml --
service: api
custom: {table: "${output:db.table}"}
`

// The record is there before anything is done, and says all that is known.
func TestRecordBeforeTheFirstEffect(t *testing.T) {
	h := build(t, pair)
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	h.exec.Now = func() time.Time { return now }
	var seen []outputs.Record
	h.exec.Provisioner = provisioner{
		deploy: func(ctx context.Context, d deploy.Deployment) error {
			list, err := h.records.History(ctx, d.Instance)
			seen = append(seen, list[0])
			return err
		},
		remove: func(ctx context.Context, d deploy.Deployment) error {
			list, err := h.records.History(ctx, d.Instance)
			seen = append(seen, list[0])
			return err
		},
	}
	e := alice()
	e.Commit, e.Dirty = strings.Repeat("d", 40), true
	h.run(t, e)

	hash := outputs.Hash(json.RawMessage(`"orders"`))
	want := outputs.Record{
		Instance: instance("db", "alice"), Number: 1, Status: outputs.Deploying, Run: "run-1", Commit: e.Commit + "-dirty",
		Owner: "user:alice", Actor: "alice", Profile: "dev", Account: "111111111111", Dir: "db", Started: now,
	}
	require.Equal(t, want, seen[0])
	api := want
	api.Instance, api.Dir = instance("api", "alice"), "api"
	api.Reads = []outputs.Read{{Instance: instance("db", "alice"), Key: "table", Number: 1, Hash: hash}}
	require.Equal(t, api, seen[1])

	want.Status, want.Ended = outputs.Deployed, now
	want.Outputs = map[string]outputs.Output{
		"table": {Value: json.RawMessage(`"orders"`), Hash: hash},
		"size":  {Value: json.RawMessage(`7`), Hash: outputs.Hash(json.RawMessage(`7`))},
	}
	require.Equal(t, []outputs.Record{want}, h.history(t, "db", "alice"))

	st := h.run(t, removal())
	require.Equal(t, []outputs.Status{outputs.Removing, outputs.Removing}, []outputs.Status{seen[2].Status, seen[3].Status})
	require.Equal(t, "api", seen[2].Service, "who reads goes first")
	require.Equal(t, outputs.Removed, h.history(t, "db", "alice")[0].Status)
	require.JSONEq(t, `{"app":"shop","service":"db","stage":"alice","region":"us-east-1","number":2,"status":"removed","account":"111111111111"}`,
		string(stepOf(t, st, "remove db", "remove").Result))
}

// A deployment that failed is recorded with its reason, and what was published
// before still is.
func TestFailedRedeploymentKeepsTheOutputs(t *testing.T) {
	h := build(t, pair)
	h.run(t, alice())
	reader, err := h.plan(t.Context(), alice("api"))
	require.NoError(t, err)
	h.write(t, "db/serverless.yml", "service: db\noutputs: {table: renamed}\n")
	local := h.exec.Provisioner
	h.exec.Provisioner = provisioner{deploy: func(context.Context, deploy.Deployment) error { return errors.New("the table is in use") }}
	st := h.try(t, alice("db"))
	require.EqualError(t, st.Err(), "deploy db: step deploy: the table is in use")
	failed := h.history(t, "db", "alice")[0]
	require.Equal(t, outputs.Failed, failed.Status)
	require.Equal(t, "the table is in use", failed.Error)
	require.Equal(t, "run-2", failed.Run)
	require.Empty(t, failed.Outputs)
	require.False(t, failed.Ended.IsZero())

	h.exec.Provisioner = local
	require.NoError(t, h.start(t, reader).Err())
	require.JSONEq(t, `{"table": "orders"}`, custom(t, h.rendered(t, "api", "alice")))
	require.Equal(t, int64(1), h.history(t, "api", "alice")[0].Reads[0].Number, "the version that is published")

	h.run(t, alice("db"))
	require.Equal(t, int64(3), h.history(t, "db", "alice")[0].Number)
	h.run(t, alice("api"))
	require.Equal(t, outputs.Read{Instance: instance("db", "alice"), Key: "table", Number: 3, Hash: outputs.Hash(json.RawMessage(`"renamed"`))},
		h.history(t, "api", "alice")[0].Reads[0])
}

// A deployment that is cancelled is recorded as failed, though its context is
// done.
func TestCancelledDeployment(t *testing.T) {
	h := build(t, pair)
	h.exec.Provisioner = provisioner{deploy: func(ctx context.Context, d deploy.Deployment) error {
		if err := pipeline.Cancel(ctx, h.ledger, "run-1", pipeline.Request{By: "bob", Reason: "not today", At: time.Now().UTC()}); err != nil {
			return err
		}
		<-ctx.Done()
		return context.Cause(ctx)
	}}
	st := h.try(t, alice("db"))
	require.Equal(t, pipeline.Cancelled, st.Status())
	require.Equal(t, pipeline.Cancelled, stepOf(t, st, "deploy db", "deploy").Status)
	r := h.history(t, "db", "alice")[0]
	require.Equal(t, outputs.Failed, r.Status)
	require.Equal(t, "run cancelled", r.Error)
	require.False(t, r.Ended.IsZero())

	h.exec.Provisioner = &deploy.Local{Root: h.cloud()}
	h.run(t, alice())
	require.FileExists(t, filepath.Join(h.cloud(), "111111111111", "us-east-1", "shop", "alice", "api", "serverless.json"))
}

// A hook that fails is a deployment that failed; nothing comes after it.
func TestFailedHook(t *testing.T) {
	h := build(t, strings.Replace(pair, "{dir: db}", "{dir: db, hooks: {beforeDeploy: [echo one, exit 3, echo two]}}", 1))
	st := h.try(t, alice("db"))
	require.EqualError(t, st.Err(), `deploy db: step deploy: command "exit 3" in db: run sh: exit status 3`)
	require.Equal(t, "$ echo one\none\n$ exit 3\n", h.log(t, st, "deploy db", "deploy"))
	require.NoDirExists(t, h.cloud())
	require.Equal(t, outputs.Failed, h.history(t, "db", "alice")[0].Status)
}

// store is one whose End can fail.
type store struct {
	outputs.Store
	refuse func(outputs.Record) error
}

func (s store) End(ctx context.Context, r outputs.Record) error {
	if err := s.refuse(r); err != nil {
		return err
	}
	return s.Store.End(ctx, r)
}

// What was deployed but cannot be published is not taken for deployed.
func TestOutputsThatCannotBeKept(t *testing.T) {
	h := build(t, pair)
	h.exec.Records = store{h.records, func(r outputs.Record) error {
		if r.Status == outputs.Deployed {
			return errors.New("no key for secrets")
		}
		return nil
	}}
	st := h.try(t, alice())
	require.EqualError(t, st.Err(), "deploy db: step deploy: record 1 of shop:alice:us-east-1:db: no key for secrets")
	r := h.history(t, "db", "alice")[0]
	require.Equal(t, outputs.Failed, r.Status)
	require.Contains(t, r.Error, "no key for secrets")
	require.Empty(t, h.history(t, "api", "alice"), "who needs it does not begin")
}

// Outputs that are too large for the result of a step are published all the same.
func TestLargeOutputs(t *testing.T) {
	h := build(t, pair)
	large := strings.Repeat("x", 64<<10)
	h.write(t, "db/serverless.yml", "service: db\noutputs: {table: "+large+"}\n")
	st := h.run(t, alice("db"))
	require.NotContains(t, string(stepOf(t, st, "deploy db", "deploy").Result), "outputs")
	require.Len(t, h.history(t, "db", "alice")[0].Outputs["table"].Value, len(large)+2)
}

// A store that cannot be read stops everything: it is not an empty one.
func TestRecordsThatCannotBeRead(t *testing.T) {
	for _, e := range []workflow.Event{alice(), removal()} {
		h := build(t, pair)
		h.deployed(t, "db", "alice", nil)
		plan, err := h.plan(t.Context(), e)
		require.NoError(t, err)
		h.exec.Records = unreadable{h.records}
		h.exec.Provisioner = provisioner{
			deploy: func(context.Context, deploy.Deployment) error { t.Error("deployed"); return nil },
			remove: func(context.Context, deploy.Deployment) error { t.Error("removed"); return nil },
		}
		require.ErrorContains(t, h.start(t, plan).Err(), "the disk is gone")
		require.Len(t, h.history(t, "db", "alice"), 1)
	}
}

type unreadable struct{ outputs.Store }

func (unreadable) Latest(context.Context, outputs.Filter) ([]outputs.Record, error) {
	return nil, errors.New("the disk is gone")
}
