package variables_test

import (
	"fmt"
	"slices"

	"github.com/slsflow/slsflow/params/variables"
)

// What a service reads is known without a value of it: here the params that must be
// set before it can be deployed. One whose name is a variable cannot be known.
func ExampleDocument_Variables() {
	doc, err := variables.ParseDocument("serverless.yml", []byte(`
service: tasks
provider:
  environment:
    URL: ${param:endpoint}/tasks
    KEY: ${param:key-${sls:stage}}
    SIZE: ${param:size, 10}
    TABLE: ${output:database.table}
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, use := range doc.Variables() {
		optional := slices.ContainsFunc(use.Sources, func(s variables.UseSource) bool { return s.Type == "" })
		for _, s := range use.Sources {
			switch {
			case s.Type == "param" && s.Static:
				fmt.Printf("%s: %s needs the param %s, optional %t\n", use.Pos, use.Path, s.Address, optional)
			case s.Type == "param":
				fmt.Printf("%s: %s needs a param that is known at its stage: %s\n", use.Pos, use.Path, use.Expr)
			}
		}
	}
	// Output:
	// serverless.yml:5:10: provider.environment.URL needs the param endpoint, optional false
	// serverless.yml:6:10: provider.environment.KEY needs a param that is known at its stage: ${param:key-${sls:stage}}
	// serverless.yml:7:11: provider.environment.SIZE needs the param size, optional true
}
