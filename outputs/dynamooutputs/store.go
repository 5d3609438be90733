// Package dynamooutputs keeps the records of deployments in a table of DynamoDB,
// and secret outputs encrypted with a key of AWS KMS.
//
// Start with [New]; [Store.Ensure] makes the table, or a stack of the template
// that [Options.Template] returns, which has the key too. By default the account
// of each profile has a table of its own, so that who deploys to development
// cannot read what production has published: give New the configuration of the
// profile's access. One table in a tooling account is the alternative: then whoever
// may use it reads the outputs of all, which variables of other stages need.
//
// What a role needs for it is in [Options.Policy].
package dynamooutputs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/slsflow/slsflow/outputs"
)

// DefaultTable is the name of the table if Options has none.
const DefaultTable = "slsflow-outputs"

// attempts is how often a call that was throttled or lost is made, and how often a
// write is tried whose item others change meanwhile.
const attempts = 10

// tableName is what DynamoDB takes for a name.
var tableName = regexp.MustCompile(`^[A-Za-z0-9_.-]{3,255}$`)

// Options says which table and which key.
type Options struct {
	// Table is the name of the table. Default: [DefaultTable].
	Table string
	// KMSKey is the ID, the ARN or the alias ("alias/…") of the key of AWS KMS that
	// encrypts secret outputs. Empty: the store keeps none, and an End with some
	// wraps [errors.ErrUnsupported]; those that are there can be read. It may be
	// changed, as long as the old key is there.
	KMSKey string
}

// Store is an [outputs.Store] in a table of DynamoDB.
type Store struct {
	db    *dynamodb.Client
	kms   *kms.Client
	table string
	key   string

	hashKey atomic.Pointer[[]byte] // once it is known
}

var _ outputs.Batcher = (*Store)(nil)

// New returns the store in the account, region and with the access of cfg. It
// makes no call. A call that is throttled is made again, ten times at most, with
// the pauses of cfg's Retryer.
func New(cfg aws.Config, o Options) (*Store, error) {
	table := cmp.Or(o.Table, DefaultTable)
	switch {
	case !tableName.MatchString(table):
		return nil, fmt.Errorf("outputs in DynamoDB: %q is no name of a table, want %v", table, tableName)
	case cfg.Region == "":
		return nil, fmt.Errorf("outputs in DynamoDB table %s: no region (set aws.Config.Region)", table)
	}
	return &Store{
		db: dynamodb.NewFromConfig(cfg, func(o *dynamodb.Options) {
			o.Retryer = retry.AddWithMaxAttempts(o.Retryer, attempts)
		}),
		kms: kms.NewFromConfig(cfg, func(o *kms.Options) {
			o.Retryer = retry.AddWithMaxAttempts(o.Retryer, attempts)
		}),
		table: table,
		key:   o.KMSKey,
	}, nil
}

// pause waits as long as the client would before its n-th retry, counted from 1.
func (s *Store) pause(ctx context.Context, n int) error {
	d, err := s.db.Options().Retryer.RetryDelay(n, errors.New("others were faster"))
	if err != nil {
		return err
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// explain says what an answer of DynamoDB means here.
func (s *Store) explain(err error) error {
	if _, ok := errors.AsType[*types.ResourceNotFoundException](err); ok {
		return fmt.Errorf("there is no table %s in region %s of this account (make it by Store.Ensure or a stack of Options.Template): %w", s.table, s.db.Options().Region, err)
	}
	return err
}
