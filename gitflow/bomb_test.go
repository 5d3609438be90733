package gitflow_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/gitflow"
)

// TestBomb has a commit of a few kilobytes with 10^12 paths, such as anybody may
// propose.
func TestBomb(t *testing.T) {
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
	bomb := rawCommit(g, at, base)
	_, err := r.Changed(t.Context(), base, bomb, gitflow.ChangedOptions{})
	require.ErrorContains(t, err, "more than 524288 changes")

	// The file a, which the bomb lacks, could have been renamed to any of them.
	ours := rawCommit(g, rawTree(g, rawEntry{"100644", "a", hashObject(g, "blob", "b")}), base)
	_, err = r.Promote(t.Context(), bomb, ours, gitflow.PromoteOptions{Author: ann, DryRun: true})
	require.ErrorContains(t, err, "more than 524288 changes")

	kind, at = "100644", hashObject(g, "blob", "deep")
	for range 20 {
		kind, at = "40000", rawTree(g, rawEntry{kind, strings.Repeat("d", 250), at})
	}
	_, err = r.Changed(t.Context(), base, rawCommit(g, at, base), gitflow.ChangedOptions{})
	require.ErrorContains(t, err, "a path of more than 4096 bytes")
}

// TestManyAncestors has a history of which git merges the ancestors in a time
// that doubles from level to level.
func TestManyAncestors(t *testing.T) {
	g := newOracle(t)
	h := &history{tick: 1}
	heads := []int{h.add(state{"a": "1\n"})}
	for level := range 12 {
		var next []int
		for i := range 3 {
			next = append(next, h.add(state{"a": fmt.Sprintln(level, i)}, heads...))
		}
		heads = next
	}
	hashes := h.write(g)
	_, err := g.open().Promote(t.Context(), hashes[heads[1]], hashes[heads[0]], gitflow.PromoteOptions{Author: ann, DryRun: true})
	require.ErrorContains(t, err, "need more than 1000 merges")
}
