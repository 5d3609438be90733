package ssmparams_test

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/ssmparams"
)

// The configuration is that of the profile's account. A layer fetches the params
// that a deployment needs in one call for ten of them.
func Example() {
	cfg := aws.Config{Region: "eu-west-1"} // awsaccess has one for each profile
	store, err := ssmparams.New(cfg, "/deployments", &ssmparams.Options{KeyID: "alias/deployments"})
	if err != nil {
		fmt.Println(err)
		return
	}
	layers := params.Layers{
		{Name: "command line", Layer: params.Map{"endpoint": "http://127.0.0.1:4000"}},
		{Name: "profile dev", Layer: params.FromStore(store, "fullstack", "dev", "endpoint", "endpoint_api_key")},
	}
	fmt.Println(layers[1].Name)
	_, err = ssmparams.New(cfg, "/aws/deployments", nil)
	fmt.Println(err)
	// Output:
	// profile dev
	// params in SSM: prefix "/aws/deployments": AWS keeps names that begin with aws or ssm for itself (choose another one)
}
