package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/mototest"
	"github.com/slsflow/slsflow/internal/testenv"
	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/outputs/dynamooutputs"
)

// TestOsls deploys with the real osls to an AWS on loopback: again, a change, a
// failure, and away with it.
func TestOsls(t *testing.T) {
	python, node, osls := testenv.Moto(t), testenv.Node(t), testenv.Osls(t)
	require.NotEmpty(t, python)
	moto := mototest.Start(t)
	repo, bin := t.TempDir(), t.TempDir()
	write := func(name, text string, mode os.FileMode) {
		t.Helper()
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
		require.NoError(t, os.WriteFile(name, []byte(text), mode))
	}
	write(filepath.Join(bin, "osls"), fmt.Sprintf("#!/bin/sh\nexec '%s' '%s' \"$@\"\n", node, osls), 0o755)
	write(filepath.Join(repo, "slsflow.yml"), `
app: shop
profiles:
  dev: {account: "111111111111", role: "arn:aws:iam::111111111111:role/deploy", secrets: [key]}
stages: {dev: dev}
defaultProfile: dev
services:
  table: {dir: table}
  api: {dir: api, verify: ['[ "$SLSFLOW_OUTPUT_name" = api-alice ]']}
`, 0o600)
	write(filepath.Join(repo, "table", "serverless.yml"), `
service: table
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
outputs: {name: 'orders-${sls:stage}'}
`, 0o600)
	api := filepath.Join(repo, "api", "serverless.yml")
	write(api, `
service: api
provider: {name: aws}
functions:
  submit:
    handler: handler.run
    environment: {TABLE: '${output:table.name}', KEY: '${param:key}'}
outputs: {name: 'api-${sls:stage}'}
`, 0o600)
	write(filepath.Join(repo, "api", "handler.js"), "exports.run = async () => ({statusCode: 200})\n", 0o600)

	for name, value := range map[string]string{
		"PATH": bin + string(os.PathListSeparator) + os.Getenv("PATH"), "SLSFLOW_USER": "alice", "SLSFLOW_PARAM_key": "canary-of-the-key",
		"AWS_ENDPOINT_URL": moto.URL, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "developer", "AWS_SECRET_ACCESS_KEY": "developer", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "SLS_AWS_MONITORING_FREQUENCY": "200",
	} {
		t.Setenv(name, value)
	}
	deployedWith := func(t *testing.T, repo string, args ...string) string {
		t.Helper()
		var out, progress bytes.Buffer
		require.Zero(t, run(t.Context(), append([]string{"-dir", repo}, args...), os.Environ(), nil, &out, &progress), "%s", &progress)
		return out.String()
	}
	deploy := func(status int, args ...string) string {
		t.Helper()
		var out, progress bytes.Buffer
		got := run(t.Context(), append([]string{"-dir", repo, "-cli", "osls"}, args...), os.Environ(), nil, &out, &progress)
		require.Equal(t, status, got, "%v: %s%s", args, &out, &progress)
		return out.String() + progress.String()
	}
	stacks := func(account string) []string {
		t.Helper()
		all, err := cloudformation.NewFromConfig(moto.Config(account)).DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{})
		require.NoError(t, err)
		names := make([]string, 0, len(all.Stacks))
		for _, s := range all.Stacks {
			names = append(names, aws.ToString(s.StackName))
		}
		slices.Sort(names)
		return names
	}

	require.Contains(t, deploy(0), "name: api-alice")
	require.Equal(t, []string{"api-alice", "table-alice"}, stacks("111111111111"))
	require.Empty(t, stacks("123456789012"), "the developer's own account")
	deploy(0, "table")

	// With the account of each profile for the records, what is in the file is not
	// known there, and nothing is in the developer's own account.
	require.Contains(t, deploy(0, "-records", "accounts"), "name: api-alice")
	in := func(account string) []outputs.Record {
		t.Helper()
		s, err := dynamooutputs.New(moto.Config(account), dynamooutputs.Options{})
		require.NoError(t, err)
		require.NoError(t, s.Ensure(t.Context()))
		latest, err := s.Latest(t.Context(), outputs.Filter{})
		require.NoError(t, err)
		return latest
	}
	require.Len(t, in("111111111111"), 2)
	require.Equal(t, "table", in("111111111111")[0].Reads[0].Service)
	require.Empty(t, in("123456789012"))
	require.Contains(t, deployedWith(t, repo, "-history", "-records", "accounts"), "api")
	require.Contains(t, deploy(0, "-records", "shared", "-stale"), "nothing is stale")

	broken := `
service: api
provider: {name: aws}
resources:
  Resources:
    Files: {Type: AWS::S3::Bucket, Properties: {BucketName: !Ref Nowhere}}
`
	write(api, broken, 0o600)
	require.Contains(t, deploy(1, "api"), "Nowhere")

	require.Contains(t, deploy(0, "-remove"), "nothing is deployed to alice")
	require.Empty(t, stacks("111111111111"))

	// Neither the key nor what gives access stands anywhere.
	require.NoError(t, filepath.WalkDir(repo, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(name)
		require.NotContains(t, string(text), "canary-of-the-key", name)
		return err
	}))
}
