package ssmparams_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/params"
)

// between runs do once, just before the first put that comes through the front is
// done.
func (f *front) between(do func()) {
	var once sync.Once
	f.set(func(r request) *answer {
		if r.action == "PutParameter" {
			once.Do(do)
		}
		return nil
	})
}

// Two have seen version 1. Both write. The second one is told of the first, and the
// first one's value is in use.
func TestRival(t *testing.T) {
	f := newFront(t)
	ctx, s, other := t.Context(), f.open(t, "/rival", nil), f.direct(t, "/rival")
	require.NoError(t, s.Put(ctx, devKey("a"), "old"))
	f.between(func() {
		_, err := other.Swap(ctx, devKey("a"), "bob's", params.Edit{After: 1, By: "bob"})
		require.NoError(t, err)
	})
	_, err := s.Swap(ctx, devKey("a"), "alice's", params.Edit{After: 1, By: "alice"})
	var c *params.Conflict
	require.ErrorAs(t, err, &c)
	require.Equal(t, int64(2), c.Now.Version)
	require.Regexp(t, `^param shop/dev/a: changed by somebody else: it was expected at version 1, and there is version 2, put by bob on .*Z \(look at it, and change it again\)$`, err.Error())

	v, _, err := s.Get(ctx, devKey("a"))
	require.NoError(t, err)
	require.Equal(t, "bob's", v)
	past, err := s.History(ctx, devKey("a"))
	require.NoError(t, err)
	var told []string
	for _, p := range past {
		told = append(told, fmt.Sprintf("%d %s lost=%v", p.Version, p.By, p.Lost))
	}
	require.Equal(t, []string{"4 bob lost=false", "3 alice lost=true", "2 bob lost=false", "1  lost=false"}, told)
	v, _, _, err = s.At(ctx, devKey("a"), 3)
	require.NoError(t, err)
	require.Equal(t, "alice's", v, "the history has both")

	_, err = s.Swap(ctx, devKey("a"), "alice's", params.Edit{After: 4, By: "alice"})
	require.NoError(t, err)
}

// The answer to a put is lost on the way, and the SDK puts again.
func TestLostAnswer(t *testing.T) {
	f := newFront(t)
	ctx, s := t.Context(), f.open(t, "/lost", nil)
	lose := func(r request) *answer {
		if r.action == "PutParameter" && r.n == 1 {
			return &answer{status: http.StatusInternalServerError, code: "InternalServerError", message: "lost", after: true}
		}
		return nil
	}
	for after := range int64(2) {
		f.set(lose)
		c, err := s.Swap(ctx, devKey("a"), fmt.Sprint("v", after), params.Edit{After: after, By: "alice"})
		require.NoError(t, err)
		v, now, _, err := s.At(ctx, devKey("a"), 0)
		require.NoError(t, err)
		require.Equal(t, fmt.Sprint("v", after), v)
		require.GreaterOrEqual(t, now.Version, c.Version)
		require.False(t, now.Lost)
	}
}

// Somebody deletes the param between the look and the put. It stays deleted.
func TestDeletedBetween(t *testing.T) {
	f := newFront(t)
	ctx, s, other := t.Context(), f.open(t, "/deleted", nil), f.direct(t, "/deleted")
	require.NoError(t, s.Put(ctx, devKey("a"), "old"))
	f.between(func() { require.NoError(t, other.Delete(ctx, devKey("a"))) })
	_, err := s.Swap(ctx, devKey("a"), "new", params.Edit{After: 1})
	require.ErrorIs(t, err, params.ErrConflict)
	require.ErrorContains(t, err, "it was expected at version 1, and it is absent")
	_, ok, err := s.Get(ctx, devKey("a"))
	require.NoError(t, err)
	require.False(t, ok)
}

// The second one is killed before it puts back the first one's value. The next one
// who swaps mends that, and At returns what counts at once.
func TestKilledBeforeItIsPutBack(t *testing.T) {
	f := newFront(t)
	ctx, s, other := t.Context(), f.open(t, "/killed", nil), f.direct(t, "/killed")
	require.NoError(t, s.Put(ctx, devKey("a"), params.NewSecret("old")))
	var once sync.Once
	f.set(func(r request) *answer {
		if r.action != "PutParameter" {
			return nil
		}
		once.Do(func() {
			_, err := other.Swap(ctx, devKey("a"), params.NewSecret("bob's"), params.Edit{After: 1, By: "bob"})
			require.NoError(t, err)
		})
		if r.n > 1 {
			return &answer{status: http.StatusBadRequest, code: "AccessDeniedException", message: "killed"}
		}
		return nil
	})
	_, err := s.Swap(ctx, devKey("a"), params.NewSecret("alice's"), params.Edit{After: 1, By: "alice"})
	require.ErrorIs(t, err, params.ErrConflict)
	require.ErrorContains(t, err, "put back version 2: put param shop/dev/a: ssm:PutParameter")
	f.set(nil)

	v, now, _, err := other.At(ctx, devKey("a"), 0)
	require.NoError(t, err)
	require.Equal(t, params.NewSecret("bob's"), v)
	require.Equal(t, int64(2), now.Version)
	_, err = other.Swap(ctx, devKey("a"), params.NewSecret("eve's"), params.Edit{After: 3, By: "eve"}) // what List shows
	require.ErrorIs(t, err, params.ErrConflict)
	v, _, err = other.Get(ctx, devKey("a"))
	require.NoError(t, err)
	require.Equal(t, params.NewSecret("bob's"), v, "mended")
	_, err = other.Swap(ctx, devKey("a"), params.NewSecret("eve's"), params.Edit{After: 4, By: "eve"})
	require.NoError(t, err)
}

func TestMadeAtOnce(t *testing.T) {
	f := newFront(t)
	ctx, s, other := t.Context(), f.open(t, "/made", nil), f.direct(t, "/made")
	f.between(func() {
		_, err := other.Swap(ctx, devKey("a"), "bob's", params.Edit{By: "bob"})
		require.NoError(t, err)
	})
	_, err := s.Swap(ctx, devKey("a"), "alice's", params.Edit{By: "alice"})
	require.ErrorIs(t, err, params.ErrConflict)
	require.ErrorContains(t, err, "it was expected to be absent, and there is version 1, put by bob on")
	v, _, err := s.Get(ctx, devKey("a"))
	require.NoError(t, err)
	require.Equal(t, "bob's", v)
	require.Equal(t, 1, f.count()["PutParameter"], "the two puts cannot both be done")
}
