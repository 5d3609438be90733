package mototest_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/mototest"
	"github.com/slsflow/slsflow/internal/testenv"
)

// services are of the kinds that a workflow deploys: a table; a function behind HTTP
// with CORS and a statement for its role; a function on a schedule; a bucket alone.
var services = map[string]string{
	"database": `
service: database
provider: {name: aws}
resources:
  Resources:
    Submissions:
      Type: AWS::DynamoDB::Table
      Properties:
        TableName: submissions-${sls:stage}
        BillingMode: PAY_PER_REQUEST
        AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
        KeySchema: [{AttributeName: id, KeyType: HASH}]
  Outputs:
    TableName: {Value: !Ref Submissions}
`,
	"restapi": `
service: restapi
provider:
  name: aws
  environment: {NOTE: '${env:NOTE, "none"}'}
  iam:
    role:
      statements:
        - {Effect: Allow, Action: ['dynamodb:PutItem'], Resource: !Sub 'arn:aws:dynamodb:us-east-1:${AWS::AccountId}:table/submissions'}
functions:
  submit: {handler: handler.run, events: [{http: {path: submit, method: post, cors: true}}]}
`,
	"tasks": `
service: tasks
provider: {name: aws}
functions:
  poll: {handler: handler.run, events: [{schedule: rate(5 minutes)}]}
`,
	"site": `
service: site
provider: {name: aws}
resources:
  Resources:
    Files: {Type: AWS::S3::Bucket}
`,
	"refused": `
service: refused
provider: {name: aws}
resources:
  Resources:
    Files: {Type: AWS::S3::Bucket, Properties: {BucketName: !Ref Nowhere}}
`,
	"clash": `
service: clash
provider: {name: aws}
resources:
  Resources:
    Submissions:
      Type: AWS::DynamoDB::Table
      Properties:
        TableName: ${env:TABLE}
        BillingMode: PAY_PER_REQUEST
        AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
        KeySchema: [{AttributeName: id, KeyType: HASH}]
`,
}

// A cli runs osls, in a copy of the service for each stage, so that two may run at once.
type cli struct {
	node, osls string
	dir        string
	env        []string // of an account
}

func newCLI(t *testing.T, s *mototest.Server, account string) *cli {
	t.Helper()
	c := &cli{node: testenv.Node(t), osls: testenv.Osls(t), dir: t.TempDir()}
	env, err := s.Env(t.Context(), account)
	require.NoError(t, err)
	c.env = append(env, "PATH="+os.Getenv("PATH"), "HOME="+t.TempDir())
	return c
}

// run returns what osls wrote to both outputs.
func (c *cli) run(t *testing.T, command, service, stage string, env ...string) (string, error) {
	t.Helper()
	dir := filepath.Join(c.dir, service+"-"+stage)
	err := errors.Join(
		os.MkdirAll(dir, 0o700),
		os.WriteFile(filepath.Join(dir, "serverless.yml"), []byte(services[service]), 0o600),
		os.WriteFile(filepath.Join(dir, "handler.js"), []byte("exports.run = async () => ({statusCode: 204})\n"), 0o600),
	)
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), c.node, c.osls, command, "--stage", stage, "--region", mototest.Region)
	cmd.Dir = dir
	cmd.Env = slices.Concat(c.env, env)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (c *cli) must(t *testing.T, command, service, stage string, env ...string) string {
	t.Helper()
	out, err := c.run(t, command, service, stage, env...)
	require.NoError(t, err, "%s", out)
	return out
}

func TestOsls(t *testing.T) {
	testenv.Osls(t) // before a server is started
	s := mototest.Start(t)
	one, two := open(t, s, dev), open(t, s, prod)
	osls, other := newCLI(t, s, dev), newCLI(t, s, prod)

	// Deployed one after the other, and again with and without a change.
	osls.must(t, "deploy", "database", "dev")
	require.Contains(t, osls.must(t, "deploy", "restapi", "dev"), "/dev/submit")
	osls.must(t, "deploy", "tasks", "dev")
	osls.must(t, "deploy", "site", "dev")
	require.Contains(t, osls.must(t, "deploy", "restapi", "dev"), "No changes to deploy")
	osls.must(t, "deploy", "restapi", "dev", "NOTE=changed")
	require.Contains(t, one.call("GET", "lambda", "/2015-03-31/functions/restapi-dev-submit", "", ""), `"NOTE": "changed"`)

	_, outputs := one.stack("database-dev")
	require.Equal(t, "submissions-dev", outputs["TableName"])
	status, outputs := one.stack("restapi-dev")
	require.Equal(t, types.StackStatusUpdateComplete, status)
	require.Contains(t, outputs["ServiceEndpoint"], ".execute-api.us-east-1.amazonaws.com/dev")
	require.Contains(t, outputs["SubmitLambdaFunctionQualifiedArn"], "arn:aws:lambda:us-east-1:111111111111:function:restapi-dev-submit:")

	// Several at once, in one account and in another.
	var wait []<-chan error
	for _, run := range []struct {
		cli            *cli
		service, stage string
	}{{osls, "restapi", "alice"}, {osls, "restapi", "bob"}, {osls, "database", "bob"}, {other, "restapi", "alice"}} {
		done := make(chan error, 1)
		wait = append(wait, done)
		go func() {
			out, err := run.cli.run(t, "deploy", run.service, run.stage)
			if err != nil {
				err = errors.Join(err, errors.New(out))
			}
			done <- err
		}()
	}
	for _, done := range wait {
		require.NoError(t, <-done)
	}
	require.Equal(t, types.StackStatusUpdateComplete, two.status("restapi-alice"))
	require.Equal(t, []string{"restapi-alice"}, two.stacks(), "the rest belongs to the other account")

	// What cannot be deployed says why, and leaves what there was.
	out, err := osls.run(t, "deploy", "refused", "dev")
	require.Error(t, err)
	require.Contains(t, out, "The CloudFormation template is invalid: Template error: 'Nowhere' is not one of")
	out, err = osls.run(t, "deploy", "clash", "dev", "TABLE=submissions-dev")
	require.Error(t, err)
	require.Contains(t, out, "CREATE_FAILED: Submissions")
	require.Contains(t, out, "Table already exists: submissions-dev")
	require.Equal(t, types.StackStatusUpdateRollbackComplete, one.status("clash-dev"))
	osls.must(t, "deploy", "clash", "dev", "TABLE=free")

	// Removed, all is gone.
	for _, stack := range one.stacks() {
		service, stage, _ := strings.Cut(stack, "-")
		osls.must(t, "remove", service, stage, "TABLE=free")
	}
	require.Empty(t, one.stacks())
	require.Empty(t, one.tables())
	for service, path := range map[string]string{"s3": "/", "apigateway": "/restapis", "lambda": "/2015-03-31/functions/"} {
		left := one.call("GET", service, path, "", "")
		for name := range services {
			require.NotContains(t, left, name+"-", path)
		}
	}
	require.Equal(t, []string{"restapi-alice"}, two.stacks())
}
