package outputs_test

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/outputs/outputstest"
	"github.com/slsflow/slsflow/stage"
)

// The shared database of dev publishes its table's name, and alice's REST API,
// which is deployed to her own stage, reads it.
func Example() {
	ctx := context.Background()
	var store outputstest.Memory // in a program: sqliteoutputs.Open
	dev, _ := stage.Parse("dev")
	alice, _ := stage.Parse("alice")
	database := outputs.Instance{App: "fullstack", Service: "fullstack-database", Stage: dev, Region: "us-east-1"}

	r, err := store.Begin(ctx, outputs.Record{Instance: database, Status: outputs.Deploying, Started: time.Unix(0, 0)}, 0)
	if err != nil {
		fmt.Println(err)
	}
	// Here the service is deployed.
	r.Status, r.Ended = outputs.Deployed, time.Unix(60, 0)
	r.Outputs = map[string]outputs.Output{"name": {Value: json.RawMessage(`"submissions-dev"`)}}
	if err := store.End(ctx, r); err != nil {
		fmt.Println(err)
	}

	restapi := outputs.Instance{App: "fullstack", Service: "fullstack-restapi", Stage: alice, Region: "us-east-1"}
	for _, address := range []string{":dev::fullstack-database.name", "fullstack-database.name"} {
		ref, err := outputs.ParseRef(address, restapi)
		if err != nil {
			fmt.Println(err)
		}
		found, ok, err := outputs.Lookup(ctx, &store, ref)
		fmt.Println(ref, found.Value, ok, err)
	}
	// Output:
	// fullstack:dev:us-east-1:fullstack-database.name submissions-dev true <nil>
	// fullstack:alice:us-east-1:fullstack-database.name <nil> false <nil>
}
