package awsaccess_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/slsflow/slsflow/profile"
	"github.com/slsflow/slsflow/profile/awsaccess"
	"github.com/slsflow/slsflow/stage"
)

// The configuration is usually that of config.LoadDefaultConfig. Here it is one
// for an STS on this machine.
func Example() {
	ctx := context.Background()
	sts, err := startSTS()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer sts.Close()
	cfg := sts.Config("AKIAALICE")

	role, err := profile.ParseRoleARN("arn:aws:iam::111111111111:role/ci/deploy")
	if err != nil {
		fmt.Println(err)
		return
	}
	alice, err := stage.Parse("alice")
	if err != nil {
		fmt.Println(err)
		return
	}
	dev := profile.Profile{Name: "dev", Account: "111111111111", Role: role, ExternalID: "workshop"}
	provider, err := awsaccess.New(cfg, dev, awsaccess.Session{App: "fullstack", Stage: alice, Run: "r-42"}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	keys, err := provider.Retrieve(ctx)
	fmt.Println(keys.AccountID, err)

	// Credentials that happen to be there are not enough for another account.
	prod := profile.Profile{Name: "prod", Account: "333333333333"}
	_, err = awsaccess.Guard(ctx, cfg, prod)
	fmt.Println(errors.Is(err, awsaccess.ErrAccount))
	// Output:
	// 111111111111 <nil>
	// true
}
