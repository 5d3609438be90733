package workflow_test

import (
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/pipeline/workflow"
)

func deprecating(t *testing.T) (*workflow.File, fstest.MapFS) {
	t.Helper()
	file, err := workflow.ParseFile("slsflow.yml", []byte(`app: shop
profiles: {dev: {}}
stages: {dev: dev}
defaultProfile: dev
services:
  db:
    dir: db
    deprecatedOutputs:
      table: 2026-12-01
      gone: 2026-12-01
  api: {dir: api}
`))
	require.NoError(t, err)
	return file, fstest.MapFS{
		"db/serverless.yml": {Data: []byte("service: db\noutputs: {table: t, other: o}\n")},
		"api/serverless.yml": {Data: []byte(`service: api
custom:
  own: ${output:db.table}
  shared: ${output::dev::db.table}
  optional: ${output:db.table, 'none'}
  fine: ${output:db.other}
  elsewhere: ${output:crm:::db.table}
`)},
	}
}

var (
	lastMoment = time.Date(2026, 12, 1, 23, 59, 59, 0, time.UTC)
	over       = time.Date(2026, 12, 2, 1, 0, 0, 0, time.FixedZone("ahead", 3600)) // midnight in UTC
)

// Who reads a deprecated output is warned to the end of its last day, and refused
// then.
func TestDeprecatedOutputs(t *testing.T) {
	file, tree := deprecating(t)
	c, err := workflow.ReadContracts(t.Context(), workflow.ContractInput{File: file, Tree: tree, Stage: name(t, "alice")})
	require.NoError(t, err)
	const stays = "slsflow.yml:10:7: services.db.deprecatedOutputs.gone: db does not publish gone (remove the line if nobody is deployed with it any more)"
	for _, now := range []time.Time{{}, lastMoment} {
		require.NoError(t, c.Check(workflow.ContractCheck{Now: now}))
		require.EqualError(t, c.Warnings(now), stays+`
api/serverless.yml:3:8: ${output:db.table}: the output table of db is deprecated, and can be read until 2026-12-01 (do without it before)
api/serverless.yml:4:11: ${output::dev::db.table}: the output table of db is deprecated, and can be read until 2026-12-01 (do without it before)`)
	}
	require.EqualError(t, c.Check(workflow.ContractCheck{Now: over}), `api/serverless.yml:3:8: ${output:db.table}: the output table of db is deprecated, and could be read until 2026-12-01 (do without it, or ask for a later day under deprecatedOutputs)
api/serverless.yml:4:11: ${output::dev::db.table}: the output table of db is deprecated, and could be read until 2026-12-01 (do without it, or ask for a later day under deprecatedOutputs)`)
	require.EqualError(t, c.Warnings(over), stays)
}

// A plan has the same warnings and refusals, by the time that it is given.
func TestPlanOfDeprecatedOutputs(t *testing.T) {
	file, tree := deprecating(t)
	in := workflow.Input{File: file, Tree: tree, Event: workflow.Event{Kind: workflow.Manual, Trust: workflow.Trusted, Actor: "alice"}, Now: lastMoment}
	out, err := workflow.Plan(t.Context(), in)
	require.NoError(t, err)
	require.Len(t, out.Plans, 1)
	require.Contains(t, out.Notes, "api/serverless.yml:3:8: ${output:db.table}: the output table of db is deprecated, and can be read until 2026-12-01 (do without it before)")
	in.Now = over
	out, err = workflow.Plan(t.Context(), in)
	require.ErrorContains(t, err, "api/serverless.yml:3:8: ${output:db.table}: the output table of db is deprecated, and could be read until 2026-12-01")
	require.Empty(t, out.Plans)
}

// One that nobody may read any more may go, though it was deployed with it.
func TestRemovalAfterDeprecation(t *testing.T) {
	file, tree := deprecating(t)
	tree["db/serverless.yml"] = &fstest.MapFile{Data: []byte("service: db\noutputs: {other: o}\n")}
	tree["api/serverless.yml"] = &fstest.MapFile{Data: []byte("service: api\n")}
	c, err := workflow.ReadContracts(t.Context(), workflow.ContractInput{File: file, Tree: tree, Stage: name(t, "dev")})
	require.NoError(t, err)
	db := outputs.Instance{App: "shop", Service: "db", Stage: name(t, "dev"), Region: "us-east-1"}
	reader := db
	reader.Service, reader.Stage = "web", name(t, "bob")
	check := workflow.ContractCheck{Now: lastMoment, Instances: []outputs.Record{
		{Instance: db, Number: 1, Status: outputs.Deployed, Outputs: map[string]outputs.Output{"table": {Value: []byte(`"t"`)}}},
		{Instance: reader, Number: 1, Status: outputs.Deployed, Reads: []outputs.Read{{Instance: db, Key: "table", Number: 1}}},
	}}
	require.ErrorContains(t, c.Check(check), "db does not publish table any more, and web in stage bob was deployed with it")
	check.Now = over
	require.NoError(t, c.Check(check))
}
