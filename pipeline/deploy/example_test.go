package deploy_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/slsflow/slsflow/outputs/outputstest"
	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/paramstest"
	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/pipeline/deploy"
	"github.com/slsflow/slsflow/pipeline/pipelinetest"
	"github.com/slsflow/slsflow/pipeline/workflow"
)

// Alice deploys two services to a stage of her own. The API reads an output of
// the database and a secret of the profile. Nothing goes to a cloud: what would be
// deployed is rendered into a directory.
func Example() {
	ctx := context.Background()
	repo, err := os.MkdirTemp("", "shop")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(repo)
	for name, text := range map[string]string{
		"slsflow.yml": `
app: shop
profiles:
  dev: {account: "111111111111", params: {size: 512}, secrets: [token]}
defaultProfile: dev
services:
  db: {dir: db}
  api: {dir: api, test: echo tested in $SLSFLOW_STAGE}
`,
		"db/serverless.yml": `
service: db
outputs: {table: "orders-${sls:stage}"}
`,
		"api/serverless.yml": `
service: api
provider:
  name: aws
  memorySize: ${param:size}
  environment:
    TABLE: ${output:db.table}
    AUTHORIZATION: Bearer ${param:token}
`,
	} {
		path := filepath.Join(repo, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			log.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			log.Fatal(err)
		}
	}

	// The plan.
	text, err := os.ReadFile(filepath.Join(repo, workflow.FileName))
	if err != nil {
		log.Fatal(err)
	}
	file, err := workflow.ParseFile(workflow.FileName, text)
	if err != nil {
		log.Fatal(err)
	}
	outcome, err := workflow.Plan(ctx, workflow.Input{
		File: file, Tree: os.DirFS(repo),
		Event: workflow.Event{Kind: workflow.Manual, Actor: "alice", Trust: workflow.Trusted},
	})
	if err != nil {
		log.Fatal(err)
	}

	// The run. Use sqliteoutputs, sqliteparams and sqliteledger to keep it.
	secrets := new(paramstest.Memory)
	if err := secrets.Put(ctx, params.Key{App: "shop", Profile: "dev", Name: "token"}, params.NewSecret("hush")); err != nil {
		log.Fatal(err)
	}
	cloud := filepath.Join(repo, ".slsflow", "cloud")
	runner := pipeline.Runner{
		Ledger: new(pipelinetest.Memory),
		Executor: &deploy.Executor{
			File: file, Records: new(outputstest.Memory), Secrets: secrets,
			Workspaces: deploy.WorkTree(repo), Provisioner: &deploy.Local{Root: cloud},
			Env: deploy.Allow(os.Environ()),
		},
	}
	st, err := runner.Start(ctx, "run-1", outcome.Plans[0])
	if err != nil {
		log.Fatal(err)
	}
	for job := range st.Jobs() {
		fmt.Println(job.ID, job.Status)
	}
	rendered, err := os.ReadFile(filepath.Join(cloud, "111111111111", "us-east-1", "shop", "alice", "api", "serverless.json"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s", rendered)
	// Output:
	// test api succeeded
	// deploy db succeeded
	// deploy api succeeded
	// {
	//   "service": "api",
	//   "provider": {
	//     "name": "aws",
	//     "memorySize": 512,
	//     "environment": {
	//       "TABLE": "orders-alice",
	//       "AUTHORIZATION": "REDACTED"
	//     }
	//   }
	// }
}
