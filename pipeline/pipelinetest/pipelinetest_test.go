package pipelinetest_test

import (
	"testing"

	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/pipeline/pipelinetest"
)

func TestMemory(t *testing.T) {
	pipelinetest.TestLedger(t, func(*testing.T) pipeline.Ledger { return new(pipelinetest.Memory) })
}
