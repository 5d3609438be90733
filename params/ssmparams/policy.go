package ssmparams

import (
	"fmt"

	"github.com/slsflow/slsflow/internal/iampolicy"
)

// Policy returns a policy of IAM, in JSON, with what a role needs that reads and
// writes the store of a prefix: its parameters, and the key of [Options.KeyID] if
// there is one. The account's own key needs no policy. The error is about the
// prefix, as that of [New].
func (o Options) Policy(prefix string) ([]byte, error) {
	prefix, err := checkPrefix(prefix)
	if err != nil {
		return nil, fmt.Errorf("params in SSM: %w", err)
	}
	statements := []iampolicy.Statement{iampolicy.Allow("arn:*:ssm:*:*:parameter"+prefix+"/*",
		"ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath", "ssm:GetParameterHistory",
		"ssm:PutParameter", "ssm:DeleteParameter")}
	if o.KeyID != "" {
		// A standard parameter is encrypted by Encrypt, an advanced one by a data key:
		// https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html.
		statements = append(statements, iampolicy.Key(o.KeyID, "kms:Encrypt", "kms:GenerateDataKey", "kms:Decrypt"))
	}
	return iampolicy.Document(statements...), nil
}
