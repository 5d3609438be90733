package workflow_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/pipeline/workflow"
)

// Each file of testdata/contracts is a repository, with the base branch in base/
// if there is one, and what is deployed in records.json. The stage is alice.
func TestContracts(t *testing.T) {
	golden(t, "testdata/contracts", func(t *testing.T, a *txtar.Archive) string {
		t.Helper()
		tree := fstest.MapFS{}
		for _, f := range a.Files {
			tree[f.Name] = &fstest.MapFile{Data: f.Data}
		}
		file, err := workflow.ParseFile("slsflow.yml", tree["slsflow.yml"].Data)
		require.NoError(t, err)
		in := workflow.ContractInput{File: file, Tree: tree, Stage: name(t, "alice")}
		c, err := workflow.ReadContracts(t.Context(), in)
		require.NoError(t, err)
		var check workflow.ContractCheck
		if _, err := fs.Stat(tree, "base/db"); err == nil {
			in.Tree, err = fs.Sub(tree, "base")
			require.NoError(t, err)
			base, err := workflow.ReadContracts(t.Context(), in)
			require.NoError(t, err)
			check.Base = &base
		}
		require.NoError(t, json.Unmarshal(tree["records.json"].Data, &check.Instances))
		var b strings.Builder
		if err := c.Check(check); err != nil {
			fmt.Fprintf(&b, "errors:\n%v\n", err)
		}
		doc, err := json.MarshalIndent(c, "", " ")
		require.NoError(t, err)
		fmt.Fprintf(&b, "%s\n%s%s", doc, c.Mermaid(), c.DOT())
		return b.String()
	})
}

// What is wrong with a file is told, and the other services are read.
func TestContractsOfBrokenFiles(t *testing.T) {
	file, err := workflow.ParseFile("slsflow.yml", []byte("app: shop\nprofiles: {dev: {}}\ndefaultProfile: dev\nservices:\n  db: {dir: db}\n  api: {dir: api}\n"))
	require.NoError(t, err)
	c, err := workflow.ReadContracts(t.Context(), workflow.ContractInput{File: file, Stage: name(t, "alice"), Tree: fstest.MapFS{
		"db/serverless.yml": {Data: []byte("service: db\ncustom: ${self:a")}, "api/serverless.yml": {Data: []byte("service: api\n")},
	}})
	require.EqualError(t, err, `db/serverless.yml:2:9: ${self:a: "}" is missing at its end`)
	require.Len(t, c.Services, 1)

	_, err = workflow.ReadContracts(t.Context(), workflow.ContractInput{File: file, Tree: fstest.MapFS{}})
	require.EqualError(t, err, "read contracts: want a stage")
	_, err = workflow.ReadContracts(t.Context(), workflow.ContractInput{Stage: name(t, "alice")})
	require.Error(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = workflow.ReadContracts(ctx, workflow.ContractInput{File: file, Stage: name(t, "alice"), Tree: fstest.MapFS{"db/serverless.yml": {Data: []byte("service: db")}, "api/serverless.yml": {Data: []byte("service: api")}}})
	require.ErrorIs(t, err, context.Canceled)
}

// A check needs no records and no base.
func ExampleContracts_Check() {
	file, err := workflow.ParseFile("slsflow.yml", []byte("app: shop\nprofiles: {dev: {}}\ndefaultProfile: dev\nservices:\n  db: {dir: db}\n  api: {dir: api}\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	here, _ := outputs.ParseRef(":alice:us-east-1:db.table", outputs.Instance{App: "shop"})
	c, err := workflow.ReadContracts(context.Background(), workflow.ContractInput{File: file, Stage: here.Stage, Tree: fstest.MapFS{
		"db/serverless.yml":  {Data: []byte("service: db\noutputs: {table: orders}")},
		"api/serverless.yml": {Data: []byte("service: api\ncustom: {table: '${output:db.tabel}'}")},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.Check(workflow.ContractCheck{}))
	// Output:
	// api/serverless.yml:2:18: ${output:db.tabel}: db publishes no output tabel (did you mean "table"?)
}
