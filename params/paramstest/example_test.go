package paramstest_test

import (
	"context"
	"fmt"

	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/paramstest"
)

// A test of a deployment uses a Memory in place of a real store. The test of a
// store calls paramstest.TestStore.
func Example() {
	ctx := context.Background()
	var store paramstest.Memory
	key := params.Key{App: "fullstack", Profile: "dev", Name: "endpoint_api_key"}
	if err := store.Put(ctx, key, params.NewSecret("23423-dev")); err != nil {
		fmt.Println(err)
	}
	list, err := store.List(ctx, "fullstack", "dev")
	fmt.Println(list[0].Name, list[0].Secret, err)
	// Output:
	// endpoint_api_key true <nil>
}
