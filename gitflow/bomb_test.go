package gitflow_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/gitflow"
)

// TestChangedBomb has a commit of a few kilobytes with 10^12 paths, such as
// anybody may propose.
func TestChangedBomb(t *testing.T) {
	g := newOracle(t)
	r := g.open()
	base := rawCommit(g, rawTree(g, rawEntry{"100644", "a", hashObject(g, "blob", "a")}))
	kind, at := "100644", hashObject(g, "blob", "boom")
	for range 12 {
		entries := make([]rawEntry, 10)
		for i := range entries {
			entries[i] = rawEntry{kind, fmt.Sprintf("d%d", i), at}
		}
		kind, at = "40000", rawTree(g, entries...)
	}
	_, err := r.Changed(t.Context(), base, rawCommit(g, at, base), gitflow.ChangedOptions{})
	require.ErrorContains(t, err, "more than 524288 changes")

	kind, at = "100644", hashObject(g, "blob", "deep")
	for range 20 {
		kind, at = "40000", rawTree(g, rawEntry{kind, strings.Repeat("d", 250), at})
	}
	_, err = r.Changed(t.Context(), base, rawCommit(g, at, base), gitflow.ChangedOptions{})
	require.ErrorContains(t, err, "a path of more than 4096 bytes")
}
