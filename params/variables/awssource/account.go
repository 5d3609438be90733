package awssource

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/slsflow/slsflow/params/variables"
)

// identity is whom the credentials belong to.
type identity struct{ account, arn string }

// Account is the source of ${aws:accountId}, ${aws:region} and ${aws:partition}.
// Only the first asks AWS, once.
func (a *AWS) Account() variables.Source {
	return variables.Parallel(trace(a.account))
}

func (a *AWS) account(ctx context.Context, _ []any, address any) (any, variables.Origin, bool, error) {
	const want = "${aws:accountId}, ${aws:region} or ${aws:partition}"
	name, err := text(address, want)
	if err != nil {
		return nil, variables.Origin{}, false, err
	}
	switch name {
	case "region":
		return a.region, variables.Origin{}, true, nil
	case "partition":
		return partition(a.region), variables.Origin{Object: a.region}, true, nil
	case "accountId":
		id, _, err := a.identity.Do(ctx, "", a.whoami)
		return id.account, variables.Origin{Object: id.arn}, err == nil, err
	}
	return nil, variables.Origin{}, false, fmt.Errorf("aws has no %q, want %s", name, want)
}

func (a *AWS) whoami(outer context.Context) (identity, bool, error) {
	ctx, cancel := context.WithTimeout(outer, a.timeout)
	defer cancel()
	out, err := sts.NewFromConfig(a.config(a.region)).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return identity{}, false, a.fault(outer, "sts:GetCallerIdentity", "in "+a.region, err)
	}
	return identity{account: aws.ToString(out.Account), arn: aws.ToString(out.Arn)}, true, nil
}

// partition returns the partition of a region, which the beginning of its name
// tells.
func partition(region string) string {
	for _, p := range [][2]string{
		{"cn-", "aws-cn"},
		{"us-gov-", "aws-us-gov"},
		{"us-isob-", "aws-iso-b"},
		{"us-isof-", "aws-iso-f"},
		{"us-iso-", "aws-iso"},
		{"eu-isoe-", "aws-iso-e"},
		{"eusc-", "aws-eusc"},
	} {
		if strings.HasPrefix(region, p[0]) {
			return p[1]
		}
	}
	return "aws"
}
