package outputs_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/outputs/outputstest"
)

func value(text string) map[string]outputs.Output {
	return map[string]outputs.Output{"table": {Value: json.RawMessage(text)}}
}

// reads deploys the reader with what the output is now.
func reads(tb testing.TB, s outputs.Store, reader, producer outputs.Instance, end outputs.Status) {
	tb.Helper()
	history, err := s.History(tb.Context(), reader)
	require.NoError(tb, err)
	found, ok, err := outputs.Lookup(tb.Context(), s, outputs.Ref{Instance: producer, Key: "table"})
	require.NoError(tb, err)
	require.True(tb, ok)
	r, err := s.Begin(tb.Context(), outputs.Record{Instance: reader, Status: outputs.Deploying, Started: at}, int64(len(history)))
	require.NoError(tb, err)
	if end == outputs.Deploying {
		return
	}
	r.Status, r.Ended, r.Reads = end, at, []outputs.Read{found.Read}
	require.NoError(tb, s.End(tb.Context(), r))
}

func TestListStale(t *testing.T) {
	db, api := instance(t, "shop", "dev", "eu-west-1", "db"), instance(t, "shop", "alice", "eu-west-1", "api")
	secret := map[string]outputs.Output{"table": {Value: json.RawMessage(`"hidden"`), Secret: true}}
	begin := func(s outputs.Store) {
		add(t, s, db, outputs.Deploying, outputs.Deployed, value(`"one"`))
		reads(t, s, api, db, outputs.Deployed)
	}
	was, now := json.RawMessage(`"one"`), json.RawMessage(`"two"`)
	for name, test := range map[string]struct {
		then func(s outputs.Store)
		want []outputs.Change // without Read; nil: not stale
	}{
		"nothing happens": {func(outputs.Store) {}, nil},
		"the same again": {func(s outputs.Store) {
			add(t, s, db, outputs.Deploying, outputs.Deployed, value(` "one" `))
		}, nil},
		"another value": {func(s outputs.Store) {
			add(t, s, db, outputs.Deploying, outputs.Deployed, value(`"two"`))
		}, []outputs.Change{{Kind: outputs.Changed, Number: 2, Was: was, Now: now}}},
		"back again": {func(s outputs.Store) {
			add(t, s, db, outputs.Deploying, outputs.Deployed, value(`"two"`))
			add(t, s, db, outputs.Deploying, outputs.Deployed, value(`"one"`))
		}, nil},
		"the producer failed": {func(s outputs.Store) {
			add(t, s, db, outputs.Deploying, outputs.Failed, nil)
		}, nil},
		"secret now": {func(s outputs.Store) {
			add(t, s, db, outputs.Deploying, outputs.Deployed, secret)
		}, []outputs.Change{{Kind: outputs.Changed, Number: 2, Secret: true}}},
		"secret before": {func(s outputs.Store) {
			add(t, s, db, outputs.Deploying, outputs.Deployed, secret)
			reads(t, s, api, db, outputs.Deployed)
			add(t, s, db, outputs.Deploying, outputs.Deployed, value(`"two"`))
		}, []outputs.Change{{Kind: outputs.Changed, Number: 3, Secret: true}}},
		"dropped": {func(s outputs.Store) {
			add(t, s, db, outputs.Deploying, outputs.Deployed, nil)
		}, []outputs.Change{{Kind: outputs.Dropped, Number: 2, Was: was}}},
		"removed": {func(s outputs.Store) {
			add(t, s, db, outputs.Removing, outputs.Removed, nil)
		}, []outputs.Change{{Kind: outputs.Gone, Was: was}}},
		"removal failed": {func(s outputs.Store) {
			add(t, s, db, outputs.Removing, outputs.Failed, nil)
		}, []outputs.Change{{Kind: outputs.Gone, Was: was}}},
		"the reader has been deployed again": {func(s outputs.Store) {
			add(t, s, db, outputs.Deploying, outputs.Deployed, value(`"two"`))
			reads(t, s, api, db, outputs.Deployed)
		}, nil},
		"that failed": {func(s outputs.Store) {
			add(t, s, db, outputs.Deploying, outputs.Deployed, value(`"two"`))
			reads(t, s, api, db, outputs.Failed)
		}, []outputs.Change{{Kind: outputs.Changed, Number: 2, Was: was, Now: now}}},
		"that is under way": {func(s outputs.Store) {
			add(t, s, db, outputs.Deploying, outputs.Deployed, value(`"two"`))
			reads(t, s, api, db, outputs.Deploying)
		}, []outputs.Change{{Kind: outputs.Changed, Number: 2, Was: was, Now: now}}},
		"the reader has been removed": {func(s outputs.Store) {
			add(t, s, db, outputs.Deploying, outputs.Deployed, value(`"two"`))
			add(t, s, api, outputs.Removing, outputs.Removed, nil)
		}, nil},
	} {
		var s outputstest.Memory
		begin(&s)
		test.then(&s)
		for _, filter := range []outputs.Filter{{}, {Service: "api"}} {
			list, err := outputs.ListStale(t.Context(), &s, filter)
			require.NoError(t, err, name)
			if test.want == nil {
				require.Empty(t, list, name)
				continue
			}
			require.Len(t, list, 1, name)
			require.Equal(t, api, list[0].Record.Instance, name)
			require.Equal(t, outputs.Deployed, list[0].Record.Status, name)
			for i := range list[0].Changes {
				require.Equal(t, list[0].Record.Reads[i], list[0].Changes[i].Read, name)
				list[0].Changes[i].Read = outputs.Read{}
			}
			require.Equal(t, test.want, list[0].Changes, name)
		}
		list, err := outputs.ListStale(t.Context(), &s, outputs.Filter{Service: "db"})
		require.NoError(t, err, name)
		require.Empty(t, list, name)
	}
}

var errUnreadable = errors.New("disk on fire")

// oneUnreadable is a store that is no Batcher, has records, and cannot read the
// history of one instance.
type oneUnreadable struct {
	outputs.Store
	bad outputs.Instance
}

func (u oneUnreadable) History(ctx context.Context, i outputs.Instance) ([]outputs.Record, error) {
	if i == u.bad {
		return nil, fmt.Errorf("%v: %w", i, errUnreadable)
	}
	return u.Store.History(ctx, i)
}

// unpublishable cannot say what is published by one instance.
type unpublishable struct {
	outputstest.Memory
	bad outputs.Instance
}

func (u *unpublishable) ListPublished(ctx context.Context, list []outputs.Instance) ([]outputs.Record, error) {
	if slices.Contains(list, u.bad) {
		return nil, fmt.Errorf("%v: %w", u.bad, errUnreadable)
	}
	return u.Memory.ListPublished(ctx, list)
}

// A producer that cannot be read is never one that has gone.
func TestListStaleUnreadable(t *testing.T) {
	var s unpublishable
	db, api := instance(t, "shop", "dev", "eu-west-1", "db"), instance(t, "shop", "alice", "eu-west-1", "api")
	add(t, &s, db, outputs.Deploying, outputs.Deployed, value(`1`))
	reads(t, &s, api, db, outputs.Deployed)
	s.bad = db
	for _, store := range []outputs.Store{&s, oneUnreadable{&s.Memory, db}} {
		if _, batches := store.(outputs.Batcher); batches != (store == outputs.Store(&s)) {
			t.Fatalf("%T: Batcher is %v", store, batches)
		}
		_, err := outputs.ListStale(t.Context(), store, outputs.Filter{})
		require.ErrorIs(t, err, errUnreadable)
		require.ErrorContains(t, err, "shop:dev:eu-west-1:db")
	}
}
