package deploy

import (
	"strings"

	"github.com/slsflow/slsflow/params/variables"
)

// names returns an error if the service's file cannot tell any more what its
// stack or the bucket of its deployments is called, since what it says there has
// no value by now. With a word of no meaning the wrong one would be removed, or
// none.
func names(resolved *variables.Result) error {
	var errs variables.Errors
	for _, leaf := range resolved.Leaves() {
		switch path := strings.Join(leaf.Keys, "."); path {
		case "service", "service.name", "provider.stackName", "provider.deploymentBucket", "provider.deploymentBucket.name", "provider.deploymentPrefix":
		default:
			continue
		}
		for _, o := range leaf.Origins {
			if o.Type == variables.MissingType {
				errs = append(errs, &variables.Error{
					Pos: leaf.Pos, Path: leaf.Path, Expr: o.Address, Code: variables.Missing,
					Msg:  leaf.Path + " needs it to name what is to be removed, and it has no value any more",
					Hint: "give it the value that it had at the deployment",
				})
			}
		}
	}
	return errs.Err()
}
