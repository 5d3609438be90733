package variables_test

import (
	"context"
	"fmt"

	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/variables"
)

// A document is read, resolved for a stage, and every value knows where it came
// from.
func Example() {
	doc, err := variables.ParseDocument("serverless.yml", []byte(`
service: tasks
provider:
  environment:
    url: ${param:endpoint}
    api_key: ${param:endpoint_api_key}
    table: submissions-${opt:stage, 'dev'}
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	profile := params.Map{
		"endpoint":         "https://dev.example.com",
		"endpoint_api_key": params.NewSecret("23423-dev"),
	}
	r := variables.Resolver{
		Sources: map[string]variables.Source{"opt": variables.Opt(map[string]any{"stage": "alice"})},
		Stage:   "alice",
		Params:  variables.DefaultParams(nil, nil, profile),
	}
	result, err := r.Resolve(context.Background(), doc)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, leaf := range result.Leaves()[1:] {
		fmt.Printf("%s: %v from %s %s %s\n", leaf.Path, leaf.Value, leaf.Origins[0].Type, leaf.Origins[0].Address, leaf.Origins[0].Layer)
	}
	// Output:
	// provider.environment.url: https://dev.example.com from param endpoint default profile
	// provider.environment.api_key: REDACTED from param endpoint_api_key default profile
	// provider.environment.table: submissions-alice from opt stage
}

// All problems of a file come back at once, with a place for each.
func ExampleErrors() {
	doc, err := variables.ParseDocument("serverless.yml", []byte(`
service: tasks
provider:
  environment:
    url: ${param:endpiont}
    home: ${env:HOME}
    a: ${self:provider.environment.b}
    b: x-${self:provider.environment.a, 'x'}
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	r := variables.Resolver{Stage: "dev", Params: variables.DefaultParams(params.Map{"endpoint": "x"}, nil, nil)}
	_, err = r.Resolve(context.Background(), doc)
	fmt.Println(err)
	// Output:
	// serverless.yml:5:10: ${param:endpiont}: no value: param endpiont is in none of command line, params.dev, params.default (did you mean ${param:endpoint}?)
	// serverless.yml:6:11: ${env:HOME}: no source of the type "env" (known here are param, self)
	// serverless.yml:8:10: ${self:provider.environment.a, 'x'}: circular reference: provider.environment.a → provider.environment.b → provider.environment.a (a fallback does not help: give one of them a value of its own)
}

// The command line is given the values, with each secret in the environment.
func ExampleResult_CLI() {
	doc, err := variables.ParseDocument("serverless.yml", []byte(`
provider:
  environment:
    key: Bearer ${param:key}
    price: \${env:PRICE}
    bucket: ${cf:shared.Bucket, param:bucket}
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	r := variables.Resolver{
		Partial: true, // ${cf:…} is left to the command line
		Stage:   "dev",
		Params:  variables.DefaultParams(nil, params.Map{"key": params.NewSecret("23423"), "bucket": "own"}, nil),
	}
	result, err := r.Resolve(context.Background(), doc)
	if err != nil {
		fmt.Println(err)
		return
	}
	file, env, err := result.CLI("SLSFLOW_SECRET_")
	fmt.Print(string(file), env["SLSFLOW_SECRET_1"].Reveal(), err)
	// Output:
	// {
	//   "provider": {
	//     "environment": {
	//       "key": "${env:SLSFLOW_SECRET_1}",
	//       "price": "\\${env:PRICE}",
	//       "bucket": "${cf:shared.Bucket, \"own\"}"
	//     }
	//   }
	// }
	// Bearer 23423<nil>
}
