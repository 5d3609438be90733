package dynamooutputs

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/slsflow/slsflow/outputs"
)

// Begin adds r as the newest record of its instance.
func (s *Store) Begin(ctx context.Context, r outputs.Record, after int64) (outputs.Record, error) {
	if err := r.CheckBegin(); err != nil {
		return outputs.Record{}, err
	}
	fail := func(err error) (outputs.Record, error) {
		return outputs.Record{}, fmt.Errorf("begin %v: %w", r.Instance, err)
	}
	if tooLong(r.Instance) {
		return fail(fmt.Errorf("%w: its names have more than %d bytes", outputs.ErrInvalid, maxName))
	}
	r.Number = after + 1
	r, _ = r.Kept(r.Status == outputs.Removing, nil)
	next := item{record: r, rev: rand.Text(), newest: true}
	err := s.persist(ctx, func() ([]types.TransactWriteItem, error) {
		last, ok, err := s.get(ctx, r.Instance, newestKey(r.Instance))
		switch {
		case err != nil:
			return nil, err
		case last.record.Number != after:
			return nil, s.lost(ctx, next, last, after)
		}
		next.removal, next.published = last.removal, last.published
		if r.Removal {
			next.removal, next.published = r.Number, 0
		}
		put, err := next.encode(maxBegun)
		if err != nil {
			return nil, err
		}
		if !ok {
			app := values{pk: text("apps"), sk: text(r.App)}
			return []types.TransactWriteItem{{Put: s.put(put, "")}, {Put: &types.Put{TableName: &s.table, Item: app}}}, nil
		}
		last.newest = false
		older, err := last.encode(maxItem)
		if err != nil {
			return nil, err
		}
		return []types.TransactWriteItem{{Put: s.put(put, last.rev)}, {Put: s.put(older, "")}}, nil
	})
	if err != nil {
		return fail(err)
	}
	return r, nil
}

// lost returns nil if next was written by an attempt whose answer was lost, and
// else the conflict.
func (s *Store) lost(ctx context.Context, next, last item, after int64) error {
	it, _, ok, err := s.find(ctx, next.record.Instance, next.record.Number)
	switch {
	case err != nil:
		return err
	case ok && it.rev == next.rev:
		return errWritten
	case last.record.Number == 0:
		return fmt.Errorf("after record %d: %w: there is no record", after, outputs.ErrConflict)
	}
	return fmt.Errorf("after record %d: %w: the newest is %d, %s by run %q", after, outputs.ErrConflict, last.record.Number, last.record.Status, last.record.Run)
}

// End replaces the record that has the instance and number of r. The error wraps
// [errors.ErrUnsupported] if r has a secret output and the store has no key.
func (s *Store) End(ctx context.Context, r outputs.Record) error {
	var sealed *sealer
	err := s.persist(ctx, func() ([]types.TransactWriteItem, error) {
		old, newest, ok, err := s.find(ctx, r.Instance, r.Number)
		switch {
		case err != nil:
			return nil, err
		case !ok:
			return nil, fmt.Errorf("%w: there is no such record", outputs.ErrConflict)
		}
		if err := r.CheckEnd(old.record.Removal); err != nil {
			return nil, err
		}
		if sealed == nil {
			if sealed, err = s.sealer(ctx, r); err != nil {
				return nil, err
			}
		}
		kept, secrets := r.Kept(old.record.Removal, sealed.hash)
		if old.record.Done() {
			if !old.record.Equal(kept) {
				return nil, fmt.Errorf("%w: %s by run %q", outputs.ErrDone, old.record.Status, old.record.Run)
			}
			return nil, errWritten
		}
		next := old
		next.record, next.rev = kept, rand.Text()
		if next.secrets, next.dataKey, err = sealed.seal(ctx, secrets); err != nil {
			return nil, err
		}
		publishes := kept.Status == outputs.Deployed && kept.Number > newest.removal && kept.Number > newest.published
		if publishes && next.newest {
			next.published = kept.Number
		}
		put, err := next.encode(maxNewest)
		if err != nil {
			return nil, err
		}
		writes := []types.TransactWriteItem{{Put: s.put(put, old.rev)}}
		if publishes && !next.newest {
			writes = append(writes, types.TransactWriteItem{Update: s.publish(newest, kept.Number)})
		}
		return writes, nil
	})
	switch {
	case err == nil:
		return nil
	case errors.Is(err, outputs.ErrInvalid):
		return err // which names all of it
	default:
		return fmt.Errorf("end %v, record %d: %w", r.Instance, r.Number, err)
	}
}

// put writes an item if the one that is there has that revision; "": if there is
// none.
func (s *Store) put(v values, rev string) *types.Put {
	p := &types.Put{TableName: &s.table, Item: v, ConditionExpression: aws.String("attribute_not_exists(#c)"), ExpressionAttributeNames: map[string]string{"#c": pk}}
	if rev != "" {
		p.ConditionExpression = aws.String("#c = :rev")
		p.ExpressionAttributeNames["#c"] = attrRev
		p.ExpressionAttributeValues = values{":rev": text(rev)}
	}
	return p
}

// publish says in the newest item that the outputs of an older record count.
func (s *Store) publish(newest item, n int64) *types.Update {
	return &types.Update{
		TableName:                 &s.table,
		Key:                       newest.key(),
		UpdateExpression:          aws.String("SET #p = :p, #rev = :next"),
		ConditionExpression:       aws.String("#rev = :rev"),
		ExpressionAttributeNames:  map[string]string{"#p": attrPublished, "#rev": attrRev},
		ExpressionAttributeValues: values{":p": number(n), ":rev": text(newest.rev), ":next": text(rand.Text())},
	}
}

// errWritten says that what is to be written stands there already.
var errWritten = errors.New("written already")

// persist writes what look returns, all of it or nothing. If somebody else was
// faster it looks again. look returns errWritten if nothing is to be done.
func (s *Store) persist(ctx context.Context, look func() ([]types.TransactWriteItem, error)) error {
	for n := 1; ; n++ {
		writes, err := look()
		if errors.Is(err, errWritten) {
			return nil
		}
		if err != nil {
			return err
		}
		token := rand.Text() // of this transaction, which the client may send several times
		_, err = s.db.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: writes, ClientRequestToken: &token})
		if err == nil || !raced(err) {
			return s.explain(err)
		}
		if n == attempts {
			return fmt.Errorf("others wrote to table %s at each of %d attempts (try again): %w", s.table, n, err)
		}
		if err := s.pause(ctx, n); err != nil {
			return err
		}
	}
}

// raced reports whether a transaction was undone for what others did meanwhile, or
// because the table was throttled:
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html.
func raced(err error) bool {
	canceled, ok := errors.AsType[*types.TransactionCanceledException](err)
	if !ok {
		_, conflict := errors.AsType[*types.TransactionConflictException](err)
		return conflict
	}
	some := false
	for _, reason := range canceled.CancellationReasons {
		switch aws.ToString(reason.Code) {
		case "ConditionalCheckFailed", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded":
			some = true
		case "None", "":
		default:
			return false
		}
	}
	return some
}
