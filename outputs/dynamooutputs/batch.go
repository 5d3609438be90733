package dynamooutputs

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/slsflow/slsflow/outputs"
)

// ListPublished returns the record of each instance whose outputs count now. It
// makes one call for the newest records, and another one if some of these are
// not those that count.
func (s *Store) ListPublished(ctx context.Context, instances []outputs.Instance) ([]outputs.Record, error) {
	records, err := s.published(ctx, instances)
	if err != nil {
		return nil, fmt.Errorf("published records: %w", err)
	}
	return records, nil
}

func (s *Store) published(ctx context.Context, instances []outputs.Instance) ([]outputs.Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	wanted := make(map[outputs.Instance]bool, len(instances))
	var keys []values
	for _, i := range instances {
		if !tooLong(i) {
			wanted[i] = true
			keys = append(keys, newestKey(i))
		}
	}
	newest, err := s.batch(ctx, keys)
	if err != nil {
		return nil, err
	}
	var records []outputs.Record
	var older []values
	for _, it := range newest {
		switch {
		case !wanted[it.record.Instance]:
		case it.published == it.record.Number:
			records = append(records, it.record)
		case it.published > 0:
			older = append(older, olderKey(it.record.Instance, it.published))
		}
	}
	items, err := s.batch(ctx, older)
	if err != nil {
		return nil, err
	}
	if len(items) != len(older) {
		return nil, fmt.Errorf("the table is damaged: of %d older records there are %d", len(older), len(items))
	}
	for _, it := range items {
		records = append(records, it.record)
	}
	return records, nil
}

// batch returns the items that there are of the keys, without their secrets. An
// answer may be a part of what was asked for, as of 16 MB, or if the table is
// throttled; it is asked for the rest until nothing comes any more.
func (s *Store) batch(ctx context.Context, keys []values) (items []item, err error) {
	idle := 0
	for len(keys) > 0 {
		out, err := s.db.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{s.table: {
			Keys:                     keys[:min(len(keys), outputs.BatchSize)],
			ConsistentRead:           aws.Bool(true),
			ProjectionExpression:     aws.String("#r, #v, #d, #p"),
			ExpressionAttributeNames: map[string]string{"#r": attrRecord, "#v": attrRev, "#d": attrRemoval, "#p": attrPublished},
		}}})
		if err != nil {
			return nil, s.explain(err)
		}
		for _, v := range out.Responses[s.table] {
			it, err := decode(v)
			if err != nil {
				return nil, err
			}
			items = append(items, it)
		}
		left := out.UnprocessedKeys[s.table].Keys
		done := min(len(keys), outputs.BatchSize) - len(left)
		keys = append(left, keys[min(len(keys), outputs.BatchSize):]...)
		switch {
		case done > 0:
			idle = 0
		case idle == attempts:
			return nil, fmt.Errorf("table %s is throttled: %d of the items did not come, after %d attempts (try again later)", s.table, len(left), attempts)
		}
		if len(left) > 0 {
			idle++
			if err := s.pause(ctx, idle); err != nil {
				return nil, err
			}
		}
	}
	return items, nil
}
