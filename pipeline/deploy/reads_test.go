package deploy_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/outputs"
)

// countedStore counts the calls that read what others publish.
type countedStore struct {
	outputs.Batcher
	batches, histories atomic.Int64
}

func (c *countedStore) ListPublished(ctx context.Context, list []outputs.Instance) ([]outputs.Record, error) {
	c.batches.Add(1)
	return c.Batcher.ListPublished(ctx, list)
}

func (c *countedStore) History(ctx context.Context, i outputs.Instance) ([]outputs.Record, error) {
	c.histories.Add(1)
	return c.Batcher.History(ctx, i)
}

// A service that reads ten outputs of each of a hundred services asks the store
// once, and of each of 150 twice.
func TestOutputsAreReadInBatches(t *testing.T) {
	then := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	h := build(t, pair)
	for s := range 150 {
		i := instance(fmt.Sprintf("service-%d", s), "alice")
		i.App = "crm"
		r, err := h.records.Begin(t.Context(), outputs.Record{Instance: i, Status: outputs.Deploying, Run: "earlier", Started: then}, 0)
		require.NoError(t, err)
		r.Status, r.Ended, r.Outputs = outputs.Deployed, then, map[string]outputs.Output{}
		for k := range 10 {
			r.Outputs[fmt.Sprintf("key-%d", k)] = outputs.Output{Value: json.RawMessage(fmt.Sprintf("%d", 10*s+k))}
		}
		require.NoError(t, h.records.End(t.Context(), r))
	}
	for services, calls := range map[int]int64{100: 1, 150: 2} {
		var file strings.Builder
		file.WriteString("service: db\noutputs: {table: t}\ncustom:\n")
		for s := range services {
			for k := range 10 {
				fmt.Fprintf(&file, "  s%dk%d: ${output:crm:::service-%d.key-%d}\n", s, k, s, k)
			}
		}
		h.write(t, "db/serverless.yml", file.String())
		store := &countedStore{Batcher: h.records}
		h.exec.Records = store
		h.run(t, alice("db"))
		require.Equal(t, calls, store.batches.Load(), "calls for %d services", services)
		require.Zero(t, store.histories.Load())
		require.Contains(t, h.rendered(t, "db", "alice"), fmt.Sprintf(`"s%dk9": %d`, services-1, 10*services-1))
		require.Len(t, h.history(t, "db", "alice")[0].Reads, 10*services)
	}
}
