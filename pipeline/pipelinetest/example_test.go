package pipelinetest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/pipeline/pipelinetest"
)

// A plan is tested without deploying anything.
func Example() {
	executor := &pipelinetest.Executor{Do: func(_ context.Context, t pipeline.Task) (json.RawMessage, error) {
		if t.Job.ID == "deploy database" {
			return nil, errors.New("rolled back")
		}
		return nil, nil
	}}
	runner := &pipeline.Runner{Ledger: new(pipelinetest.Memory), Executor: executor}
	deploy := []pipeline.Step{{Name: "deploy", Action: "deploy"}}
	state, err := runner.Start(context.Background(), "run-1", pipeline.Plan{Key: "fullstack/dev", Jobs: []pipeline.Job{
		{ID: "deploy database", Steps: deploy},
		{ID: "deploy restapi", Needs: []string{"deploy database"}, Steps: deploy},
	}})
	fmt.Println(state.Err(), err)
	for _, call := range executor.Calls() {
		fmt.Println(call.Job, call.Step, call.Err)
	}
	// Output:
	// deploy database: step deploy: rolled back <nil>
	// deploy database deploy rolled back
}
