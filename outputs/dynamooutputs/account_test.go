package dynamooutputs_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cftypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/mototest"
	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/outputs/dynamooutputs"
	"github.com/slsflow/slsflow/profile"
	"github.com/slsflow/slsflow/profile/awsaccess"
)

// with is the configuration that acts with the access of a profile.
func with(t *testing.T, cfg aws.Config, p profile.Profile) aws.Config {
	t.Helper()
	provider, err := awsaccess.New(cfg, p, awsaccess.Session{App: "shop", Run: "run"}, nil)
	require.NoError(t, err)
	cfg.Credentials = provider
	return cfg
}

func mustRole(t *testing.T, arn string) profile.RoleARN {
	t.Helper()
	role, err := profile.ParseRoleARN(arn)
	require.NoError(t, err)
	return role
}

// items is how many there are in the table of an account.
func items(t *testing.T, cfg aws.Config) int {
	t.Helper()
	out, err := dynamodb.NewFromConfig(cfg).Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String(dynamooutputs.DefaultTable)})
	require.NoError(t, err)
	return len(out.Items)
}

// The account of each profile has a table of its own, and nothing crosses over. A
// role, an external ID or an account that is not right stops before any call to
// DynamoDB or KMS.
func TestThreeAccounts(t *testing.T) {
	server := mototest.Start(t)
	front := server.NewFront(t)
	caller := quick(front.Config(server.Config(tooling)))
	dev := profile.Profile{Name: "dev", Account: development, Role: mustRole(t, "arn:aws:iam::111111111111:role/deploy"), ExternalID: "of-dev"}
	prod := profile.Profile{Name: "prod", Account: production, Role: mustRole(t, "arn:aws:iam::222222222222:role/deploy"), ExternalID: "of-prod"}
	front.Enforce(
		mototest.Trust{Role: dev.Role.String(), ExternalID: dev.ExternalID},
		mototest.Trust{Role: prod.Role.String(), ExternalID: prod.ExternalID},
	)
	inDev := ensured(t, with(t, caller, dev), dynamooutputs.Options{})
	inProd := ensured(t, with(t, caller, prod), dynamooutputs.Options{})
	shared := ensured(t, caller, dynamooutputs.Options{})

	deploy(t, inProd, "db", 0, value(`"of production"`))
	for name, s := range map[string]*dynamooutputs.Store{"development": inDev, "tooling": shared} {
		latest, err := s.Latest(t.Context(), outputs.Filter{})
		require.NoError(t, err)
		require.Empty(t, latest, name)
		_, ok, err := outputs.Lookup(t.Context(), s, outputs.Ref{Instance: instance("db"), Key: "table"})
		require.NoError(t, err)
		require.False(t, ok, name)
	}
	deploy(t, inDev, "db", 0, value(`"of development"`))
	found, ok, err := outputs.Lookup(t.Context(), inProd, outputs.Ref{Instance: instance("db"), Key: "table"})
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, "of production", found.Value)
	require.Equal(t, []int{2, 2, 0}, []int{items(t, server.Config(development)), items(t, server.Config(production)), items(t, server.Config(tooling))})

	front.Calls()
	for name, wrong := range map[string]func(*profile.Profile){
		"role":        func(p *profile.Profile) { p.Role = mustRole(t, "arn:aws:iam::222222222222:role/other") },
		"external ID": func(p *profile.Profile) { p.ExternalID = "of-dev" },
		"no ID":       func(p *profile.Profile) { p.ExternalID = "" },
		"account":     func(p *profile.Profile) { p.Role, p.ExternalID = profile.RoleARN{}, "" }, // the caller's own
	} {
		p := prod
		wrong(&p)
		s, err := dynamooutputs.New(with(t, caller, p), dynamooutputs.Options{KMSKey: "alias/slsflow-outputs"})
		require.NoError(t, err, name)
		require.Error(t, s.Ensure(t.Context()), name)
		_, err = s.Begin(t.Context(), deploying("api", "run"), 0)
		var refused *awsaccess.Error
		require.ErrorAs(t, err, &refused, name)
		_, err = s.Latest(t.Context(), outputs.Filter{})
		require.ErrorAs(t, err, &refused, name)
		_, _, err = s.Secret(t.Context(), instance("db"), 1, "k")
		require.ErrorAs(t, err, &refused, name)
	}
	for call := range front.Calls() {
		require.Contains(t, []string{"AssumeRole", "GetCallerIdentity"}, call, "nothing else is asked")
	}
	require.Equal(t, []int{2, 2, 0}, []int{items(t, server.Config(development)), items(t, server.Config(production)), items(t, server.Config(tooling))})
}

// A stack of the template makes what Ensure makes, and a key that works.
func TestTemplate(t *testing.T) {
	server := mototest.Start(t)
	byStack, byHand := quick(server.Config(production)), quick(server.Config(development))
	o := dynamooutputs.Options{KMSKey: "alias/slsflow-outputs"}
	require.True(t, json.Valid(o.Template()))
	client := cloudformation.NewFromConfig(byStack)
	_, err := client.CreateStack(t.Context(), &cloudformation.CreateStackInput{StackName: aws.String("slsflow-outputs"), TemplateBody: aws.String(string(o.Template()))})
	require.NoError(t, err)
	stacks, err := client.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{StackName: aws.String("slsflow-outputs")})
	require.NoError(t, err)
	require.Equal(t, cftypes.StackStatusCreateComplete, stacks.Stacks[0].StackStatus)

	s, err := dynamooutputs.New(byStack, o)
	require.NoError(t, err)
	deploy(t, s, "db", 0, map[string]outputs.Output{"key": {Value: json.RawMessage(`"hush"`), Secret: true}})
	got, _, err := s.Secret(t.Context(), instance("db"), 1, "key")
	require.NoError(t, err)
	require.Equal(t, `"hush"`, string(got))
	require.NoError(t, s.Ensure(t.Context()), "it is there")

	ensured(t, byHand, o)
	type table struct {
		keys, attributes any
		protected        bool
		billing          any
	}
	of := func(cfg aws.Config) table {
		out, err := dynamodb.NewFromConfig(cfg).DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String(dynamooutputs.DefaultTable)})
		require.NoError(t, err)
		return table{out.Table.KeySchema, out.Table.AttributeDefinitions, aws.ToBool(out.Table.DeletionProtectionEnabled), out.Table.BillingModeSummary.BillingMode}
	}
	require.Equal(t, of(byHand), of(byStack))
	backups, err := dynamodb.NewFromConfig(byHand).DescribeContinuousBackups(t.Context(), &dynamodb.DescribeContinuousBackupsInput{TableName: aws.String(dynamooutputs.DefaultTable)})
	require.NoError(t, err)
	require.Equal(t, "ENABLED", string(backups.ContinuousBackupsDescription.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus))
	require.NotContains(t, string(dynamooutputs.Options{}.Template()), "KMS")
}

// A new table may not have backups at once.
func TestEnsureWaitsForBackups(t *testing.T) {
	server := mototest.Start(t)
	front := server.NewFront(t)
	left := 3
	front.Answer(func(call string, w http.ResponseWriter, r *http.Request, pass http.Handler) {
		if call == "DynamoDB.UpdateContinuousBackups" && left > 0 {
			left--
			mototest.Refuse(w, "ContinuousBackupsUnavailableException")
			return
		}
		pass.ServeHTTP(w, r)
	})
	ensured(t, quick(front.Config(server.Config(development))), dynamooutputs.Options{})
	require.Equal(t, 4, front.Calls()["DynamoDB.UpdateContinuousBackups"])
}

// A deployment that has read more than a record has room for is refused before it
// begins, and never when it ends.
func TestTooMuchRead(t *testing.T) {
	server := mototest.Start(t)
	s := ensured(t, quick(server.Config(development)), dynamooutputs.Options{})
	r := deploying("db", "run")
	for n := range outputs.MaxReads {
		long := instance(outputs.Hash(json.RawMessage(fmt.Sprint("a", n))) + outputs.Hash(json.RawMessage(fmt.Sprint("b", n))))
		r.Reads = append(r.Reads, outputs.Read{Instance: long, Key: outputs.Hash(json.RawMessage(fmt.Sprint("c", n))), Hash: outputs.Hash(json.RawMessage(fmt.Sprint(n)))})
	}
	_, err := s.Begin(t.Context(), r, 0)
	require.ErrorIs(t, err, outputs.ErrInvalid)
	require.ErrorContains(t, err, "of which DynamoDB has room for 145456 (read or publish less)")
	history, err := s.History(t.Context(), r.Instance)
	require.NoError(t, err)
	require.Empty(t, history)
	long := deploying(strings.Repeat("s", 1000), "run")
	_, err = s.Begin(t.Context(), long, 0)
	require.ErrorIs(t, err, outputs.ErrInvalid)
	_, ok, err := outputs.Newest(t.Context(), s, long.Instance)
	require.NoError(t, err)
	require.False(t, ok)
}

// Ensure never takes the table of somebody else.
func TestAnotherTable(t *testing.T) {
	server := mototest.Start(t)
	cfg := quick(server.Config(development))
	other := []byte(`{"Resources":{"T":{"Type":"AWS::DynamoDB::Table","Properties":{"TableName":"sessions","BillingMode":"PAY_PER_REQUEST",
		"AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}],"KeySchema":[{"AttributeName":"id","KeyType":"HASH"}]}}}}`)
	_, err := cloudformation.NewFromConfig(cfg).CreateStack(t.Context(), &cloudformation.CreateStackInput{StackName: aws.String("t"), TemplateBody: aws.String(string(other))})
	require.NoError(t, err)
	s, err := dynamooutputs.New(cfg, dynamooutputs.Options{Table: "sessions"})
	require.NoError(t, err)
	require.EqualError(t, s.Ensure(t.Context()), "table sessions for outputs: it is there for something else: its keys are HASH id, want HASH pk, RANGE sk (choose another name)")
}
