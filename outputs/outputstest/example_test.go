package outputstest_test

import (
	"context"
	"fmt"
	"time"

	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/outputs/outputstest"
	"github.com/slsflow/slsflow/stage"
)

// A test of a deployment uses a Memory in place of a real store. The test of a
// store calls outputstest.TestStore.
func Example() {
	ctx := context.Background()
	var store outputstest.Memory
	dev, _ := stage.Parse("dev")
	r := outputs.Record{
		Instance: outputs.Instance{App: "fullstack", Service: "fullstack-tasks", Stage: dev, Region: "us-east-1"},
		Status:   outputs.Deploying,
		Started:  time.Unix(0, 0),
	}
	_, err := store.Begin(ctx, r, 0)
	fmt.Println(err)
	_, err = store.Begin(ctx, r, 0)
	fmt.Println(err)
	// Output:
	// <nil>
	// begin fullstack:dev:us-east-1:fullstack-tasks after 0: changed by somebody else: the newest is 1
}
