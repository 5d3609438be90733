package awsaccess

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// cache keeps credentials until shortly before they expire. It differs from
// [aws.CredentialsCache] where renewing early fails: what there is then serves
// until it expires, so that an STS out of reach for a moment ends no deployment.
type cache struct {
	source retriever
	early  time.Duration
	now    func() time.Time
	turn   chan struct{} // holds one element: whose turn it is to look and ask
	keys   aws.Credentials
}

// Retrieve returns credentials that are good for a while.
func (c *cache) Retrieve(ctx context.Context) (aws.Credentials, error) {
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
		c.keys = keys
		return keys, nil
	}
	if c.good(0) && !errors.Is(err, ErrAccount) && ctx.Err() == nil {
		return c.keys, nil
	}
	return aws.Credentials{}, err
}

// good reports whether there are credentials that will not expire within d.
func (c *cache) good(d time.Duration) bool {
	return c.keys.HasKeys() && (!c.keys.CanExpire || c.now().Add(d).Before(c.keys.Expires))
}
