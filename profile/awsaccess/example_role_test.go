package awsaccess_test

import (
	"fmt"
	"strings"

	"github.com/slsflow/slsflow/profile/awsaccess"
	"github.com/slsflow/slsflow/stage"
)

// The role of an account that the jobs of one branch may take.
func ExampleAccessRole() {
	role := awsaccess.AccessRole{
		OIDC:     []awsaccess.OIDC{{Issuer: awsaccess.GitHub, Subjects: []string{"repo:shop/orders:ref:refs/heads/main"}, Create: true}},
		Services: []string{"orders"},
		Boundary: "arn:aws:iam::111111111111:policy/services",
	}
	template, err := role.Template()
	fmt.Println(strings.Count(string(template), "orders-"), err)

	role.OIDC[0].Subjects = []string{"repo:*"}
	fmt.Println(role.Check())
	// Output:
	// 12 <nil>
	// access role: OIDC provider "https://token.actions.githubusercontent.com": subject "repo:*": want repo:OWNER/…
}

// What a preview may do of what the role may.
func ExampleStagePolicy() {
	n, _ := stage.Parse("feature-x")
	policy, err := awsaccess.StagePolicy(awsaccess.Session{Service: "orders", Stage: n})
	fmt.Println(strings.Contains(policy, `"arn:aws:lambda:*:*:function:orders-feature-x-*"`), err)
	// Output:
	// true <nil>
}
