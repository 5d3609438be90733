package gitflow_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/gitflow"
)

// The work is the file "work". Each case says what is done to prod and master
// after both have the same beginning, which git then merges: what it makes of the
// work is what Undone must have said.
func TestUndoneSaysWhatGitWillDo(t *testing.T) {
	for _, tc := range []struct {
		name    string
		do      func(g *oracle) (work string)
		want    string // "", "stays" or "returns"
		present bool   // in the merged tree
	}{
		{"promoted and never reverted", func(g *oracle) string {
			g.on("master").file("work", "1")
			g.on("prod").merge("master")
			return ""
		}, "", true},
		{"the revert of a promotion", func(g *oracle) string {
			g.on("master").file("work", "1")
			m := g.on("prod").merge("master")
			g.revert(m, 1)
			return m
		}, "stays", false},
		{"the revert of a plain commit that both have", func(g *oracle) string {
			c := g.on("master").file("work", "1")
			g.on("prod").git("merge", "-q", "--ff-only", "master")
			g.revert(c, 0)
			return c
		}, "stays", false},
		{"the revert of the revert", func(g *oracle) string {
			g.on("master").file("work", "1")
			m := g.on("prod").merge("master")
			g.revert(g.revert(m, 1), 0)
			return ""
		}, "", true},
		{"the revert of the revert of the revert", func(g *oracle) string {
			g.on("master").file("work", "1")
			m := g.on("prod").merge("master")
			g.revert(g.revert(g.revert(m, 1), 0), 0)
			return m
		}, "stays", false},
		{"five reverts of each other", func(g *oracle) string {
			g.on("master").file("work", "1")
			m := g.on("prod").merge("master")
			g.revert(g.revert(g.revert(g.revert(g.revert(m, 1), 0), 0), 0), 0)
			return m
		}, "stays", false},
		{"reverted, reapplied, reverted again", func(g *oracle) string {
			g.on("master").file("work", "1")
			m := g.on("prod").merge("master")
			g.revert(g.revert(m, 1), 0)
			g.revert(m, 1)
			return m
		}, "stays", false},
		{"a pull request of a revert that is merged, then reverted as a merge", func(g *oracle) string {
			g.on("master").file("work", "1")
			m := g.on("prod").merge("master")
			g.git("checkout", "-q", "-b", "rollback")
			g.revert(m, 1)
			g.revert(g.on("prod").merge("rollback"), 1)
			return ""
		}, "", true},
		{"a revert that master has too", func(g *oracle) string {
			c := g.on("master").file("work", "1")
			g.on("prod").merge("master")
			g.revert(c, 0)
			g.on("master").revert(c, 0)
			return ""
		}, "", false},
		{"a revert that master had too, and took back", func(g *oracle) string {
			c := g.on("master").file("work", "1")
			g.on("prod").merge("master")
			g.revert(c, 0)
			g.on("master").revert(g.revert(c, 0), 0)
			return c
		}, "stays", false},
		{"a revert that is picked to prod, and taken back on master", func(g *oracle) string {
			c := g.on("master").file("work", "1")
			g.on("prod").merge("master")
			r := g.on("master").revert(c, 0)
			g.on("prod").pick(r)
			g.on("master").revert(r, 0)
			return c
		}, "stays", false},
		{"revert and reapply, both picked to prod", func(g *oracle) string {
			c := g.on("master").file("work", "1")
			g.on("prod").merge("master")
			r := g.on("master").revert(c, 0)
			g.on("prod").pick(r)
			again := g.on("master").revert(r, 0)
			g.on("prod").pick(again)
			return ""
		}, "", true},
		{"a revert, and the work picked again", func(g *oracle) string {
			c := g.on("master").file("work", "1")
			g.on("prod").merge("master")
			g.revert(c, 0)
			g.pick(c)
			return ""
		}, "", true},
		{"the revert of a squash that both have", func(g *oracle) string {
			g.on("feature").file("work", "1")
			g.on("master")
			s := g.squash("feature", "Work (#12)")
			g.on("prod").merge("master")
			g.revert(s, 0)
			return s
		}, "stays", false},
		{"the revert of a promotion by squash", func(g *oracle) string {
			g.on("master").file("work", "1")
			g.on("prod")
			s := g.squash("master", "Promote")
			g.revert(s, 0)
			return s
		}, "returns", true},
		{"the revert of a cherry-pick", func(g *oracle) string {
			c := g.on("master").file("work", "1")
			p := g.on("prod").pick(c)
			g.revert(p, 0)
			return p
		}, "returns", true},
		{"the revert of a cherry-pick of work that went on", func(g *oracle) string {
			c := g.on("master").file("work", "1")
			g.file("work", "2")
			p := g.on("prod").pick(c)
			g.revert(p, 0)
			return p
		}, "returns", true},
		{"the revert of a change of its own", func(g *oracle) string {
			g.on("prod").file("other", "1")
			g.revert(g.git("rev-parse", "HEAD"), 0)
			g.on("master").file("work", "1")
			return ""
		}, "", true},
		{"a revert button of GitLab", func(g *oracle) string {
			g.on("feature").file("work", "1")
			g.on("master")
			g.git("merge", "-q", "--no-ff", "-m", "Merge branch 'feature' into 'master'\n\nWork\n\nSee merge request team/shop!12", "feature")
			m := g.git("rev-parse", "HEAD")
			g.on("prod").merge("master")
			g.git("rm", "-q", "work")
			g.commit("Revert \"Merge branch 'feature' into 'master'\"\n\nThis reverts merge request !12")
			return m
		}, "stays", false},
		{"a squashed revert button of GitHub", func(g *oracle) string {
			g.on("feature").file("work", "1")
			g.on("master")
			s := g.squash("feature", "Work (#12)")
			g.on("prod").merge("master")
			g.git("rm", "-q", "work")
			g.commit("Revert \"Work\" (#13)\n\nReverts team/shop#12")
			return s
		}, "stays", false},
		{"a number that another branch has too, and later", func(g *oracle) string {
			g.git("branch", "side")
			g.on("feature").file("work", "1")
			g.on("master")
			s := g.squash("feature", "Work (#12)")
			g.on("prod").merge("master")
			g.on("side").write("elsewhere", "1")
			g.commit("Elsewhere (#12)")
			g.on("prod").git("rm", "-q", "work")
			g.commit("Revert \"Work\"\n\nReverts team/shop#12")
			g.merge("side")
			return s
		}, "stays", false},
		{"one revert of two numbers, of which one is of elsewhere", func(g *oracle) string {
			g.on("feature").file("work", "1")
			g.on("master")
			s := g.squash("feature", "Work (#12)")
			g.on("prod").merge("master")
			g.git("rm", "-q", "work")
			g.commit("Revert both\n\nReverts team/shop#7\nReverts team/shop#12")
			return s
		}, "stays", false},
		{"a number that only its own revert has", func(g *oracle) string {
			g.on("master").file("work", "1")
			g.on("prod").merge("master")
			g.git("rm", "-q", "work")
			g.commit("Revert it (#12)\n\nReverts team/shop#12")
			return ""
		}, "", false},
		{"a revert that master has too, of the merge that brought the work", func(g *oracle) string {
			c := g.on("feature").file("work", "1")
			g.on("prod").merge("feature")
			g.revert(c, 0)
			g.on("master").revert(g.merge("feature"), 1)
			return ""
		}, "", false},
		{"the revert of a copy of what is no commit", func(g *oracle) string {
			g.on("master").file("work", "1")
			g.on("prod").write("work", "1")
			p := g.commit("Work\n\n(cherry picked from commit " + g.git("rev-parse", "master^{tree}") + ")")
			g.revert(p, 0)
			return p
		}, "returns", true},
		{"a message about a commit of elsewhere", func(g *oracle) string {
			g.on("master").file("work", "1")
			g.on("prod").merge("master")
			g.git("rm", "-q", "work")
			g.commit("Revert it\n\nThis reverts commit " + strings.Repeat("1", 40) + ".")
			return ""
		}, "", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := newOracle(t)
			g.file("base", "1")
			g.git("branch", "prod")
			g.git("branch", "feature")
			work := tc.do(g)
			g.on("master").file("next", "something else\n")
			g.git("checkout", "-q", "--detach")

			r := g.open()
			list, err := r.Undone(t.Context(), "master", "prod")
			require.NoError(t, err)
			switch tc.want {
			case "":
				require.Empty(t, list)
			default:
				require.Len(t, list, 1)
				require.Equal(t, tc.want == "returns", list[0].Returns)
				if work != "" {
					require.Equal(t, work, list[0].Work.Hash)
					require.Equal(t, g.lastRevert("prod"), list[0].Revert.Hash)
				}
			}
			res, err := r.Promote(t.Context(), "master", "prod", gitflow.PromoteOptions{Author: ann, DryRun: true})
			require.NoError(t, err)
			require.Equal(t, list, res.Undone)
			require.Equal(t, gitflow.Merged, res.Kind)
			tree, clean := g.mergeTree("prod", "master")
			require.True(t, clean)
			require.Equal(t, tc.present, strings.Contains("\n"+g.git("ls-tree", "--name-only", tree)+"\n", "\nwork\n"), "the case is not what it says")
			if len(list) == 0 || list[0].Returns {
				return
			}

			// Reapply brings it back, whether it is asked for by the work or by the revert.
			_, err = r.Reapply(t.Context(), "prod", list[0].Work.Hash, gitflow.RevertOptions{Author: ann})
			require.NoError(t, err)
			require.Equal(t, "1", g.git("show", "prod:work"))
			list, err = r.Undone(t.Context(), "master", "prod")
			require.NoError(t, err)
			require.Empty(t, list)
			_, err = r.Promote(t.Context(), "master", "prod", gitflow.PromoteOptions{Author: ann})
			require.NoError(t, err)
			require.Equal(t, "1", g.git("show", "prod:work"))
			g.fsck()
		})
	}
}

// Merged again without anything new: git says that there is nothing to do.
func TestUndoneIsToldWhereNothingIsPending(t *testing.T) {
	g := newOracle(t)
	g.file("base", "1")
	g.git("branch", "feature")
	g.on("feature").file("work", "1")
	m := g.on("master").merge("feature")
	revert := g.revert(m, 1)
	g.git("checkout", "-q", "--detach")
	r := g.open()
	res, err := r.Promote(t.Context(), "feature", "master", gitflow.PromoteOptions{Author: ann})
	require.NoError(t, err)
	require.Equal(t, gitflow.Nothing, res.Kind)
	require.Len(t, res.Undone, 1)
	require.Equal(t, []string{m, revert}, []string{res.Undone[0].Work.Hash, res.Undone[0].Revert.Hash})

	// By a commit that came with the merge, too.
	_, err = r.Reapply(t.Context(), "master", "feature", gitflow.RevertOptions{Author: ann})
	require.NoError(t, err)
	require.Equal(t, "1", g.git("show", "master:work"))
}

// lastRevert returns the newest commit of a branch that reverts another one.
func (g *oracle) lastRevert(branch string) string {
	g.t.Helper()
	return g.git("rev-list", "-1", "--grep=^This reverts", "--grep=^Reverts", branch)
}

// on checks a branch out.
func (g *oracle) on(branch string) *oracle {
	g.t.Helper()
	g.git("checkout", "-q", branch)
	return g
}

// revert makes git revert a commit; parent is 0 for one that is no merge.
func (g *oracle) revert(commit string, parent int) string {
	g.t.Helper()
	g.when++
	args := []string{"revert", "--no-edit"}
	if parent > 0 {
		args = append(args, "-m", fmt.Sprint(parent))
	}
	g.git(append(args, commit)...)
	return g.git("rev-parse", "HEAD")
}

func (g *oracle) pick(commit string) string {
	g.t.Helper()
	g.when++
	g.git("cherry-pick", "-x", commit)
	return g.git("rev-parse", "HEAD")
}

func (g *oracle) squash(branch, message string) string {
	g.t.Helper()
	g.git("merge", "-q", "--squash", branch)
	return g.commit(message)
}
