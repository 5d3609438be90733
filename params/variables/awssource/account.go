package awssource

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/slsflow/slsflow/internal/similar"
	"github.com/slsflow/slsflow/params/variables"
)

// identity is whom the credentials belong to.
type identity struct{ account, arn string }

// Account is the source of ${aws:accountId}, ${aws:region} and ${aws:partition}, and
// of ${aws:ssm:/name}, ${aws:cf:stack.Output} and ${aws:s3:bucket/key}, as Serverless
// Framework 4 has them. Of the first three only accountId asks AWS, once.
func (a *AWS) Account() variables.Source {
	s := &account{aws: a, sources: map[string]namedSource{}}
	for kind, source := range a.kinds() {
		s.sources[kind] = namedSource{Source: source, kind: kind}
	}
	return s
}

// AccountWith is [AWS.Account] with further names: ${aws:name:/path}. The error names
// one that cannot be.
func (a *AWS) AccountWith(named map[string]Named) (variables.Source, error) {
	s, _ := a.Account().(*account)
	for name, n := range named {
		source, ok := a.kinds()[n.Type]
		if !ok {
			return nil, fmt.Errorf("%s: %q is no type, want ssm, cf or s3", name, n.Type)
		}
		if n.Region != "" {
			if err := checkRegion(n.Region); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
		s.sources[name] = namedSource{Source: source, kind: n.Type, region: n.Region}
	}
	return s, nil
}

// Named is ssm, cf or s3 of an account under a name of its own.
type Named struct {
	// Type is ssm, cf or s3.
	Type string
	// Region counts where a variable names none. Default: that of the service.
	Region string
}

type namedSource struct {
	variables.Source
	kind   string // ssm, cf or s3
	region string
}

// kinds returns the sources that are named in an address.
func (a *AWS) kinds() map[string]variables.Source {
	return map[string]variables.Source{"ssm": a.Parameters(), "cf": a.Stacks(), "s3": a.Objects()}
}

// account is the source of one account.
type account struct {
	aws     *AWS
	sources map[string]namedSource
}

var _ variables.Tracer = (*account)(nil)

// Resolve is Trace without the origin.
func (s *account) Resolve(ctx context.Context, params []any, address any) (any, bool, error) {
	v, _, found, err := s.Trace(ctx, params, address)
	return v, found, err
}

// Trace returns what an address is about, or asks the source that it names.
func (s *account) Trace(ctx context.Context, params []any, address any) (any, variables.Origin, bool, error) {
	if name, params, rest, ok := s.named(params, address); ok {
		tracer, _ := s.sources[name].Source.(variables.Tracer) // all of this package are
		return tracer.Trace(ctx, params, rest)
	}
	return s.aws.account(ctx, params, address)
}

// Prepare asks together what can be, also under several names of one kind.
func (s *account) Prepare(ctx context.Context, params [][]any, addresses []any) {
	type questions struct {
		source    variables.Source
		params    [][]any
		addresses []any
	}
	byKind := make(map[string]questions)
	for i, address := range addresses {
		if name, params, rest, ok := s.named(params[i], address); ok {
			source := s.sources[name]
			q := byKind[source.kind]
			q.source = source.Source
			q.params, q.addresses = append(q.params, params), append(q.addresses, rest)
			byKind[source.kind] = q
		}
	}
	for _, q := range byKind {
		if batcher, ok := q.source.(variables.Batcher); ok {
			batcher.Prepare(ctx, q.params, q.addresses)
		}
	}
}

// named returns the source that an address names, and what it is asked.
func (s *account) named(params []any, address any) (name string, with []any, rest string, ok bool) {
	text, _ := address.(string)
	name, rest, ok = strings.Cut(text, ":")
	source, known := s.sources[name]
	if !ok || !known {
		return "", nil, "", false
	}
	if source.region != "" && !slices.ContainsFunc(params, isRegion) {
		params = append(slices.Clip(params), source.region)
	}
	return name, params, rest, true
}

func isRegion(param any) bool {
	word, ok := param.(string)
	return ok && regionShape.MatchString(word)
}

func (a *AWS) account(ctx context.Context, _ []any, address any) (any, variables.Origin, bool, error) {
	const want = "${aws:accountId}, ${aws:region}, ${aws:partition} or ${aws:ssm:/NAME}"
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
	return nil, variables.Origin{}, false, fmt.Errorf("aws has no %q, want %s%s", name, want, similar.Hint(name, []string{"accountId", "region", "partition"}))
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
