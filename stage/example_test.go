package stage_test

import (
	"fmt"

	"github.com/slsflow/slsflow/stage"
)

// A pull request deploys to the stage of its branch, unless that is a stage of
// the workflow.
func Example() {
	prod, _ := stage.Parse("prod")
	protected := stage.Protected{prod}

	for _, branch := range []string{"feature/ph-api", "feature-X", "prod"} {
		fmt.Println(stage.ByBranch().Name(stage.Origin{Branch: branch}, protected))
	}
	fmt.Println(stage.ByDeveloper().Name(stage.Origin{User: "alice"}, protected))
	// Output:
	// feature-ph-api <nil>
	// feature-X <nil>
	//  branch "prod" may not deploy to stage "prod": protected stage (rename the branch, or choose another stage policy)
	// alice <nil>
}

// No two branches share a stage: only names that stay as they are go without a
// hash.
func ExampleUnique() {
	for _, branch := range []string{"feature-x", "feature/x", "feature_x"} {
		n, _ := stage.Unique(branch)
		fmt.Println(n)
	}
	// Output:
	// feature-x
	// feature-x-ef6sx5i7c3u5ysnc
	// feature-x-ksclidgdk465octs
}
