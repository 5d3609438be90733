package dynamooutputs_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/mototest"
	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/outputs/dynamooutputs"
	"github.com/slsflow/slsflow/outputs/outputstest"
	"github.com/slsflow/slsflow/stage"
)

const (
	development = "111111111111"
	production  = "222222222222"
	tooling     = "333333333333"
)

var then = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// quick makes the pauses between attempts short.
func quick(cfg aws.Config) aws.Config {
	cfg.Retryer = func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) {
			o.RateLimiter = ratelimit.None
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return time.Millisecond, nil })
		})
	}
	return cfg
}

// key makes a key of KMS in the account of cfg.
func key(t *testing.T, cfg aws.Config) string {
	t.Helper()
	out, err := kms.NewFromConfig(cfg).CreateKey(t.Context(), &kms.CreateKeyInput{})
	require.NoError(t, err)
	return aws.ToString(out.KeyMetadata.KeyId)
}

// ensured is a store whose table is there.
func ensured(t *testing.T, cfg aws.Config, o dynamooutputs.Options) *dynamooutputs.Store {
	t.Helper()
	s, err := dynamooutputs.New(cfg, o)
	require.NoError(t, err)
	require.NoError(t, s.Ensure(t.Context()))
	return s
}

func instance(service string) outputs.Instance {
	n, _ := stage.Parse("dev")
	return outputs.Instance{App: "shop", Service: service, Stage: n, Region: "eu-west-1"}
}

func deploying(service, run string) outputs.Record {
	return outputs.Record{Instance: instance(service), Status: outputs.Deploying, Run: run, Started: then}
}

func ending(r outputs.Record, outs map[string]outputs.Output) outputs.Record {
	r.Status, r.Ended, r.Outputs = outputs.Deployed, then, outs
	return r
}

func value(text string) map[string]outputs.Output {
	return map[string]outputs.Output{"table": {Value: json.RawMessage(text)}}
}

// deploy adds a record that is deployed.
func deploy(t *testing.T, s outputs.Store, service string, after int64, outs map[string]outputs.Output) outputs.Record {
	t.Helper()
	r, err := s.Begin(t.Context(), deploying(service, "run"), after)
	require.NoError(t, err)
	require.NoError(t, s.End(t.Context(), ending(r, outs)))
	return r
}

func TestStore(t *testing.T) {
	server := mototest.Start(t)
	cfg := quick(server.Config(development))
	o := dynamooutputs.Options{KMSKey: key(t, cfg)}
	tables := 0
	outputstest.TestStore(t, func(t *testing.T) outputs.Store {
		t.Helper()
		tables++
		o.Table = fmt.Sprintf("outputs-%d", tables)
		return ensured(t, cfg, o)
	})
}

// Without a key of KMS all works but secret outputs.
func TestWithoutAKey(t *testing.T) {
	server := mototest.Start(t)
	cfg := quick(server.Config(development))
	s := ensured(t, cfg, dynamooutputs.Options{})
	deploy(t, s, "db", 0, value(`"orders"`))
	r, err := s.Begin(t.Context(), deploying("db", "next"), 1)
	require.NoError(t, err)
	err = s.End(t.Context(), ending(r, map[string]outputs.Output{"key": {Value: json.RawMessage(`"hush"`), Secret: true}}))
	require.ErrorIs(t, err, errors.ErrUnsupported)
	require.EqualError(t, err, "end shop:dev:eu-west-1:db, record 2: unsupported operation: secret outputs need a key of AWS KMS (set Options.KMSKey)")
	newest, _, err := outputs.Newest(t.Context(), s, r.Instance)
	require.NoError(t, err)
	require.Equal(t, outputs.Deploying, newest.Status, "it can still be ended")

	for table, want := range map[string]string{"a b": "is no name of a table", "x": "is no name of a table"} {
		_, err := dynamooutputs.New(cfg, dynamooutputs.Options{Table: table})
		require.ErrorContains(t, err, want)
	}
	cfg.Region = ""
	_, err = dynamooutputs.New(cfg, dynamooutputs.Options{})
	require.ErrorContains(t, err, "no region")
}

// A table that is not there is an error that says what to do, and never "nothing is
// deployed".
func TestWithoutATable(t *testing.T) {
	server := mototest.Start(t)
	s, err := dynamooutputs.New(quick(server.Config(development)), dynamooutputs.Options{})
	require.NoError(t, err)
	_, beginErr := s.Begin(t.Context(), deploying("db", "run"), 0)
	_, historyErr := s.History(t.Context(), instance("db"))
	_, latestErr := s.Latest(t.Context(), outputs.Filter{})
	_, appErr := s.Latest(t.Context(), outputs.Filter{App: "shop"})
	_, batchErr := s.ListPublished(t.Context(), []outputs.Instance{instance("db")})
	_, _, secretErr := s.Secret(t.Context(), instance("db"), 1, "k")
	for what, err := range map[string]error{"begin": beginErr, "history": historyErr, "latest": latestErr, "app": appErr, "batch": batchErr, "secret": secretErr} {
		require.ErrorContains(t, err, "there is no table slsflow-outputs in region us-east-1 of this account (make it by Store.Ensure or a stack of Options.Template)", what)
	}
}

// What stands in the table tells no secret, also not by its hash.
func TestNoSecretStandsInTheTable(t *testing.T) {
	server := mototest.Start(t)
	cfg := quick(server.Config(development))
	s := ensured(t, cfg, dynamooutputs.Options{KMSKey: key(t, cfg)})
	secret := map[string]outputs.Output{"key": {Value: json.RawMessage(`"23423-dev"`), Secret: true}, "plain": {Value: json.RawMessage(`"to be found"`)}}
	for n := range int64(2) {
		deploy(t, s, "db", n, secret)
	}
	out, err := dynamodb.NewFromConfig(cfg).Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String(dynamooutputs.DefaultTable)})
	require.NoError(t, err)
	all := printed(&types.AttributeValueMemberM{Value: map[string]types.AttributeValue{}})
	for _, item := range out.Items {
		all += printed(&types.AttributeValueMemberM{Value: item})
	}
	require.Contains(t, all, "to be found")
	require.NotContains(t, all, "23423")
	require.NotContains(t, all, outputs.Hash(secret["key"].Value))

	// A value that is moved to another record does not open there.
	older := map[string]types.AttributeValue{}
	for _, item := range out.Items {
		if v, ok := item["sk"].(*types.AttributeValueMemberS); ok && strings.HasSuffix(v.Value, "0001") {
			older = item
		}
	}
	_, err = dynamodb.NewFromConfig(cfg).UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
		TableName:                 aws.String(dynamooutputs.DefaultTable),
		Key:                       map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: "instances#shop"}, "sk": &types.AttributeValueMemberS{Value: "dev:eu-west-1:db"}},
		UpdateExpression:          aws.String("SET secrets = :s, datakey = :k"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":s": older["secrets"], ":k": older["datakey"]},
	})
	require.NoError(t, err)
	got, ok, err := s.Secret(t.Context(), instance("db"), 1, "key")
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, `"23423-dev"`, string(got))
	_, _, err = s.Secret(t.Context(), instance("db"), 2, "key")
	require.ErrorContains(t, err, "secret output shop:dev:eu-west-1:db.key of record 2: KMS")
}

// printed writes all that is in an item.
func printed(v types.AttributeValue) string {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return v.Value + "\n"
	case *types.AttributeValueMemberB:
		return string(v.Value) + "\n"
	case *types.AttributeValueMemberM:
		all := ""
		for name, item := range v.Value {
			all += name + " " + printed(item)
		}
		return all
	}
	return "\n"
}
