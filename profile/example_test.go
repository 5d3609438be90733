package profile_test

import (
	"fmt"

	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/profile"
	"github.com/slsflow/slsflow/stage"
)

func Example() {
	staging, err := stage.Parse("staging")
	if err != nil {
		fmt.Println(err)
		return
	}
	set := profile.Set{
		Profiles: []profile.Profile{
			{Name: "dev", Account: "111111111111", Params: map[string]params.Value{"env": "dev"}},
			{Name: "staging", Account: "222222222222", Params: map[string]params.Value{"env": "staging"}},
		},
		Stages:  map[stage.Name]string{staging: "staging"},
		Default: "dev",
	}
	for _, branch := range []string{"staging", "feature/ph-api"} {
		n, err := stage.Branch(branch)
		if err != nil {
			fmt.Println(err)
			continue
		}
		p, mapped, err := set.For(n)
		fmt.Println(n, p.Name, p.Account, mapped, err)
	}
	// Output:
	// staging staging 222222222222 true <nil>
	// feature-ph-api dev 111111111111 false <nil>
}
