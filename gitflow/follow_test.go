package gitflow_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// randomProject makes a tree as people have: directories with files whose lines
// are mostly their own.
func randomProject(rnd *rand.Rand) state {
	s := state{}
	for range 6 + rnd.IntN(8) {
		name := fmt.Sprintf("%s/%s.js", []string{"api", "api/src", "web", "web/src/lib", "."}[rnd.IntN(5)], string(rune('a'+rnd.IntN(12))))
		var text strings.Builder
		for i := range 6 + rnd.IntN(14) {
			fmt.Fprintf(&text, "line %d, which is number %d of all\n", i, rnd.IntN(1000))
		}
		s.put(path.Clean(name), text.String())
	}
	return s
}

// worked does what people do to such a tree in a branch.
func worked(rnd *rand.Rand, from state) state {
	s := maps.Clone(from)
	for range 1 + rnd.IntN(3) {
		names := slices.Sorted(maps.Keys(s))
		name := names[rnd.IntN(len(names))]
		lines := strings.SplitAfter(s[name], "\n")
		at := rnd.IntN(len(lines))
		changed := strings.Join(slices.Insert(slices.Clone(lines), at, fmt.Sprintf("new %d\n", rnd.IntN(1000))), "")
		switch rnd.IntN(9) {
		default:
			s[name] = changed
		case 0: // renamed
			if to := path.Join(path.Dir(name), fmt.Sprintf("r%d.js", rnd.IntN(100))); s.put(to, s[name]) {
				delete(s, name)
			}
		case 1: // renamed and changed
			if to := path.Join([]string{"api", "web", "lib"}[rnd.IntN(3)], fmt.Sprintf("r%d.js", rnd.IntN(100))); s.put(to, changed) {
				delete(s, name)
			}
		case 2: // copied, then changed
			s.put(path.Join(path.Dir(name), fmt.Sprintf("c%d.js", rnd.IntN(100))), changed)
		case 3:
			if len(names) > 3 && rnd.IntN(3) == 0 {
				delete(s, name)
			}
		case 4: // something new
			s.put(path.Join(path.Dir(name), fmt.Sprintf("n%d.js", rnd.IntN(100))), fmt.Sprintf("all new %d\n", rnd.IntN(9)))
		}
	}
	return s
}

// Whatever people do to a project in two branches: where this package says
// clean, so does git, with the same tree; where git says clean, this package
// seldom says conflict.
func TestProjectsAreMergedAsGitDoes(t *testing.T) {
	g := newOracle(t)
	r := g.open()
	n := seeds(t, 30, 80)
	gitClean, clean := 0, 0
	causes := map[string]int{}
	for seed := range n {
		rnd := rand.New(rand.NewPCG(uint64(seed), 5))
		base := randomProject(rnd)
		sides := [3]state{base, worked(rnd, base), worked(rnd, base)}
		want, marked := conflicted(t, g, sides)
		got := mergeConflicts(t, r)
		if len(marked) == 0 {
			gitClean++
		}
		if len(got) > 0 {
			for _, c := range got {
				if len(marked) == 0 {
					causes[string(c.Kind)]++
				}
			}
			continue
		}
		clean++
		require.Empty(t, marked, "seed %d: git has a conflict\nbase %q\nours %q\ntheirs %q", seed, sides[0], sides[1], sides[2])
		tree := g.git("rev-parse", mergeStates(t, r).New+"^{tree}")
		require.Equal(t, want, tree, "seed %d\nbase %q\nours %q\ntheirs %q", seed, sides[0], sides[1], sides[2])
	}
	t.Logf("%d merges: %d clean in git, %d here; conflicts of our own by kind: %v", n, gitClean, clean, causes)
	require.GreaterOrEqual(t, clean*20, gitClean*19, "too many conflicts where git has none: %v", causes)
}
