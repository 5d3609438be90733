package dynamooutputs_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/mototest"
	"github.com/slsflow/slsflow/outputs/dynamooutputs"
)

// The policy has what the store asks for, and no more.
func TestPolicy(t *testing.T) {
	server := mototest.Start(t)
	front := server.NewFront(t)
	cfg := quick(front.Config(server.Config(development)))
	s := ensured(t, cfg, dynamooutputs.Options{KMSKey: key(t, cfg)})
	all(t, s)
	asked := map[string]bool{"dynamodb:UpdateItem": true} // of a transaction, as PutItem
	for call := range front.Calls() {
		switch service, name, _ := strings.Cut(call, "."); {
		case call == "DynamoDB.TransactWriteItems":
			asked["dynamodb:PutItem"] = true
		case service == "DynamoDB":
			asked["dynamodb:"+name] = true
		case service == "TrentService" && name != "CreateKey": // that is KMS
			asked["kms:"+name] = true
		}
	}
	var policy struct {
		Statement []struct {
			Action    []string
			Resource  string
			Condition map[string]map[string]string
		}
	}
	require.NoError(t, json.Unmarshal(dynamooutputs.Options{KMSKey: "alias/slsflow-outputs"}.Policy(), &policy))
	given := make(map[string]bool)
	for _, statement := range policy.Statement {
		for _, action := range statement.Action {
			given[action] = true
		}
	}
	require.Equal(t, asked, given)
	require.Equal(t, "arn:*:dynamodb:*:*:table/slsflow-outputs", policy.Statement[0].Resource)
	require.Equal(t, "alias/slsflow-outputs", policy.Statement[1].Condition["ForAnyValue:StringEquals"]["kms:ResourceAliases"])
	for kms, want := range map[string]string{
		"arn:aws:kms:eu-west-1:111111111111:key/1": "arn:aws:kms:eu-west-1:111111111111:key/1", "1234": "arn:*:kms:*:*:key/1234",
	} {
		require.NoError(t, json.Unmarshal(dynamooutputs.Options{KMSKey: kms, Table: "t"}.Policy(), &policy))
		require.Equal(t, want, policy.Statement[1].Resource)
	}
	require.NotContains(t, string(dynamooutputs.Options{}.Policy()), "kms")
}
