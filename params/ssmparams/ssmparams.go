// Package ssmparams keeps params in the Parameter Store of AWS Systems Manager,
// as /PREFIX/APP/PROFILE/NAME, so that others can read them too.
//
// Start with [New]. A secret is a SecureString, encrypted with [Options.KeyID], and
// everything else a String. A text stands there as it is. What a String cannot
// say is written as "json:" and its JSON, bytes that are no text as "b64:" and
// their base64; see [Store.Put]. Names may be any: a byte that the Parameter Store
// does not allow, in an app, a profile or a name, is written as ".." and two
// hexadecimal digits.
//
// # History
//
// History and versions are those of the Parameter Store, which keeps the newest
// hundred, and none of a parameter that is deleted: after it they begin again at
// 1. Who changed what is there as the principal that AWS knows, and in the
// description as [params.Edit] says it.
//
// # Swap
//
// The Parameter Store has no put on the condition of a version. But it orders
// writes, and keeps them all, each with its description. So [Store.Swap] writes in
// the description which version it has seen, and the history says who was first: a
// version counts if what it has seen is the version that counted before it. A writer
// that finds itself second puts back the value that counts and returns the
// [params.Conflict]. So of any number of writers with Swap nobody loses an update.
// Until it is put back, some milliseconds later, [Store.Get] returns the value that
// came second; [Store.At] does not. What others write, or [Store.Put], always
// counts. Deletion is not in the history: one at the same moment as a put may take
// the new value with it.
package ssmparams

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/slsflow/slsflow/params"
)

const (
	// DefaultTimeout bounds one call of a [Store] with all of its retries.
	DefaultTimeout = 30 * time.Second
	// MaxStandard bounds what is written as a value, in bytes. See
	// https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html.
	MaxStandard = 4096
	// MaxAdvanced is MaxStandard with [Options.Advanced].
	MaxAdvanced = 8192
)

// Options of [New]. Nil and the zero value are right for small values and the key
// of the account.
type Options struct {
	// KeyID is the KMS key of secrets: an ID, an ARN, or an alias such as
	// "alias/deployments". Default: the account's own for the Parameter Store.
	KeyID string
	// Advanced allows values of up to [MaxAdvanced] bytes. Those of more than
	// [MaxStandard] then are advanced parameters, which cost money.
	Advanced bool
	// Timeout bounds one call with all of its retries. Default: [DefaultTimeout].
	Timeout time.Duration
}

// Store is a [params.Versioned] store in the Parameter Store of one account and
// region. It keeps nothing itself, and is safe for concurrent use.
type Store struct {
	client *ssm.Client
	prefix string // with a slash before it and none behind
	o      Options
}

var (
	_ params.Versioned = (*Store)(nil)
	_ params.Batcher   = (*Store)(nil)
)

// New returns the store below a prefix, such as "/deployments", in the account and
// region of cfg. It asks AWS nothing. Calls that are throttled are repeated until
// they are through or [Options.Timeout] is over, unless cfg has a Retryer.
func New(cfg aws.Config, prefix string, o *Options) (*Store, error) {
	if o == nil {
		o = &Options{}
	}
	s := &Store{o: *o}
	s.o.Timeout = cmp.Or(o.Timeout, DefaultTimeout)
	var err error
	switch s.prefix, err = checkPrefix(prefix); {
	case err != nil:
		return nil, fmt.Errorf("params in SSM: %w", err)
	case s.o.Timeout < 0:
		return nil, fmt.Errorf("params in SSM: timeout %v: want more than 0", s.o.Timeout)
	case cfg.Region == "":
		return nil, errors.New("params in SSM: no region (give one in the configuration, such as by AWS_REGION)")
	}
	s.client = ssm.NewFromConfig(cfg, func(so *ssm.Options) {
		so.ClientLogMode &^= aws.LogRequestWithBody | aws.LogResponseWithBody // there are secrets in them
		if cfg.Retryer == nil {
			so.Retryer = newRetryer()
		}
	})
	return s, nil
}

// newRetryer repeats until the deadline of the call. Two updates of one parameter
// at once are an error of their own, which goes away.
func newRetryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = math.MaxInt32 // the deadline is the bound
		o.Backoff = retry.BackoffDelayerFunc(func(attempt int, _ error) (time.Duration, error) {
			most := 100 * time.Millisecond << min(attempt, 6)
			return most/2 + rand.N(most/2), nil
		})
		o.RateLimiter = ratelimit.None
		codes := map[string]struct{}{new(types.TooManyUpdates).ErrorCode(): {}}
		o.Retryables = append(o.Retryables, retry.RetryableErrorCode{Codes: codes})
	})
}

// within bounds a call.
func (s *Store) within(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, s.o.Timeout,
		fmt.Errorf("%w: not done within %v (AWS does not answer, or throttles: try again later, or give it longer)", context.DeadlineExceeded, s.o.Timeout))
}
