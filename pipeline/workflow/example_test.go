package workflow_test

import (
	"context"
	"fmt"
	"testing/fstest"

	"github.com/slsflow/slsflow/pipeline/workflow"
)

// A pull request changes the website, which reads an output of the API in its
// own stage.
func Example() {
	file, err := workflow.ParseFile("slsflow.yml", []byte(`
app: shop
profiles:
  dev: {account: "111111111111"}
defaultProfile: dev
branches: {main: dev}
services:
  shop-db: {dir: db, previews: off}
  shop-api: {dir: api}
  shop-web: {dir: web, test: npm test}
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	tree := fstest.MapFS{
		"db/serverless.yml":  {Data: []byte("service: shop-db")},
		"api/serverless.yml": {Data: []byte("service: shop-api\noutputs: {url: x}")},
		"web/serverless.yml": {Data: []byte("service: shop-web\ncustom: {api: '${output:shop-api.url}'}")},
	}
	out, err := workflow.Plan(context.Background(), workflow.Input{
		File: file, Tree: tree, Changed: []string{"web/index.html"}, ChangedKnown: true,
		Event: workflow.Event{
			Kind: workflow.PullRequest, Action: workflow.Opened, PullRequest: 7, Trust: workflow.Trusted,
			Branch: "feature/menu", Target: "main", Commit: "6e1f…",
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, d := range out.Decisions {
		fmt.Println(d.Service, d.In, d.Reason)
	}
	for _, plan := range out.Plans {
		fmt.Println(plan.Key)
		for _, job := range plan.Jobs {
			fmt.Printf("  %s, after %q\n", job.ID, job.Needs)
		}
	}
	// Output:
	// shop-db false its previews are off
	// shop-api true shop-web reads its output url, and it is not deployed to feature-menu yet
	// shop-web true web/index.html changed
	// shop/feature-menu
	//   test shop-web, after []
	//   deploy shop-api, after ["test shop-web"]
	//   deploy shop-web, after ["test shop-web" "deploy shop-api"]
}

// All that is wrong with a file is told at once, each at its place.
func ExampleParseFile() {
	_, err := workflow.ParseFile("slsflow.yml", []byte(`app: shop
profiles: {dev: {acount: "111111111111"}}
stages: {dev: dev, prod: prd}
services:
  shop-api: {dir: ../api}
`))
	fmt.Println(err)
	// Output:
	// slsflow.yml:2:18: profiles.dev.acount: unknown key (did you mean "account"?)
	// slsflow.yml:3:26: stages.prod: no such profile "prd" (there are: dev) (add it under profiles, or name one of these)
	// slsflow.yml:5:19: services.shop-api.dir: "../api" is not in the repository (name a directory from the root of the repository, with slashes)
}
