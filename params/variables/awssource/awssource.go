// Package awssource gives the values of ${aws:…}, ${cf:…}, ${s3:…} and ${ssm:…}.
//
// [New] takes the configuration of one account, and [AWS.Sources] goes into
// [variables.Resolver]. Everything is fetched when it is first asked for and then
// kept, so make one AWS for a run and use it for all of its documents. Params of
// the Parameter Store are fetched ten at a time, a stack is described once for all
// of its outputs, and what does not depend on each other is asked in parallel.
//
//   - ${aws:accountId}, ${aws:region}, ${aws:partition}, and the others as
//     ${aws:ssm:/name}, ${aws:cf:stack.Output} and ${aws:s3:bucket/key}
//   - ${cf:stack.Output}, ${cf(eu-west-1):stack.Output}: always a text
//   - ${s3:bucket/key}: the object as a text
//   - ${ssm:/name}, ${ssm(eu-west-1):/name}, and the words raw and noDecrypt beside
//     or instead of the region: a StringList is a list unless raw; a SecureString
//     is a secret, and JSON in it a map of secrets unless raw; with noDecrypt it is
//     the cipher text. /aws/reference/secretsmanager/ID is a secret of Secrets
//     Manager.
//
// A stack, output, object or parameter that does not exist is absent, so that a
// fallback counts. Everything else that AWS refuses is an [*Error].
package awssource

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/slsflow/slsflow/internal/once"
	"github.com/slsflow/slsflow/params/variables"
)

const (
	// DefaultRegion is that of the command line, where none is named.
	DefaultRegion = "us-east-1"
	// DefaultTimeout bounds one call with all of its retries.
	DefaultTimeout = 30 * time.Second
)

// Options of [New]. Nil and the zero value are right for a deployment whose
// configuration has the region of the service.
type Options struct {
	// Region is that of the service: --region, else provider.region. Default: the
	// one of the configuration, else [DefaultRegion].
	Region string
	// Timeout bounds one call with all of its retries. Default: [DefaultTimeout].
	Timeout time.Duration
}

// AWS answers for one account and keeps what it has found. It is safe for
// concurrent use.
type AWS struct {
	cfg     aws.Config
	region  string
	timeout time.Duration

	identity once.Map[identity]
	stacks   once.Map[stack]
	objects  once.Map[string]
	params   once.Map[parameter]
}

// New returns the sources of the account that cfg has credentials for. It asks AWS
// nothing. How often a call is repeated is up to the retryer of cfg.
func New(cfg aws.Config, o *Options) (*AWS, error) {
	if o == nil {
		o = &Options{}
	}
	a := &AWS{
		cfg:     cfg,
		region:  cmp.Or(o.Region, cfg.Region, DefaultRegion),
		timeout: cmp.Or(o.Timeout, DefaultTimeout),
	}
	if err := checkRegion(a.region); err != nil {
		return nil, err
	}
	if a.timeout < 0 {
		return nil, fmt.Errorf("timeout %v: want more than 0", a.timeout)
	}
	return a, nil
}

// Sources returns the sources by type: aws, cf, s3 and ssm. Each is a
// [variables.Batcher] and a [variables.Tracer].
func (a *AWS) Sources() map[string]variables.Source {
	return map[string]variables.Source{
		"aws": a.Account(),
		"cf":  a.Stacks(),
		"s3":  a.Objects(),
		"ssm": a.Parameters(),
	}
}

// trace is the source of one type that fetches each answer alone.
type trace func(ctx context.Context, params []any, address any) (any, variables.Origin, bool, error)

// Trace calls f.
func (f trace) Trace(ctx context.Context, params []any, address any) (any, variables.Origin, bool, error) {
	return f(ctx, params, address)
}

// Resolve is Trace without the origin.
func (f trace) Resolve(ctx context.Context, params []any, address any) (any, bool, error) {
	v, _, found, err := f(ctx, params, address)
	return v, found, err
}

// config returns the configuration for a region.
func (a *AWS) config(region string) aws.Config {
	cfg := a.cfg.Copy()
	cfg.Region = region
	return cfg
}

// words reads the params of a variable: a region, and words that are allowed.
func (a *AWS) words(params []any, allowed ...string) (region string, said map[string]bool, err error) {
	said = make(map[string]bool)
	for _, p := range params {
		word, ok := p.(string)
		switch {
		case p == nil:
		case !ok:
			return "", nil, fmt.Errorf("%v stands in the parentheses, want a region%s", p, alternatives(allowed))
		case slices.Contains(allowed, word):
			said[word] = true
		case region != "":
			return "", nil, fmt.Errorf("%q and %q stand in the parentheses, want one region%s", region, word, alternatives(allowed))
		default:
			if err := checkRegion(word); err != nil {
				return "", nil, err
			}
			region = word
		}
	}
	return cmp.Or(region, a.region), said, nil
}

func alternatives(words []string) string {
	if len(words) == 0 {
		return ""
	}
	return " or " + strings.Join(words, " or ")
}

// regionShape keeps a region, which becomes a part of a host's name, from naming
// another host.
var regionShape = regexp.MustCompile(`^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}$`)

func checkRegion(region string) error {
	if !regionShape.MatchString(region) {
		return fmt.Errorf("%q is no region, want one such as %s", region, DefaultRegion)
	}
	return nil
}

// text returns an address as a text that is not empty.
func text(address any, want string) (string, error) {
	switch v := address.(type) {
	case nil:
	case string:
		if v != "" {
			return v, nil
		}
	case bool, int64, float64:
		return fmt.Sprint(v), nil
	default:
		return "", fmt.Errorf("the address is no text, want %s", want)
	}
	return "", fmt.Errorf("no address, want %s", want)
}
