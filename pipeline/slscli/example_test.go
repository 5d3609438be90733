package slscli_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/pipeline/slscli"
	"github.com/slsflow/slsflow/stage"
)

// A shell stands in for the program here, and shows what it is given.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "tasks")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	if err := os.WriteFile(filepath.Join(dir, "serverless.yml"), []byte("service: tasks\n"), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	alice, err := stage.Parse("alice")
	if err != nil {
		fmt.Println(err)
		return
	}
	cli := slscli.CLI{Command: []string{"/bin/sh", "-c", `echo "serverless $*"; echo "key of ${#API_KEY} characters"`, "serverless"}}
	call := slscli.Call{
		Dir: dir, Stage: alice, Region: "us-east-1",
		Secrets: map[string]params.Secret{"API_KEY": params.NewSecret("23423-dev")},
		Log:     os.Stdout,
	}
	fmt.Println(cli.Deploy(ctx, call, slscli.DeployOptions{}))

	call.Params = map[string]params.Value{"api_key": params.NewSecret("23423-dev")}
	err = cli.Deploy(ctx, call, slscli.DeployOptions{})
	fmt.Println(err != nil, errors.Is(err, slscli.ErrSecret))
	// Output:
	// serverless deploy --stage alice --region us-east-1
	// key of 9 characters
	// <nil>
	// true true
}
