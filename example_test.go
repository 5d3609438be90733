package slsflow_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/outputs/outputstest"
	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/pipeline/deploy"
	"github.com/slsflow/slsflow/pipeline/pipelinetest"
	"github.com/slsflow/slsflow/pipeline/workflow"
	"github.com/slsflow/slsflow/stage"
)

// repository is a work tree with two services, one of which reads an output of
// the other.
var repository = map[string]string{
	"slsflow.yml": `
app: shop
profiles: {dev: {account: "111111111111", params: {prefix: shop}}}
defaultProfile: dev
services:
  orders: {dir: orders}
  mailer: {dir: mailer, verify: ['test "$SLSFLOW_OUTPUT_reads" = shop-orders-alice']}
`,
	"orders/serverless.yml": `
service: orders
outputs: {queue: "${param:prefix}-orders-${sls:stage}"}
`,
	"mailer/serverless.yml": `
service: mailer
outputs: {reads: "${output:orders.queue}"}
`,
}

// The whole of it: alice deploys a work tree to her own stage. Here the records
// and the ledger are in memory, and services are rendered into a directory.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "shop")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	for name, text := range repository {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			fmt.Println(err)
			return
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			fmt.Println(err)
			return
		}
	}

	// What happened, and what it means.
	file, err := workflow.ParseFile(workflow.FileName, []byte(repository["slsflow.yml"]))
	if err != nil {
		fmt.Println(err)
		return
	}
	event := workflow.Event{Kind: workflow.Manual, Actor: "alice", Trust: workflow.Trusted}
	out, err := workflow.Plan(ctx, workflow.Input{File: file, Event: event, Tree: os.DirFS(dir)})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, d := range out.Decisions {
		fmt.Printf("%s to %s: %s\n", d.Service, d.Stage, d.Reason)
	}

	// Carry it out.
	records := new(outputstest.Memory)
	runner := pipeline.Runner{
		Ledger: new(pipelinetest.Memory),
		Executor: &deploy.Executor{
			File:        file,
			Records:     records,
			Workspaces:  deploy.WorkTree(dir),
			Provisioner: &deploy.Local{Root: filepath.Join(dir, "cloud")},
			Env:         deploy.Allow(os.Environ()),
			Now:         func() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) },
		},
	}
	state, err := runner.Start(ctx, "run-1", out.Plans[0])
	fmt.Println(out.Plans[0].Key, state.Status(), err)

	// What is deployed.
	alice, err := stage.Parse("alice")
	if err != nil {
		fmt.Println(err)
		return
	}
	reads, _, err := outputs.Lookup(ctx, records, outputs.Ref{
		Instance: outputs.Instance{App: "shop", Service: "mailer", Stage: alice, Region: "us-east-1"}, Key: "reads",
	})
	fmt.Println(reads.Value, reads.Record.Owner, reads.Record.Account, err)
	// Output:
	// orders to alice: alice asked for all
	// mailer to alice: alice asked for all
	// shop/alice succeeded <nil>
	// shop-orders-alice user:alice 111111111111 <nil>
}
