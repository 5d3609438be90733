package mototest_test

import (
	"errors"
	"strconv"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/mototest"
)

// Of many that write at once by transactions, each under the condition that nobody else
// did, one wins, and what it wrote stays.
func TestTransactionsAreOne(t *testing.T) {
	s := mototest.Start(t)
	db := dynamodb.NewFromConfig(s.Config(dev))
	table := aws.String("counters")
	_, err := db.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: table, BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
	})
	require.NoError(t, err)
	key := map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: "n"}}
	put := func(before, after int) error {
		n := strconv.Itoa(after)
		item := map[string]types.AttributeValue{"id": key["id"], "n": &types.AttributeValueMemberN{Value: n}}
		other := map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: "by " + n}}
		p := &types.Put{TableName: table, Item: item}
		if after > 0 {
			p.ConditionExpression = aws.String("n = :n")
			p.ExpressionAttributeValues = map[string]types.AttributeValue{":n": &types.AttributeValueMemberN{Value: strconv.Itoa(before)}}
		}
		_, err := db.TransactWriteItems(t.Context(), &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{{Put: p}, {Put: &types.Put{TableName: table, Item: other}}}})
		return err
	}
	count := func() (int, error) {
		out, err := db.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: table, Key: key})
		if err != nil {
			return 0, err
		}
		return strconv.Atoi(out.Item["n"].(*types.AttributeValueMemberN).Value)
	}
	require.NoError(t, put(0, 0))
	for batch := range 40 { // so that a transaction takes a while
		var items []types.WriteRequest
		for i := range 25 {
			id := &types.AttributeValueMemberS{Value: "item " + strconv.Itoa(25*batch+i)}
			items = append(items, types.WriteRequest{PutRequest: &types.PutRequest{Item: map[string]types.AttributeValue{"id": id}}})
		}
		_, err := db.BatchWriteItem(t.Context(), &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{*table: items}})
		require.NoError(t, err)
	}
	const rounds = 30
	won := 0
	for range rounds {
		n, err := count()
		require.NoError(t, err)
		errs := make([]error, 8)
		var writers sync.WaitGroup
		for i := range errs {
			writers.Go(func() { errs[i] = put(n, n+1) })
		}
		writers.Wait()
		for _, err := range errs {
			if err == nil {
				won++
			} else if _, lost := errors.AsType[*types.TransactionCanceledException](err); !lost {
				require.NoError(t, err)
			}
		}
	}
	require.Equal(t, rounds, won, "one of each round")
	n, err := count()
	require.NoError(t, err)
	require.Equal(t, rounds, n)
}
