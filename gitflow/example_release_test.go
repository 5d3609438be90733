package gitflow_test

import (
	"context"
	"fmt"
	"os"

	"github.com/slsflow/slsflow/gitflow"
)

// Production has the newest commit of three services. Two of them go back; the
// website, which reads what the API publishes, goes first.
func ExampleRepository_PlanRelease() {
	dir, err := os.MkdirTemp("", "gitflow")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	if _, err := newTeam(dir); err != nil {
		fmt.Println(err)
		return
	}
	r, err := gitflow.Open(dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	now := gitflow.ReleaseSet{"web": "master", "api": "master", "mail": "master"}
	want := gitflow.ReleaseSet{"web": "prod", "api": "prod"}
	plan, err := r.PlanRelease(context.Background(), now, want, gitflow.ReleaseOptions{
		Needs: func(service string) []string { return map[string][]string{"web": {"api"}}[service] },
		Check: nil, // workflow.ReleaseContracts has one
	})
	fmt.Println(err)
	done, err := plan.Run(context.Background(), func(_ context.Context, s gitflow.ReleaseStep) error {
		fmt.Println("deploy", s.Service, "back:", s.Back())
		return nil
	})
	fmt.Println(done, err)
	// Output:
	// <nil>
	// deploy web back: true
	// deploy api back: true
	// 2 <nil>
}
