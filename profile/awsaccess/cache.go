package awsaccess

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// cache keeps credentials until shortly before they expire. It differs from
// [aws.CredentialsCache] where renewing early fails: what there is then serves
// until it expires, so that an STS out of reach for a moment ends no deployment.
type cache struct {
	source retriever
	turn   chan struct{} // holds one element: whose turn it is to look and ask
	keys   aws.Credentials
	early  time.Duration // of keys
}

// errTimeout is the cause of an end that is not the caller's.
type errTimeout struct{ after time.Duration }

func (e errTimeout) Error() string { return fmt.Sprintf("no answer within %v", e.after) }

// Retrieve returns credentials that are good for a while.
func (c *cache) Retrieve(ctx context.Context) (aws.Credentials, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.source.opt.Timeout, errTimeout{c.source.opt.Timeout})
	defer cancel()
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return aws.Credentials{}, fault(ctx, "get credentials", c.source.profile, context.Cause(ctx))
	}
	if c.good(c.early) {
		return c.keys, nil
	}
	keys, err := c.source.retrieve(ctx)
	if err == nil {
		c.keys, c.early = keys, c.source.opt.Early
		if c.early == 0 {
			c.early = keys.Expires.Sub(c.source.opt.Now()) / 5
		}
		return keys, nil
	}
	_, late := errors.AsType[errTimeout](err)
	if c.good(0) && !errors.Is(err, ErrAccount) && (ctx.Err() == nil || late) {
		return c.keys, nil
	}
	return aws.Credentials{}, err
}

// good reports whether there are credentials that will not expire within d.
func (c *cache) good(d time.Duration) bool {
	return c.keys.HasKeys() && (!c.keys.CanExpire || c.source.opt.Now().Add(d).Before(c.keys.Expires))
}
