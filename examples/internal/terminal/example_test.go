package terminal_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/slsflow/slsflow/examples/internal/terminal"
	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/pipeline/pipelinetest"
)

func Example() {
	clock := pipelinetest.NewClock(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	options := terminal.Detect(os.Stdout, os.Getenv)
	options.Live = false // an example has no terminal
	progress := terminal.New(os.Stdout, options)

	runner := &pipeline.Runner{
		Ledger: new(pipelinetest.Memory), Reporters: []pipeline.Reporter{progress}, Clock: clock,
		Executor: &pipelinetest.Executor{Do: func(_ context.Context, task pipeline.Task) (json.RawMessage, error) {
			clock.Advance(2 * time.Second)
			if task.Step.Name == "deploy" {
				fmt.Fprintln(task.Log, "no such table")
				return nil, fmt.Errorf("exit status 1")
			}
			return nil, nil
		}},
	}
	progress.Heading("staging", "feature/ph-api is merged")
	_, err := runner.Start(context.Background(), "run-1", pipeline.Plan{
		Key: "fullstack/staging",
		Jobs: []pipeline.Job{
			{ID: "test api", Steps: []pipeline.Step{{Name: "test", Action: "test"}}},
			{ID: "deploy api", Needs: []string{"test api"}, Steps: []pipeline.Step{{Name: "deploy", Action: "deploy"}}},
		},
	})
	progress.Check(err == nil, "the run came to its end")
	fmt.Println(progress.Close())
	// Output:
	// == staging: feature/ph-api is merged
	// staging: run run-1 began, 2 jobs
	// staging: test api · test: started
	// staging: test api · test: succeeded (2.0s)
	// staging: deploy api · deploy: started
	// staging: deploy api · deploy: FAILED (2.0s): exit status 1
	//     | no such table
	// staging: run run-1 failed, 2 jobs, 1 failed (4.0s)
	// ok: the run came to its end
	// <nil>
}

func ExampleTable() {
	err := terminal.Table(os.Stdout, 80, []terminal.Row{
		{
			Stage: "dev", Service: "database", Commit: "0123456789", Profile: "dev", Account: "111111111111",
			Outputs: []terminal.Output{{Key: "table", Value: "submissions-dev"}, {Key: "region", Value: "us-east-1"}},
		},
		{Stage: "staging", Service: "api", Commit: "9876543210", Profile: "staging", Account: "222222222222"},
	})
	fmt.Println(err)
	// Output:
	// stage    service   commit    profile  account       outputs
	// ────────────────────────────────────────────────────────────────────────────
	// dev      database  01234567  dev      111111111111  table: submissions-dev
	//                                                     region: us-east-1
	// ────────────────────────────────────────────────────────────────────────────
	// staging  api       98765432  staging  222222222222
	// <nil>
}
