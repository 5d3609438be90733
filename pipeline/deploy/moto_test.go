package deploy_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/mototest"
	"github.com/slsflow/slsflow/internal/testenv"
	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/pipeline/deploy"
	"github.com/slsflow/slsflow/pipeline/slscli"
)

const cloudApp = `
-- slsflow.yml --
app: shop
profiles:
  dev:
    account: "111111111111"
    role: arn:aws:iam::111111111111:role/deploy
    params: {env: dev}
    secrets: [key]
  prod:
    account: "222222222222"
    role: arn:aws:iam::222222222222:role/deploy
stages: {prod: prod}
defaultProfile: dev
services:
  db: {dir: db}
  api: {dir: api}
-- db/serverless.yml --
service: db
provider: {name: aws}
resources:
  Resources:
    Orders:
      Type: AWS::DynamoDB::Table
      Properties:
        TableName: orders-${sls:stage}
        BillingMode: PAY_PER_REQUEST
        AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
        KeySchema: [{AttributeName: id, KeyType: HASH}]
outputs: {table: "orders-${sls:stage}"}
-- api/serverless.yml --
service: api
provider: {name: aws}
functions:
  submit:
    handler: handler.run
    environment: {TABLE: "${output:db.table}", KEY: "Bearer ${param:key, 'none'}", LITERAL: 'a \${env:HOME} text'}
-- api/handler.js --
exports.run = async () => ({statusCode: 204})
`

// stacksOf returns the stacks of an account, with their status.
func stacksOf(t *testing.T, s *mototest.Server, account string) map[string]string {
	t.Helper()
	out, err := cloudformation.NewFromConfig(s.Config(account)).DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{})
	require.NoError(t, err)
	all := map[string]string{}
	for _, stack := range out.Stacks {
		all[aws.ToString(stack.StackName)] = string(stack.StackStatus)
	}
	return all
}

// The whole of it for real: roles are assumed, osls deploys, updates and removes
// stacks of CloudFormation, in the account of the profile and nowhere else.
func TestOnAWS(t *testing.T) {
	s := mototest.Start(t)
	cli := slscli.CLI{Command: []string{testenv.Node(t), testenv.Osls(t)}}
	h := build(t, cloudApp)
	h.keep(t, "key", "hush-hush-hush")
	h.exec.Provisioner = deploy.CommandLine{CLI: cli, Env: []string{"SLS_AWS_MONITORING_FREQUENCY=200"}}
	h.exec.Access = &deploy.AWS{Config: s.Config("333333333333")} // as whom the roles are assumed
	h.exec.Env = deploy.Allow(append(os.Environ(), "AWS_ENDPOINT_URL="+s.URL, "AWS_PROFILE=nobody", "HOME="+t.TempDir()), "AWS_*")

	st := h.run(t, alice())
	require.Equal(t, map[string]string{"db-alice": "UPDATE_COMPLETE", "api-alice": "UPDATE_COMPLETE"}, complete(stacksOf(t, s, "111111111111")))
	template, err := cloudformation.NewFromConfig(s.Config("111111111111")).GetTemplate(t.Context(), &cloudformation.GetTemplateInput{StackName: aws.String("api-alice")})
	require.NoError(t, err)
	body := aws.ToString(template.TemplateBody)
	require.Contains(t, body, "orders-alice")
	require.Contains(t, body, "Bearer hush-hush-hush", "what is deployed has the secret")
	require.Contains(t, body, "a ${env:HOME} text")
	for _, job := range []string{"deploy db", "deploy api"} {
		require.NotContains(t, h.log(t, st, job, "deploy"), "hush-hush-hush")
	}
	require.NoDirExists(t, filepath.Join(h.repo, "api", ".serverless"))

	// Nothing of the one account is seen from the other.
	h.run(t, at(alice("db"), "prod"))
	require.Equal(t, map[string]string{"db-prod": "UPDATE_COMPLETE"}, complete(stacksOf(t, s, "222222222222")))
	require.Len(t, stacksOf(t, s, "111111111111"), 2)
	require.Empty(t, stacksOf(t, s, "333333333333"))

	// One that CloudFormation refuses fails, and is known.
	h.write(t, "db/serverless.yml", strings.Replace(read(t, h.repo, "db", "serverless.yml"), "BillingMode: PAY_PER_REQUEST", "BillingMode: !Ref Nowhere", 1))
	bad := h.try(t, alice("db"))
	require.ErrorContains(t, bad.Err(), "Nowhere")
	require.Equal(t, outputs.Failed, h.history(t, "db", "alice")[0].Status)

	gone := h.run(t, removal())
	require.Empty(t, stacksOf(t, s, "111111111111"))
	require.Equal(t, outputs.Removed, h.history(t, "api", "alice")[0].Status)
	require.Equal(t, pipeline.Succeeded, stepOf(t, gone, "remove api", "remove").Status)
	require.Len(t, stacksOf(t, s, "222222222222"), 1)

	// Credentials of another account stop before the first call.
	h.exec.Access = &deploy.AWS{Config: s.Config("333333333333")}
	text := strings.Replace(read(t, h.repo, "slsflow.yml"), "    role: arn:aws:iam::111111111111:role/deploy\n", "", 1)
	h.reread(t, text)
	before := len(h.history(t, "api", "alice"))
	wrong := h.try(t, alice("api"))
	require.ErrorContains(t, wrong.Err(), "333333333333")
	require.ErrorContains(t, wrong.Err(), "111111111111")
	require.Len(t, h.history(t, "api", "alice"), before)
	require.Empty(t, stacksOf(t, s, "111111111111"))
	require.Empty(t, stacksOf(t, s, "333333333333"))
}

// complete makes CREATE_COMPLETE and UPDATE_COMPLETE one.
func complete(stacks map[string]string) map[string]string {
	for name, status := range stacks {
		if status == "CREATE_COMPLETE" {
			stacks[name] = "UPDATE_COMPLETE"
		}
	}
	return stacks
}
