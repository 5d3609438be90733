package dynamooutputs

import (
	"cmp"
	"encoding/json"
	"strings"
)

// Policy returns a policy of IAM, in JSON, with what a role needs that deploys with
// the store: to read and write the table, and to use the key, if there is one. Who
// calls [Store.Ensure] with it also makes the table.
func (o Options) Policy() []byte {
	type statement struct {
		Effect    string
		Action    []string
		Resource  string
		Condition map[string]map[string]string `json:",omitempty"`
	}
	statements := []statement{{
		Effect: "Allow",
		Action: []string{
			"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:PutItem", "dynamodb:UpdateItem",
			"dynamodb:DescribeTable", "dynamodb:CreateTable", "dynamodb:UpdateContinuousBackups",
		},
		Resource: "arn:*:dynamodb:*:*:table/" + cmp.Or(o.Table, DefaultTable),
	}}
	if o.KMSKey != "" {
		use := statement{Effect: "Allow", Action: []string{"kms:GenerateDataKey", "kms:Decrypt"}, Resource: o.KMSKey}
		switch {
		case strings.HasPrefix(o.KMSKey, "alias/"): // which no resource can be named by
			use.Resource, use.Condition = "*", map[string]map[string]string{"ForAnyValue:StringEquals": {"kms:ResourceAliases": o.KMSKey}}
		case !strings.HasPrefix(o.KMSKey, "arn:"):
			use.Resource = "arn:*:kms:*:*:key/" + o.KMSKey
		}
		statements = append(statements, use)
	}
	text, _ := json.MarshalIndent(map[string]any{"Version": "2012-10-17", "Statement": statements}, "", "  ") // it is made of texts
	return append(text, '\n')
}
