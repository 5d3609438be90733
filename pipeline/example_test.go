package pipeline_test

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/pipeline/pipelinetest"
)

// printer is an executor that prints what it is asked to do.
type printer struct{}

func (printer) Execute(_ context.Context, t pipeline.Task) (json.RawMessage, error) {
	fmt.Printf("%s: %s %s\n", t.Job.ID, t.Step.Name, t.Step.Input)
	if t.Step.Action == "test" && t.Job.Labels["broken"] != "" {
		return nil, fmt.Errorf("1 test failed")
	}
	return nil, nil
}

// A plan is carried out job by job; a failure stops only what needs it.
func Example() {
	step := func(action, input string) []pipeline.Step {
		return []pipeline.Step{{Name: action, Action: action, Input: json.RawMessage(input)}}
	}
	plan := pipeline.Plan{
		Key: "fullstack/staging",
		Jobs: []pipeline.Job{
			{ID: "test database", Reason: "database/serverless.yml changed", Steps: step("test", `"database"`)},
			{ID: "test tasks", Reason: "tasks/index.js changed", Labels: map[string]string{"broken": "yes"}, Steps: step("test", `"tasks"`)},
			{ID: "deploy database", Needs: []string{"test database"}, Reason: "tested", Steps: step("deploy", `"database"`)},
			{ID: "deploy tasks", Needs: []string{"test tasks"}, Reason: "tested", Steps: step("deploy", `"tasks"`)},
		},
	}
	runner := &pipeline.Runner{
		Ledger:   new(pipelinetest.Memory), // or sqliteledger.Open
		Executor: printer{},
		Parallel: 1,
	}
	state, err := runner.Start(context.Background(), "run-1", plan)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(state.Status())
	fmt.Println(state.Err())
	for job := range state.Jobs() {
		fmt.Println(job.ID, job.Status)
	}
	// Output:
	// test database: test "database"
	// test tasks: test "tasks"
	// deploy database: deploy "database"
	// failed
	// test tasks: step test: 1 test failed
	// test database succeeded
	// test tasks failed
	// deploy database succeeded
	// deploy tasks blocked
}

// All that is wrong with a plan is told at once.
func ExamplePlan_Validate() {
	plan := pipeline.Plan{
		Key: "fullstack/dev",
		Jobs: []pipeline.Job{
			{ID: "a", Needs: []string{"b", "nobody"}},
			{ID: "b", Needs: []string{"a"}},
			{ID: "b"},
		},
	}
	fmt.Println(plan.Validate())
	// Output:
	// plan: jobs[2] (b): the ID is that of jobs[1] too (rename one)
	// plan: jobs[0] (a): needs "nobody", which is not in the plan
	// plan: jobs[0] (a): cycle: "a" needs "b" needs "a"
}

// A step that has nothing to do says so, and one that may be tried again says
// of what class its error is.
func ExampleClassify() {
	err := pipeline.Classify("throttled", fmt.Errorf("rate exceeded"))
	fmt.Println(err)
	fmt.Println(pipeline.Skip("no tests in %s", "tasks"))
	// Output:
	// rate exceeded
	// skipped: no tests in tasks
}
