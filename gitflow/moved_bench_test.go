package gitflow_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/gitflow"
)

// massMove moves all of n files to another directory in one branch, each with a
// line changed, and changes ten of them in the other one. With rename, all get new
// names too; with added, the other branch adds a file to what has moved, so that
// it is to be found where all of them went.
func massMove(b *testing.B, n int, rename, added bool) (g *oracle, ours, theirs string) {
	b.Helper()
	base, moved, changed := state{}, state{}, state{}
	for i := range n {
		var text strings.Builder
		for line := range 20 {
			fmt.Fprintf(&text, "line %d, of file %d or of number %d\n", line, i, (i*31+line*17)%1000)
		}
		name, to := fmt.Sprintf("old/s%02d/f%d.js", i%100, i), fmt.Sprintf("new/s%02d/f%d.js", i%100, i)
		if rename {
			to = fmt.Sprintf("new/s%02d/g%d.ts", i%100, n-i)
		}
		base[name], changed[name] = text.String(), text.String()
		moved[to] = text.String() + "moved\n"
		if i%(n/10) == 0 {
			changed[name] = "changed\n" + text.String()
		}
	}
	if added {
		changed["old/added.js"] = "all new\n"
	}
	g = newOracle(b, "--bare")
	h := &history{tick: 1}
	root := h.add(base)
	h.add(moved, root)
	h.add(changed, root)
	hashes := h.write(g)
	return g, hashes[1], hashes[2]
}

// BenchmarkMassMove shows that a mass move costs time in proportion, and how
// that compares with the process of git.
func BenchmarkMassMove(b *testing.B) {
	for _, c := range []struct {
		name          string
		rename, added bool
	}{{"moved", false, false}, {"renamed", true, false}, {"added", false, true}} {
		for _, n := range []int{100, 1_000, 10_000} {
			b.Run(fmt.Sprintf("%s/%d", c.name, n), func(b *testing.B) {
				g, ours, theirs := massMove(b, n, c.rename, c.added)
				start := time.Now()
				git := askGit(g, ours, theirs)
				asked := time.Since(start)
				r := g.open()
				for b.Loop() {
					res, err := r.Promote(b.Context(), theirs, ours, gitflow.PromoteOptions{Author: ann, DryRun: true})
					if c.added {
						require.ErrorIs(b, err, gitflow.ErrConflict)
						ce, _ := errors.AsType[*gitflow.ConflictError](err)
						require.Equal(b, git.conflicts, conflictNames(ce.Conflicts))
						continue
					}
					require.NoError(b, err)
					require.Equal(b, git.tree, res.Tree)
				}
				b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(n), "ns/file")
				b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(asked), "x-git")
			})
		}
	}
}
