package gitflow_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/gitflow"
)

func TestChanged(t *testing.T) {
	g := newOracle(t)
	base := state{"a": "a\n", "b": "b\n", "run": "run\n", "dir/x": "x\n", "dir/y": "y\n", "gone": "gone\n", "same/1": "1\n", "twin": "t\n"}
	head := state{"a": "a2\n", "b2": "b\n", "run": "+x run\n", "other/x": "x\n", "other/y": "y\n", "new": "new\n", "same/1": "1\n", "twin": "-> t\n"}
	from, to := g.commitState(base), g.commitState(head)
	r := g.open()
	changes, err := r.Changed(t.Context(), from, to, gitflow.ChangedOptions{})
	require.NoError(t, err)
	var got []string
	for _, c := range changes {
		got = append(got, c.String())
	}
	require.Equal(t, []string{
		"modified a", "renamed b to b2", "deleted gone", "added new", "renamed dir/x to other/x", "renamed dir/y to other/y", "modified run", "modified twin",
	}, got)

	for _, none := range []string{"", strings.Repeat("0", 40)} {
		all, err := r.Changed(t.Context(), none, to, gitflow.ChangedOptions{})
		require.NoError(t, err)
		require.Len(t, all, len(head))
		require.Equal(t, gitflow.Change{Path: "a", Kind: gitflow.Added}, all[0])
	}
	for _, bad := range [][2]string{{"nope", to}, {to, ""}, {to, strings.Repeat("0", 40)}, {"000", to}} {
		_, err := r.Changed(t.Context(), bad[0], bad[1], gitflow.ChangedOptions{})
		require.ErrorIs(t, err, gitflow.ErrNotFound, "%q", bad)
	}
}

func TestChangedAnswersAsGitDoes(t *testing.T) {
	g := newOracle(t)
	r := g.open()
	for seed := range uint64(20) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		base := randomState(rnd)
		from, to := g.commitState(base), g.commitState(edited(rnd, base))
		changes, err := r.Changed(t.Context(), from, to, gitflow.ChangedOptions{})
		require.NoError(t, err)
		var got []string
		for _, c := range changes { // a rename is two changes for diff-tree
			switch c.Kind {
			case gitflow.Renamed:
				got = append(got, "D\t"+c.From, "A\t"+c.Path)
				require.Equal(t, g.git("rev-parse", from+":"+c.From), g.git("rev-parse", to+":"+c.Path))
			case gitflow.Added:
				got = append(got, "A\t"+c.Path)
			case gitflow.Deleted:
				got = append(got, "D\t"+c.Path)
			case gitflow.Modified:
				got = append(got, "M\t"+c.Path)
			default:
				t.Fatalf("unknown kind in %v", c)
			}
		}
		want := strings.ReplaceAll(g.git("diff-tree", "-r", "--no-renames", "--name-status", from, to), "T\t", "M\t")
		if want == "" {
			require.Empty(t, got)
			continue
		}
		require.ElementsMatch(t, strings.Split(want, "\n"), got, fmt.Sprint(seed))
	}
}
