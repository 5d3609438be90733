package dynamooutputs

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/slsflow/slsflow/outputs"
)

// get returns an item, or false if there is none of that instance.
func (s *Store) get(ctx context.Context, i outputs.Instance, key values) (item, bool, error) {
	if tooLong(i) {
		return item{}, false, ctx.Err()
	}
	out, err := s.db.GetItem(ctx, &dynamodb.GetItemInput{TableName: &s.table, Key: key, ConsistentRead: aws.Bool(true)})
	if err != nil {
		return item{}, false, s.explain(err)
	}
	if len(out.Item) == 0 {
		return item{}, false, nil
	}
	it, err := decode(out.Item)
	return it, err == nil && it.record.Instance == i, err
}

// tooLong reports whether no key has room for the names of an instance.
func tooLong(i outputs.Instance) bool { return len(i.String()) > maxName }

// find returns the record with a number, and the newest one of its instance.
func (s *Store) find(ctx context.Context, i outputs.Instance, n int64) (it, newest item, ok bool, err error) {
	newest, ok, err = s.get(ctx, i, newestKey(i))
	if err != nil || !ok || n < 1 || n > newest.record.Number {
		return item{}, newest, false, err
	}
	if n == newest.record.Number {
		return newest, newest, true, nil
	}
	it, ok, err = s.get(ctx, i, olderKey(i, n))
	return it, newest, ok, err
}

// History returns the records of an instance, newest first.
func (s *Store) History(ctx context.Context, i outputs.Instance) ([]outputs.Record, error) {
	newest, ok, err := s.get(ctx, i, newestKey(i))
	if err != nil {
		return nil, fmt.Errorf("history of %v: %w", i, err)
	}
	if !ok {
		return nil, nil
	}
	history := []outputs.Record{newest.record}
	older, err := s.query(ctx, olderKey(i, 0)[pk], "")
	if err != nil {
		return nil, fmt.Errorf("history of %v: %w", i, err)
	}
	for _, it := range slices.Backward(older) {
		if it.record.Number < newest.record.Number { // else it has moved there since
			history = append(history, it.record)
		}
	}
	return history, nil
}

// Latest returns the newest record of each instance that f lets through. Without
// an app it asks for each app that there is.
func (s *Store) Latest(ctx context.Context, f outputs.Filter) ([]outputs.Record, error) {
	records, err := s.latest(ctx, f)
	if err != nil {
		return nil, fmt.Errorf("latest records: %w", err)
	}
	slices.SortFunc(records, func(a, b outputs.Record) int { return a.Compare(b.Instance) })
	return records, nil
}

func (s *Store) latest(ctx context.Context, f outputs.Filter) ([]outputs.Record, error) {
	if f.App != "" && f.Service != "" && !f.Stage.IsZero() && f.Region != "" {
		it, ok, err := s.get(ctx, outputs.Instance(f), newestKey(outputs.Instance(f)))
		if err != nil || !ok {
			return nil, err
		}
		return []outputs.Record{it.record}, nil
	}
	apps := []string{f.App}
	if f.App == "" {
		var err error
		if apps, err = s.apps(ctx); err != nil {
			return nil, err
		}
	}
	begin := ""
	if !f.Stage.IsZero() {
		begin = f.Stage.String() + ":"
		if f.Region != "" {
			begin += f.Region + ":"
		}
	}
	if len(f.App) > maxName || len(begin) > maxName {
		return nil, ctx.Err()
	}
	var records []outputs.Record
	for _, app := range apps {
		items, err := s.query(ctx, newestKey(outputs.Instance{App: app})[pk], begin)
		if err != nil {
			return nil, err
		}
		for _, it := range items {
			if f.Match(it.record.Instance) {
				records = append(records, it.record)
			}
		}
	}
	return records, nil
}

// query returns all items with a partition key, and a sort key that begins so,
// without their secrets.
func (s *Store) query(ctx context.Context, partition types.AttributeValue, begin string) ([]item, error) {
	in := &dynamodb.QueryInput{
		TableName:                 &s.table,
		KeyConditionExpression:    aws.String("#pk = :pk"),
		ExpressionAttributeNames:  map[string]string{"#pk": pk, "#r": attrRecord, "#v": attrRev, "#d": attrRemoval, "#p": attrPublished},
		ExpressionAttributeValues: values{":pk": partition},
		ProjectionExpression:      aws.String("#r, #v, #d, #p"),
		ConsistentRead:            aws.Bool(true),
	}
	if begin != "" {
		in.KeyConditionExpression = aws.String("#pk = :pk AND begins_with(#sk, :sk)")
		in.ExpressionAttributeNames["#sk"] = sk
		in.ExpressionAttributeValues[":sk"] = text(begin)
	}
	var items []item
	for pages := dynamodb.NewQueryPaginator(s.db, in); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, s.explain(err)
		}
		for _, v := range page.Items {
			it, err := decode(v)
			if err != nil {
				return nil, err
			}
			items = append(items, it)
		}
	}
	return items, nil
}

// apps returns the names of all apps.
func (s *Store) apps(ctx context.Context) (names []string, err error) {
	pages := dynamodb.NewQueryPaginator(s.db, &dynamodb.QueryInput{
		TableName:                 &s.table,
		KeyConditionExpression:    aws.String("#pk = :pk"),
		ExpressionAttributeNames:  map[string]string{"#pk": pk},
		ExpressionAttributeValues: values{":pk": text("apps")},
		ConsistentRead:            aws.Bool(true),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, s.explain(err)
		}
		for _, v := range page.Items {
			if name, ok := v[sk].(*types.AttributeValueMemberS); ok {
				names = append(names, name.Value)
			}
		}
	}
	return names, nil
}
