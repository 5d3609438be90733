package dynamooutputs_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/mototest"
	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/outputs/dynamooutputs"
)

// fronted is an empty store behind a front, with a key.
func fronted(t *testing.T, server *mototest.Server) (*mototest.Front, *dynamooutputs.Store) {
	t.Helper()
	server.Reset(t)
	front := server.NewFront(t)
	cfg := quick(front.Config(server.Config(development)))
	s := ensured(t, cfg, dynamooutputs.Options{KMSKey: key(t, cfg)})
	front.Calls()
	return front, s
}

// What moto does not do by itself: throttle, answer in part, lose an answer.
func TestFaults(t *testing.T) {
	server := mototest.Start(t)
	for name, test := range map[string]func(*testing.T, *mototest.Server){
		"throttled":                  throttled,
		"throttled for good":         throttledForGood,
		"transactions are cancelled": transactionsAreCancelled,
		"partial batches":            partialBatches,
		"pages":                      pages,
		"lost answers":               lostAnswers,
		"writes in between":          writesInBetween,
	} {
		t.Run(name, func(t *testing.T) { test(t, server) })
	}
}

// all calls each method of the store once, with success.
func all(t *testing.T, s *dynamooutputs.Store) {
	t.Helper()
	deploy(t, s, "db", 0, map[string]outputs.Output{"key": {Value: json.RawMessage(`"hush"`), Secret: true}, "n": {Value: json.RawMessage(`1`)}})
	_, err := s.Begin(t.Context(), deploying("db", "next"), 1)
	require.NoError(t, err)
	latest, err := s.Latest(t.Context(), outputs.Filter{})
	require.NoError(t, err)
	require.Len(t, latest, 1)
	history, err := s.History(t.Context(), instance("db"))
	require.NoError(t, err)
	require.Len(t, history, 2)
	list, err := s.ListPublished(t.Context(), []outputs.Instance{instance("db"), instance("none")})
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Equal(t, int64(1), list[0].Number)
	got, ok, err := s.Secret(t.Context(), instance("db"), 1, "key")
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, `"hush"`, string(got))
}

// A table that refuses the first calls of each kind is asked again.
func throttled(t *testing.T, server *mototest.Server) {
	t.Helper()
	for _, code := range []string{"ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"} {
		front, s := fronted(t, server)
		var refused atomic.Int64
		front.Answer(func(call string, w http.ResponseWriter, r *http.Request, pass http.Handler) {
			if n := refused.Add(1); n%5 != 0 && strings.HasPrefix(call, "DynamoDB.") {
				mototest.Refuse(w, code)
				return
			}
			pass.ServeHTTP(w, r)
		})
		all(t, s)
		require.Greater(t, refused.Load(), int64(10), code)
	}
}

// One that refuses all of them is an error in the end, and writes nothing.
func throttledForGood(t *testing.T, server *mototest.Server) {
	t.Helper()
	front, s := fronted(t, server)
	front.Answer(func(_ string, w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		mototest.Refuse(w, "ProvisionedThroughputExceededException")
	})
	_, err := s.Begin(t.Context(), deploying("db", "run"), 0)
	require.ErrorContains(t, err, "begin shop:dev:eu-west-1:db: ")
	require.ErrorContains(t, err, "ProvisionedThroughputExceededException")
	require.Equal(t, map[string]int{"DynamoDB.GetItem": 10}, front.Calls())
	_, err = s.ListPublished(t.Context(), []outputs.Instance{instance("db")})
	require.ErrorContains(t, err, "ProvisionedThroughputExceededException")

	front.Answer(nil)
	history, err := s.History(t.Context(), instance("db"))
	require.NoError(t, err)
	require.Empty(t, history)
}

// A transaction that was cancelled because the table is throttled, or another one
// is under way, is tried again.
func transactionsAreCancelled(t *testing.T, server *mototest.Server) {
	t.Helper()
	for _, code := range []string{"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"} {
		front, s := fronted(t, server)
		var refused atomic.Int64
		front.Answer(func(call string, w http.ResponseWriter, r *http.Request, pass http.Handler) {
			if call == "DynamoDB.TransactWriteItems" && refused.Add(1)%3 != 0 {
				w.Header().Set("Content-Type", "application/x-amz-json-1.0")
				w.WriteHeader(http.StatusBadRequest)
				_, _ = fmt.Fprintf(w, `{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","Message":"cancelled","CancellationReasons":[{"Code":"None"},{"Code":%q}]}`, code)
				return
			}
			pass.ServeHTTP(w, r)
		})
		all(t, s)
		require.Equal(t, int64(9), refused.Load(), code)
	}
	// What would be refused again is not tried again.
	front, s := fronted(t, server)
	front.Answer(func(call string, w http.ResponseWriter, r *http.Request, pass http.Handler) {
		if call == "DynamoDB.TransactWriteItems" {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","Message":"cancelled","CancellationReasons":[{"Code":"ValidationError"}]}`)
			return
		}
		pass.ServeHTTP(w, r)
	})
	_, err := s.Begin(t.Context(), deploying("db", "run"), 0)
	require.ErrorContains(t, err, "TransactionCanceledException")
	require.Equal(t, map[string]int{"DynamoDB.GetItem": 1, "DynamoDB.TransactWriteItems": 1}, front.Calls())
}

// few makes each batch bring so many items at most, and leave the rest.
func few(most int) func(string, http.ResponseWriter, *http.Request, http.Handler) {
	type batch struct {
		RequestItems map[string]map[string]json.RawMessage
	}
	return func(call string, w http.ResponseWriter, r *http.Request, pass http.Handler) {
		if call != "DynamoDB.BatchGetItem" {
			pass.ServeHTTP(w, r)
			return
		}
		var asked batch
		var keys []json.RawMessage
		_ = json.NewDecoder(r.Body).Decode(&asked)
		_ = json.Unmarshal(asked.RequestItems[dynamooutputs.DefaultTable]["Keys"], &keys)
		left := keys[min(most, len(keys)):]
		answer := map[string]json.RawMessage{"Responses": json.RawMessage(`{}`)}
		if most > 0 {
			asked.RequestItems[dynamooutputs.DefaultTable]["Keys"], _ = json.Marshal(keys[:min(most, len(keys))])
			body, _ := json.Marshal(asked)
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
			got := httptest.NewRecorder()
			pass.ServeHTTP(got, r)
			_ = json.Unmarshal(got.Body.Bytes(), &answer)
		}
		if len(left) > 0 {
			answer["UnprocessedKeys"], _ = json.Marshal(map[string]any{dynamooutputs.DefaultTable: map[string]any{"Keys": left}})
		}
		body, _ := json.Marshal(answer)
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_, _ = w.Write(body)
	}
}

// What a batch leaves is asked for until all is there. The calls are counted: one
// for a hundred instances, and two if what counts is not the newest.
func partialBatches(t *testing.T, server *mototest.Server) {
	t.Helper()
	front, s := fronted(t, server)
	var asked []outputs.Instance
	for n := range 100 {
		service := fmt.Sprintf("service-%d", n)
		asked = append(asked, instance(service))
		if n < 20 { // the others are not there
			deploy(t, s, service, 0, value(fmt.Sprint(n)))
		}
	}
	published := func() {
		t.Helper()
		list, err := outputs.ListPublished(t.Context(), s, asked)
		require.NoError(t, err)
		require.Len(t, list, 20)
		for n, i := range asked[:20] {
			require.Equal(t, fmt.Sprint(n), string(list[i].Outputs["table"].Value))
		}
	}
	front.Calls()
	published()
	require.Equal(t, map[string]int{"DynamoDB.BatchGetItem": 1}, front.Calls())

	for n := range 10 {
		_, err := s.Begin(t.Context(), deploying(fmt.Sprintf("service-%d", n), "next"), 1)
		require.NoError(t, err)
	}
	front.Calls()
	published()
	require.Equal(t, map[string]int{"DynamoDB.BatchGetItem": 2}, front.Calls())

	front.Answer(few(7))
	published()
	require.Equal(t, map[string]int{"DynamoDB.BatchGetItem": 15 + 2}, front.Calls(), "a hundred and ten by seven")

	front.Answer(few(0))
	_, err := s.ListPublished(t.Context(), asked)
	require.EqualError(t, err, "published records: table slsflow-outputs is throttled: 100 of the items did not come, after 10 attempts (try again later)")
	require.Equal(t, map[string]int{"DynamoDB.BatchGetItem": 11}, front.Calls())
}

// Lists come in pages.
func pages(t *testing.T, server *mototest.Server) {
	t.Helper()
	front, s := fronted(t, server)
	for n := range 10 {
		deploy(t, s, fmt.Sprintf("service-%02d", n), 0, nil)
		if n > 0 {
			deploy(t, s, "service-00", int64(n), nil)
		}
	}
	front.Answer(func(call string, w http.ResponseWriter, r *http.Request, pass http.Handler) {
		if call == "DynamoDB.Query" {
			var query map[string]any
			_ = json.NewDecoder(r.Body).Decode(&query)
			query["Limit"] = 4
			body, _ := json.Marshal(query)
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		}
		pass.ServeHTTP(w, r)
	})
	front.Calls()
	latest, err := s.Latest(t.Context(), outputs.Filter{App: "shop"})
	require.NoError(t, err)
	require.Len(t, latest, 10)
	require.Equal(t, map[string]int{"DynamoDB.Query": 3}, front.Calls())
	history, err := s.History(t.Context(), instance("service-00"))
	require.NoError(t, err)
	require.Len(t, history, 10)
	require.Equal(t, map[string]int{"DynamoDB.GetItem": 1, "DynamoDB.Query": 3}, front.Calls())
	_, _, err = outputs.Newest(t.Context(), s, instance("service-00"))
	require.NoError(t, err)
	require.Equal(t, map[string]int{"DynamoDB.GetItem": 1}, front.Calls())
}

// An answer that is lost is no write that is lost, nor one that is made twice, nor
// the conflict of a deployment with itself.
func lostAnswers(t *testing.T, server *mototest.Server) {
	t.Helper()
	front, s := fronted(t, server)
	var lost atomic.Int64
	front.Answer(func(call string, w http.ResponseWriter, r *http.Request, pass http.Handler) {
		if call == "DynamoDB.TransactWriteItems" && lost.Add(1)%2 == 1 {
			mototest.Lose(w, r, pass)
			return
		}
		pass.ServeHTTP(w, r)
	})
	for n := range int64(3) {
		r, err := s.Begin(t.Context(), deploying("db", "run"), n)
		require.NoError(t, err)
		require.Equal(t, n+1, r.Number)
		require.NoError(t, s.End(t.Context(), ending(r, map[string]outputs.Output{"key": {Value: json.RawMessage(`"hush"`), Secret: true}})))
	}
	require.GreaterOrEqual(t, lost.Load(), int64(6))
	front.Answer(nil)
	history, err := s.History(t.Context(), instance("db"))
	require.NoError(t, err)
	require.Len(t, history, 3)
	for _, r := range history {
		require.Equal(t, outputs.Deployed, r.Status)
	}
}

// Between the look and the write of a call others write: it looks again.
func writesInBetween(t *testing.T, server *mototest.Server) {
	t.Helper()
	front, s := fronted(t, server)
	between := func(do func()) {
		var done atomic.Bool
		front.Answer(func(call string, w http.ResponseWriter, r *http.Request, pass http.Handler) {
			if call == "DynamoDB.TransactWriteItems" && done.CompareAndSwap(false, true) {
				do()
			}
			pass.ServeHTTP(w, r)
		})
	}
	// The next one begins while the first one ends, which is not the newest then.
	first, err := s.Begin(t.Context(), deploying("db", "first"), 0)
	require.NoError(t, err)
	between(func() {
		_, err := s.Begin(t.Context(), deploying("db", "second"), 1)
		require.NoError(t, err)
	})
	require.NoError(t, s.End(t.Context(), ending(first, value(`1`))))
	history, err := s.History(t.Context(), instance("db"))
	require.NoError(t, err)
	require.Equal(t, []outputs.Status{outputs.Deploying, outputs.Deployed}, []outputs.Status{history[0].Status, history[1].Status})
	list, err := s.ListPublished(t.Context(), []outputs.Instance{instance("db")})
	require.NoError(t, err)
	require.Equal(t, int64(1), list[0].Number)

	// The second one ends while the third one begins: its end is not lost.
	between(func() {
		require.NoError(t, s.End(t.Context(), ending(history[0], value(`2`))))
	})
	_, err = s.Begin(t.Context(), deploying("db", "third"), 2)
	require.NoError(t, err)
	list, err = s.ListPublished(t.Context(), []outputs.Instance{instance("db")})
	require.NoError(t, err)
	require.Equal(t, int64(2), list[0].Number)
	require.Equal(t, `2`, string(list[0].Outputs["table"].Value))

	// Somebody else begins first: that is the conflict, and it names them.
	between(func() {
		_, err := s.Begin(t.Context(), deploying("db", "fourth"), 3)
		require.NoError(t, err)
	})
	_, err = s.Begin(t.Context(), deploying("db", "mine"), 3)
	require.ErrorIs(t, err, outputs.ErrConflict)
	require.EqualError(t, err, `begin shop:dev:eu-west-1:db: after record 3: changed by somebody else: the newest is 4, deploying by run "fourth"`)
}
