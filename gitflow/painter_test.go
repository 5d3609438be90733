package gitflow_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/gitflow"
)

// tangle makes a history of n commits, each of which follows from some of those
// before it, whatever their clocks say.
func tangle(g *oracle, random *rand.Rand, n, skew int) (commits []string) {
	g.t.Helper()
	var in bytes.Buffer
	for i := range n {
		fmt.Fprintf(&in, "commit refs/heads/b%d\nmark :%d\ncommitter A <a@example.com> %d +0000\ndata 2\nm\n", i, i+1, 1_700_000_000+i*600+random.IntN(skew))
		var parents []int
		for range min(i, 1+random.IntN(3)) {
			if p := max(1, i-random.IntN(min(i, 8))); !slices.Contains(parents, p) {
				fmt.Fprintf(&in, "%s :%d\n", map[bool]string{true: "from", false: "merge"}[parents == nil], p)
				parents = append(parents, p)
			}
		}
		fmt.Fprintf(&in, "M 100644 inline f%d\ndata 1\n%d\n\n", i%5, i%10)
	}
	g.feed(&in, "fast-import", "--quiet")
	for i := range n {
		commits = append(commits, g.git("rev-parse", fmt.Sprintf("b%d", i)))
	}
	return commits
}

// What a branch has alone, and the merge bases, are what they are by the parents
// alone: always where git has written a commit-graph, else if clocks are wrong by
// less than a day.
func TestTangles(t *testing.T) {
	const day = 24 * 60 * 60
	for name, skew := range map[string]int{"commits": day, "commit-graph": 100 * day} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(4) {
				random := rand.New(rand.NewPCG(seed, 1))
				g := newOracle(t)
				commits := tangle(g, random, 60, skew)
				if name == "commit-graph" {
					g.git("commit-graph", "write", "--reachable")
				}
				history := map[string][]string{}
				for _, c := range commits {
					history[c] = strings.Fields(g.git("rev-list", c))
				}
				r := g.open()
				for range 60 {
					a, b := commits[random.IntN(60)], commits[random.IntN(60)]
					all, err := r.Pending(t.Context(), a, b, gitflow.PendingOptions{})
					require.NoError(t, err)
					var got []string
					for _, c := range all.Commits {
						got = append(got, c.Hash)
					}
					var want []string
					for _, c := range history[a] {
						if !slices.Contains(history[b], c) {
							want = append(want, c)
						}
					}
					require.ElementsMatch(t, want, got, "seed %d", seed)
					base, err := r.MergeBase(t.Context(), a, b)
					require.NoError(t, err)
					require.Contains(t, strings.Fields(g.git("merge-base", "--all", a, b)), base, "seed %d", seed)
				}
			}
		})
	}
}
