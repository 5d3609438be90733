package sqliteledger_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/pipeline/sqliteledger"
)

type nothing struct{}

func (nothing) Execute(context.Context, pipeline.Task) (json.RawMessage, error) { return nil, nil }

// Runs are kept in a file, and listed from it.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "ledger")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()

	ledger, err := sqliteledger.Open(ctx, filepath.Join(dir, "state.db"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = ledger.Close() }()

	runner := &pipeline.Runner{Ledger: ledger, Executor: nothing{}}
	for i, key := range []string{"fullstack/dev", "fullstack/staging"} {
		_, err := runner.Start(ctx, fmt.Sprint("run-", i+1), pipeline.Plan{Key: key})
		if err != nil {
			fmt.Println(err)
		}
	}
	runs, err := ledger.Runs(ctx, pipeline.Filter{})
	for _, r := range runs {
		fmt.Println(r.ID, r.Key, r.Status)
	}
	fmt.Println(err)
	// Output:
	// run-2 fullstack/staging succeeded
	// run-1 fullstack/dev succeeded
	// <nil>
}
