package sqliteledger_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/pipeline/pipelinetest"
	"github.com/slsflow/slsflow/pipeline/sqliteledger"
)

func TestLedger(t *testing.T) {
	pipelinetest.TestLedger(t, func(t *testing.T) pipeline.Ledger {
		t.Helper()
		l, err := sqliteledger.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, l.Close()) })
		return l
	})
}
