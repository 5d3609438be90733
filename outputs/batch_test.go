package outputs_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/outputs/outputstest"
)

// counting is a Batcher that notes how it is asked.
type counting struct {
	outputstest.Memory
	batches []int // the size of each
	alone   int   // calls of History
}

func (c *counting) History(ctx context.Context, i outputs.Instance) ([]outputs.Record, error) {
	c.alone++
	return c.Memory.History(ctx, i)
}

func (c *counting) ListPublished(ctx context.Context, list []outputs.Instance) ([]outputs.Record, error) {
	c.batches = append(c.batches, len(list))
	return c.Memory.ListPublished(ctx, list)
}

// Each instance is asked for once, a hundred in a call.
func TestListPublishedAsksInBatches(t *testing.T) {
	var s counting
	var asked []outputs.Instance
	for n := range 250 {
		i := instance(t, "shop", "dev", "eu-west-1", fmt.Sprintf("service-%d", n))
		asked = append(asked, i, i)
		if n%2 == 0 {
			add(t, &s.Memory, i, outputs.Deploying, outputs.Deployed, value(fmt.Sprint(n)))
		}
	}
	want, err := outputs.ListPublished(t.Context(), oneUnreadable{Store: &s.Memory}, asked) // one by one
	require.NoError(t, err)
	require.Len(t, want, 125)
	got, err := outputs.ListPublished(t.Context(), &s, asked)
	require.NoError(t, err)
	require.Equal(t, want, got)
	require.Equal(t, []int{100, 100, 50}, s.batches)
	require.Zero(t, s.alone)
	none, err := outputs.ListPublished(t.Context(), &s, nil)
	require.NoError(t, err)
	require.Empty(t, none)
	require.Len(t, s.batches, 3, "nobody is asked for nothing")
}

// Who read what, of a hundred instances, is known by two calls, and the history of
// those alone whose outputs have changed.
func TestListStaleAsksInBatches(t *testing.T) {
	var s counting
	db, vpc := instance(t, "shop", "dev", "eu-west-1", "db"), instance(t, "shop", "dev", "eu-west-1", "vpc")
	add(t, &s.Memory, db, outputs.Deploying, outputs.Deployed, value(`1`))
	add(t, &s.Memory, vpc, outputs.Deploying, outputs.Deployed, value(`1`))
	for n := range 98 {
		reads(t, &s.Memory, instance(t, "shop", "dev", "eu-west-1", fmt.Sprintf("reader-%d", n)), []outputs.Instance{db, vpc}[n%2], outputs.Deployed)
	}
	add(t, &s.Memory, db, outputs.Deploying, outputs.Deployed, value(`2`))
	list, err := outputs.ListStale(t.Context(), &s, outputs.Filter{})
	require.NoError(t, err)
	require.Len(t, list, 49)
	require.Equal(t, []int{100, 2}, s.batches)
	require.Equal(t, 1, s.alone)
}

func TestNewest(t *testing.T) {
	var s outputstest.Memory
	db := instance(t, "shop", "dev", "eu-west-1", "db")
	_, ok, err := outputs.Newest(t.Context(), &s, db)
	require.NoError(t, err)
	require.False(t, ok)
	add(t, &s, db, outputs.Deploying, outputs.Deployed, value(`1`))
	add(t, &s, db, outputs.Deploying, outputs.Failed, nil)
	add(t, &s, instance(t, "shop", "dev", "eu-west-1", "api"), outputs.Deploying, outputs.Failed, nil)
	r, ok, err := outputs.Newest(t.Context(), &s, db)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, int64(2), r.Number)
	_, _, err = outputs.Newest(t.Context(), &s, outputs.Instance{App: "shop"})
	require.ErrorContains(t, err, "2 instances", "an instance that names none is never another one")
}
