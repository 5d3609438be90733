package pipelinetest

import (
	"testing"

	"github.com/slsflow/slsflow/pipeline"
)

// TestLedger checks that the ledger made by newLedger keeps the promises of
// [pipeline.Ledger], each in a subtest with a ledger of its own. newLedger gets
// the subtest's t, for t.TempDir and t.Cleanup, and returns an empty ledger.
func TestLedger(t *testing.T, newLedger func(t *testing.T) pipeline.Ledger) {
	t.Helper()
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			if err := r.check(t.Context(), newLedger(t)); err != nil {
				t.Errorf("%v\n\tthe rule: %s", err, r.why)
			}
		})
	}
}
