package dynamooutputs

import (
	"cmp"

	"github.com/slsflow/slsflow/internal/iampolicy"
)

// Policy returns a policy of IAM, in JSON, with what a role needs that deploys with
// the store: to read and write the table, and to use the key, if there is one. Who
// calls [Store.Ensure] with it also makes the table.
func (o Options) Policy() []byte {
	statements := []iampolicy.Statement{iampolicy.Allow("arn:*:dynamodb:*:*:table/"+cmp.Or(o.Table, DefaultTable),
		"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:PutItem", "dynamodb:UpdateItem",
		"dynamodb:DescribeTable", "dynamodb:CreateTable", "dynamodb:UpdateContinuousBackups")}
	if o.KMSKey != "" {
		statements = append(statements, iampolicy.Key(o.KMSKey, "kms:GenerateDataKey", "kms:Decrypt"))
	}
	return iampolicy.Document(statements...)
}
