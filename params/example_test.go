package params_test

import (
	"context"
	"fmt"

	"github.com/slsflow/slsflow/params"
)

// The command line wins over the profile, and a secret does not show.
func Example() {
	layers := params.Layers{
		{Name: "command line", Layer: params.Map{"endpoint": "http://127.0.0.1:4000"}},
		{Name: "profile dev", Layer: params.Map{
			"endpoint":         "https://dev.example.com",
			"endpoint_api_key": params.NewSecret("23423-dev"),
		}},
	}
	for _, name := range []string{"endpoint", "endpoint_api_key", "region"} {
		value, from, ok, err := layers.Lookup(context.Background(), name)
		fmt.Println(name, value, from, ok, err)
	}
	// Output:
	// endpoint http://127.0.0.1:4000 command line true <nil>
	// endpoint_api_key REDACTED profile dev true <nil>
	// region <nil>  false <nil>
}
