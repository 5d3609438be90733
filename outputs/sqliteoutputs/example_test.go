package sqliteoutputs_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/outputs/sqliteoutputs"
	"github.com/slsflow/slsflow/stage"
)

// A deployment is recorded before its first effect and after the last. A secret
// output does not show in its record.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()

	key, _ := sqliteoutputs.NewKey()
	store, err := sqliteoutputs.Open(ctx, filepath.Join(dir, "state.db"), sqliteoutputs.Options{Key: key})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = store.Close() }()

	dev, _ := stage.Parse("dev")
	instance := outputs.Instance{App: "fullstack", Service: "fullstack-database", Stage: dev, Region: "us-east-1"}
	r, err := store.Begin(ctx, outputs.Record{Instance: instance, Status: outputs.Deploying, Run: "run-7", Started: time.Unix(0, 0)}, 0)
	if err != nil {
		fmt.Println(err)
	}
	r.Status, r.Ended = outputs.Deployed, time.Unix(60, 0)
	r.Outputs = map[string]outputs.Output{"password": {Value: json.RawMessage(`"hunter2"`), Secret: true}}
	if err := store.End(ctx, r); err != nil {
		fmt.Println(err)
	}

	latest, err := store.Latest(ctx, outputs.Filter{App: "fullstack"})
	fmt.Println(latest[0].Instance, latest[0].Status, string(latest[0].Outputs["password"].Value), err)
	value, _, err := store.Secret(ctx, instance, r.Number, "password")
	fmt.Println(string(value), err)
	// Output:
	// fullstack:dev:us-east-1:fullstack-database deployed  <nil>
	// "hunter2" <nil>
}
