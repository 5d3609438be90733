package outputs_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/plainvalue"
	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/outputs/outputstest"
)

var at = time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)

// add writes one more record of the instance, which ends as that status, or
// never if it is Deploying or Removing.
func add(tb testing.TB, s outputs.Store, i outputs.Instance, begun, end outputs.Status, outs map[string]outputs.Output) outputs.Record {
	tb.Helper()
	history, err := s.History(tb.Context(), i)
	require.NoError(tb, err)
	r, err := s.Begin(tb.Context(), outputs.Record{Instance: i, Status: begun, Started: at}, int64(len(history)))
	require.NoError(tb, err)
	if end == begun {
		return r
	}
	r.Status, r.Ended, r.Outputs = end, at.Add(time.Minute), outs
	require.NoError(tb, s.End(tb.Context(), r))
	return r
}

func TestPublished(t *testing.T) {
	type step struct{ begun, end outputs.Status }
	var (
		deployed      = step{outputs.Deploying, outputs.Deployed}
		failed        = step{outputs.Deploying, outputs.Failed}
		lost          = step{outputs.Deploying, outputs.Deploying}
		removed       = step{outputs.Removing, outputs.Removed}
		removing      = step{outputs.Removing, outputs.Removing}
		failedRemoval = step{outputs.Removing, outputs.Failed}
	)
	for name, test := range map[string]struct {
		steps []step
		want  int64 // 0: none
	}{
		"never deployed":                     {nil, 0},
		"under way for the first time":       {[]step{lost}, 0},
		"first one failed":                   {[]step{failed}, 0},
		"deployed":                           {[]step{deployed}, 1},
		"deployed twice":                     {[]step{deployed, deployed}, 2},
		"failed after":                       {[]step{deployed, failed}, 1},
		"under way after":                    {[]step{deployed, failed, lost}, 1},
		"removed after":                      {[]step{deployed, removed}, 0},
		"being removed":                      {[]step{deployed, removing}, 0},
		"removal failed":                     {[]step{deployed, failedRemoval}, 0},
		"failed after it was removed":        {[]step{deployed, removed, failed, lost}, 0},
		"deployed again after removal":       {[]step{deployed, removed, deployed}, 3},
		"deployed again after failed remove": {[]step{deployed, failedRemoval, deployed, failed}, 3},
	} {
		var s outputstest.Memory
		i := instance(t, "shop", "dev", "eu-west-1", "db")
		for _, step := range test.steps {
			add(t, &s, i, step.begun, step.end, nil)
		}
		history, err := s.History(t.Context(), i)
		require.NoError(t, err)
		r, ok := outputs.Published(history)
		require.Equal(t, test.want != 0, ok, name)
		require.Equal(t, test.want, r.Number, name)
	}
}

func TestLookup(t *testing.T) {
	var s outputstest.Memory
	i := instance(t, "shop", "dev", "eu-west-1", "db")
	r := add(t, &s, i, outputs.Deploying, outputs.Deployed, map[string]outputs.Output{
		"table": {Value: json.RawMessage(`"submissions-dev"`)},
		"port":  {Value: json.RawMessage(`5432`)},
		"ratio": {Value: json.RawMessage(`1.0`)},
		"off":   {Value: json.RawMessage(`false`)},
		"empty": {Value: json.RawMessage(`""`)},
		"net":   {Value: json.RawMessage(`{"subnets":[{"id":"a"},{"id":"b"}],"a.b":{"":7},"none":null}`)},
		"key":   {Value: json.RawMessage(`{"user":"u","password":"23423-dev"}`), Secret: true},
	})
	add(t, &s, i, outputs.Deploying, outputs.Failed, nil)
	history, err := s.History(t.Context(), i)
	require.NoError(t, err)
	kept := history[1]

	for address, want := range map[string]any{
		"db.table":              "submissions-dev",
		"db.port":               int64(5432),
		"db.ratio":              1.0,
		"db.off":                false,
		"db.empty":              "",
		"db.net.subnets[1].id":  "b",
		"db.net.subnets.0":      map[string]any{"id": "a"},
		`db.net["a.b"][""]`:     int64(7),
		"db.key.password":       "23423-dev",
		":dev:eu-west-1:db.key": map[string]any{"user": "u", "password": "23423-dev"},
	} {
		ref, err := outputs.ParseRef(address, i)
		require.NoError(t, err, address)
		found, ok, err := outputs.Lookup(t.Context(), &s, ref)
		require.NoError(t, err, address)
		require.True(t, ok, address)
		require.Equal(t, outputs.Found{
			Value:  want,
			Secret: ref.Key == "key",
			Record: kept,
			Read:   outputs.Read{Instance: i, Key: ref.Key, Number: r.Number, Hash: kept.Outputs[ref.Key].Hash},
		}, found, address)
		require.NotEmpty(t, found.Read.Hash)
	}
	for _, address := range []string{
		"db.nobody", "web.table", ":prod::db.table", "db.table.x", "db.port.0", "db.net.x", "db.net.none", "db.net.none.x",
		"db.net.subnets.2", "db.net.subnets.-1", "db.net.subnets.01", "db.net.subnets.length", "db.net.subnets.99999999999999999999", "db.key.nobody",
	} {
		ref, err := outputs.ParseRef(address, i)
		require.NoError(t, err, address)
		found, ok, err := outputs.Lookup(t.Context(), &s, ref)
		require.NoError(t, err, address)
		require.False(t, ok, address)
		require.Equal(t, outputs.Found{}, found)
	}
	add(t, &s, i, outputs.Removing, outputs.Removed, nil)
	ref, err := outputs.ParseRef("db.table", i)
	require.NoError(t, err)
	_, ok, err := outputs.Lookup(t.Context(), &s, ref)
	require.NoError(t, err)
	require.False(t, ok, "it was removed")
}

// unreadable is a store that has records and cannot always read them.
type unreadable struct {
	outputstest.Memory
	history, secret error
	lost            bool // the value of the secret
	damaged         bool
}

func (u *unreadable) History(ctx context.Context, i outputs.Instance) ([]outputs.Record, error) {
	history, err := u.Memory.History(ctx, i)
	if u.damaged {
		history[0].Outputs["table"] = outputs.Output{Value: json.RawMessage("{")}
	}
	return history, errors.Join(err, u.history)
}

func (u *unreadable) ListPublished(ctx context.Context, instances []outputs.Instance) (list []outputs.Record, err error) {
	for _, i := range instances {
		history, err := u.History(ctx, i)
		if err != nil {
			return nil, err
		}
		if r, ok := outputs.Published(history); ok {
			list = append(list, r)
		}
	}
	return list, nil
}

func (u *unreadable) Secret(ctx context.Context, i outputs.Instance, n int64, key string) (json.RawMessage, bool, error) {
	v, ok, err := u.Memory.Secret(ctx, i, n, key)
	return v, ok && !u.lost, errors.Join(err, u.secret)
}

func TestAStoreThatCannotBeReadIsNotAbsent(t *testing.T) {
	down := errors.New("no answer")
	i := instance(t, "shop", "dev", "eu-west-1", "db")
	for want, test := range map[string]struct {
		store   *unreadable
		address string
	}{
		"output shop:dev:eu-west-1:db.table: no answer":                             {&unreadable{history: down}, "db.table"},
		"output shop:dev:eu-west-1:db.key.a: no answer":                             {&unreadable{secret: down}, "db.key.a"},
		"output shop:dev:eu-west-1:db.key: record 1 has no value of the secret":     {&unreadable{lost: true}, "db.key"},
		"output shop:dev:eu-west-1:db.table: record 1: unexpected EOF":              {&unreadable{damaged: true}, "db.table"},
		"output shop:dev:eu-west-1:db.key.x.y: record 1 has no value of the secret": {&unreadable{lost: true}, "db.key.x.y"},
		"output shop:dev:eu-west-1:db.nobody: no answer":                            {&unreadable{history: down}, "db.nobody"},
	} {
		add(t, &test.store.Memory, i, outputs.Deploying, outputs.Deployed, map[string]outputs.Output{
			"table": {Value: json.RawMessage(`"t"`)},
			"key":   {Value: json.RawMessage(`{"a":"23423-dev"}`), Secret: true},
		})
		ref, err := outputs.ParseRef(test.address, i)
		require.NoError(t, err)
		_, ok, err := outputs.Lookup(t.Context(), test.store, ref)
		require.False(t, ok)
		require.EqualError(t, err, want)
	}
}

func TestHash(t *testing.T) {
	a := outputs.Hash(json.RawMessage(`{"a":"<é>","b":[1, 2.0]}`))
	require.Equal(t, a, outputs.Hash(json.RawMessage(` {"b":[1,2.0], "a":"\u003c\u00e9>"}`)))
	require.Len(t, a, 64)
	// Of "true", as any other program computes it.
	require.Equal(t, "b5bea41b6c623f7c09f1bf24dcae58ebab3c0cdd90ad966bc43a45b44867e12b", outputs.Hash(json.RawMessage("true")))
	for _, other := range []string{`{"a":"<é>","b":[1, 2]}`, `{"a":"<é>","b":[2.0, 1]}`, `{}`, ``, `{`, `[`} {
		require.NotEqual(t, a, outputs.Hash(json.RawMessage(other)))
	}
	require.NotEqual(t, outputs.Hash(json.RawMessage(`{`)), outputs.Hash(json.RawMessage(`[`)))
}

// Hash is the same for texts of the same value, and only for them.
func FuzzHash(f *testing.F) {
	f.Add([]byte(`{"a":1,"b":"é"}`), []byte(` {"b":"\u00e9","a":1}`))
	f.Add([]byte(`1`), []byte(`1.0`))
	f.Add([]byte(`{`), []byte(``))
	f.Add([]byte(`10000000000000000000`), []byte(`0`)) // JSON, and no value of ours
	f.Fuzz(func(t *testing.T, a, b []byte) {
		ca, cb := outputs.Canonical(a), outputs.Canonical(b)
		require.Equal(t, string(ca), string(outputs.Canonical(ca)))
		require.Equal(t, string(ca) == string(cb), outputs.Hash(a) == outputs.Hash(b))
		if _, err := plainvalue.Decode(a); err == nil {
			require.Equal(t, outputs.Hash(a), outputs.Hash(append([]byte(" \n"), a...)))
		}
	})
}
