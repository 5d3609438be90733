package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/mototest"
	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/outputs/dynamooutputs"
	"github.com/slsflow/slsflow/stage"
)

// The same questions are answered from DynamoDB: from the account of the stage's
// profile, or from one table for all.
func TestDynamoDB(t *testing.T) {
	moto := mototest.Start(t)
	repo := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(repo, "slsflow.yml"), []byte(`
app: shop
profiles:
  dev: {account: "111111111111", role: "arn:aws:iam::111111111111:role/deploy"}
  prod: {account: "222222222222", role: "arn:aws:iam::222222222222:role/deploy"}
stages: {prod: prod}
defaultProfile: dev
services: {db: {dir: db}}
`), 0o600))
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": moto.URL, "AWS_REGION": mototest.Region, "AWS_ACCESS_KEY_ID": "developer", "AWS_SECRET_ACCESS_KEY": "developer", "AWS_SESSION_TOKEN": "",
		"AWS_PROFILE": "", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		t.Setenv(name, value)
	}
	for account, in := range map[string]string{"111111111111": "alice", "222222222222": "prod", "123456789012": "alice"} { // the last one is the developer's own
		cfg := moto.Config(account)
		key, err := kms.NewFromConfig(cfg).CreateKey(t.Context(), &kms.CreateKeyInput{})
		require.NoError(t, err)
		s, err := dynamooutputs.New(cfg, dynamooutputs.Options{KMSKey: aws.ToString(key.KeyMetadata.KeyId)})
		require.NoError(t, err)
		require.NoError(t, s.Ensure(t.Context()))
		n, err := stage.Parse(in)
		require.NoError(t, err)
		now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		r, err := s.Begin(t.Context(), outputs.Record{
			Instance: outputs.Instance{App: "shop", Service: "db", Stage: n, Region: "us-east-1"}, Status: outputs.Deploying, Started: now,
		}, 0)
		require.NoError(t, err)
		r.Status, r.Ended, r.Outputs = outputs.Deployed, now, map[string]outputs.Output{
			"account": {Value: json.RawMessage(`"` + account + `"`)}, "key": {Value: json.RawMessage(`"of ` + account + `"`), Secret: true},
		}
		require.NoError(t, s.End(t.Context(), r))
	}
	ask := func(status int, args ...string) string {
		t.Helper()
		var out, problems bytes.Buffer
		getenv := func(name string) string { return map[string]string{"SLSFLOW_USER": "alice"}[name] }
		require.Equal(t, status, run(t.Context(), args, getenv, &out, &problems), "%v: %s%s", args, &out, &problems)
		return out.String() + problems.String()
	}
	require.Equal(t, "shop:alice:us-east-1:db.account\t111111111111\nshop:alice:us-east-1:db.key\tREDACTED\n", ask(0, "list", "-dir", repo, "-records", "accounts"))
	require.Equal(t, "shop:prod:us-east-1:db.account\t222222222222\nshop:prod:us-east-1:db.key\tREDACTED\n", ask(0, "list", "-dir", repo, "-records", "accounts", "-stage", "prod"))
	require.Equal(t, "123456789012\n", ask(0, "get", "-dir", repo, "-records", "shared", "db.account"))
	require.Equal(t, "of 222222222222\n", ask(0, "get", "-dir", repo, "-records", "accounts", "-stage", "prod", "-reveal", "db.key"))
	require.Equal(t, "outputs: db is not deployed to stage prod of app shop (it is deployed to alice: choose one with -stage)\n", ask(1, "get", "-dir", repo, "-records", "accounts", ":prod::db.account"), "the table of development does not know")
	require.Contains(t, ask(0, "history", "-dir", repo, "-records", "shared"), "shop:alice:us-east-1:db\t1\tdeployed")
	require.Empty(t, ask(0, "stale", "-dir", repo, "-records", "shared"))
	require.Contains(t, ask(1, "list", "-dir", repo, "-records", "shared", "-table", "another"), "there is no table another in region us-east-1 of this account")
}
