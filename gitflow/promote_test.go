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

// flow makes a repository whose work tree is elsewhere than on the branches
// that the tests move.
func flow(t *testing.T) *oracle {
	t.Helper()
	g := newOracle(t)
	g.file("api/handler.js", "one\n")
	g.file("readme", "text\n")
	g.git("branch", "prod")
	g.git("checkout", "-q", "-b", "work")
	return g
}

// change commits a file to a branch and returns to "work".
func (g *oracle) change(branch, file, text string) string {
	g.t.Helper()
	g.git("checkout", "-q", branch)
	h := g.file(file, text)
	g.git("checkout", "-q", "work")
	return h
}

func TestPromoteKinds(t *testing.T) {
	for _, tc := range []struct {
		name   string
		ff     gitflow.FastForward
		ahead  bool // master has a commit more
		parted bool // prod too
		want   gitflow.ResultKind
		fails  string
	}{
		{"merge by default", gitflow.NeverFastForward, true, false, gitflow.Merged, ""},
		{"merge of parted branches", gitflow.NeverFastForward, true, true, gitflow.Merged, ""},
		{"nothing pending", gitflow.NeverFastForward, false, false, gitflow.Nothing, ""},
		{"nothing pending, prod ahead", gitflow.OnlyFastForward, false, true, gitflow.Nothing, ""},
		{"fast-forward", gitflow.MayFastForward, true, false, gitflow.FastForwarded, ""},
		{"no fast-forward possible", gitflow.MayFastForward, true, true, gitflow.Merged, ""},
		{"only fast-forward", gitflow.OnlyFastForward, true, false, gitflow.FastForwarded, ""},
		{"only fast-forward, parted", gitflow.OnlyFastForward, true, true, "", "cannot be fast-forwarded"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := flow(t)
			if tc.ahead {
				g.change("master", "api/handler.js", "two\n")
			}
			if tc.parted {
				g.change("prod", "hotfix", "x\n")
			}
			old, master := g.git("rev-parse", "prod"), g.git("rev-parse", "master")
			o := gitflow.PromoteOptions{FastForward: tc.ff, DryRun: true}
			if tc.ff != gitflow.OnlyFastForward {
				o.Author = ann
			}
			before := g.git("count-objects", "-v")
			dry, err := g.open().Promote(t.Context(), "master", "prod", o)
			require.Equal(t, before, g.git("count-objects", "-v"), "a dry run writes nothing")
			require.Equal(t, old, g.git("rev-parse", "prod"))
			o.DryRun = false
			res, realErr := g.open().Promote(t.Context(), "master", "prod", o)
			if tc.fails != "" {
				require.ErrorContains(t, err, tc.fails)
				require.ErrorContains(t, realErr, tc.fails)
				require.Equal(t, old, g.git("rev-parse", "prod"))
				return
			}
			require.NoError(t, err)
			require.NoError(t, realErr)
			require.True(t, dry.DryRun)
			dry.DryRun = false
			require.Equal(t, dry, res, "a dry run says what the real one does")
			require.Equal(t, tc.want, res.Kind)
			require.Equal(t, []string{"prod", old, master}, []string{res.Branch, res.Old, res.Commit})
			require.Equal(t, g.git("rev-parse", "prod"), res.New)
			switch tc.want {
			case gitflow.Nothing:
				require.Equal(t, old, res.New)
			case gitflow.FastForwarded:
				require.Equal(t, master, res.New)
			case gitflow.Merged:
				require.Equal(t, old+" "+master, g.git("log", "-1", "--format=%P", "prod"))
				tree, clean := g.mergeTree(old, master)
				require.True(t, clean)
				require.Equal(t, tree, g.git("rev-parse", "prod^{tree}"))
			}
			g.fsck()
		})
	}
}

func TestPromoteWritesWhoWhenAndWhat(t *testing.T) {
	g := flow(t)
	first := g.change("master", "a", "1")
	second := g.change("master", "b", "1")
	bot := gitflow.Signature{Name: "Deploy Bot", Email: "bot@example.com", When: time.Unix(1_700_200_000, 0).UTC()}
	res, err := g.open().Promote(t.Context(), "master", "prod", gitflow.PromoteOptions{Author: ann, Committer: bot})
	require.NoError(t, err)
	require.Equal(t, "Ann <ann@example.com> 1700100000 +0200|Deploy Bot <bot@example.com> 1700200000 +0000",
		g.git("log", "-1", "--date=raw", "--format=%an <%ae> %ad|%cn <%ce> %cd", "prod"))
	want := fmt.Sprintf("Promote master (%s) into prod\n\n- change b (%s)\n- change a (%s)\n", second[:7], second[:7], first[:7])
	require.Equal(t, want, res.Message)
	require.Equal(t, strings.TrimRight(want, "\n"), g.git("log", "-1", "--format=%B", "prod"))
	require.Equal(t, []string{second, first}, []string{res.Commits[0].Hash, res.Commits[1].Hash})

	third := g.change("master", "c", "1")
	_, err = g.open().Promote(t.Context(), third[:12], "prod", gitflow.PromoteOptions{Author: ann})
	require.NoError(t, err)
	require.Equal(t, "Promote "+third[:7]+" into prod", g.git("log", "-1", "--format=%s", "prod"))
	g.change("master", "d", "1")
	_, err = g.open().Promote(t.Context(), "master", "prod", gitflow.PromoteOptions{Author: ann, Message: "release 7"})
	require.NoError(t, err)
	require.Equal(t, "release 7", g.git("log", "-1", "--format=%B", "prod"))
	g.fsck()
}

func TestPromoteRefuses(t *testing.T) {
	g := flow(t)
	old := g.git("rev-parse", "prod")
	master := g.change("master", "api/handler.js", "two\n")
	g.change("prod", "api/handler.js", "three\n")
	prod := g.git("rev-parse", "prod")
	g.git("checkout", "-q", "--orphan", "island")
	g.commit("unrelated")
	g.git("checkout", "-q", "work")
	r := g.open()
	signed := gitflow.PromoteOptions{Author: ann}
	with := func(change func(*gitflow.PromoteOptions)) gitflow.PromoteOptions {
		o := signed
		change(&o)
		return o
	}
	for _, tc := range []struct {
		name, from, to string
		o              gitflow.PromoteOptions
		is             error
		want           string
	}{
		{"a conflict", "master", "prod", signed, gitflow.ErrConflict, "api/handler.js: changed in prod and in master"},
		{"an unknown branch", "master", "live", signed, gitflow.ErrNotFound, `branch "live" not found`},
		{"an unknown commit", "nope", "prod", signed, gitflow.ErrNotFound, `"nope" not found`},
		{"another commit than expected", "master", "prod", with(func(o *gitflow.PromoteOptions) { o.Expect = old }), gitflow.ErrMoved, "expected " + old},
		{"nobody as the author", "master", "prod", gitflow.PromoteOptions{}, nil, "author needs a name and a time"},
		{"no time", "master", "prod", with(func(o *gitflow.PromoteOptions) { o.Author.When = time.Time{} }), nil, "author needs a name and a time"},
		{"a forged name", "master", "prod", with(func(o *gitflow.PromoteOptions) {
			o.Author.Name = "x> 0 +0000\ncommitter Eve"
		}), nil, "line break"},
		{"unrelated histories", "island", "prod", signed, gitflow.ErrNotFound, "unrelated"},
		{"a tag as the branch", "master", master, signed, gitflow.ErrNotFound, "not found"},
		{"what is checked out", "master", "work", signed, nil, "is checked out in " + g.dir},
	} {
		t.Run(tc.name, func(t *testing.T) {
			before := g.git("for-each-ref")
			res, err := r.Promote(t.Context(), tc.from, tc.to, tc.o)
			require.ErrorContains(t, err, tc.want)
			require.ErrorContains(t, err, "gitflow: promote ")
			if tc.is != nil {
				require.ErrorIs(t, err, tc.is)
			}
			require.Equal(t, gitflow.Result{}, res)
			require.Equal(t, before, g.git("for-each-ref"))
		})
	}
	require.Equal(t, prod, g.git("rev-parse", "prod"))
}

// The branch is in another repository; the promotion is made here.
func TestPromoteElsewhere(t *testing.T) {
	g := flow(t)
	g.change("master", "api/handler.js", "two\n")
	to := g.bare()
	hot := g.change("prod", "hotfix", "1")
	here, there := g.open(), to.open()

	res, err := here.Promote(t.Context(), "master", "prod", gitflow.PromoteOptions{Author: ann, Target: there})
	require.NoError(t, err)
	require.Equal(t, res.New, to.git("rev-parse", "prod"))
	require.Equal(t, hot, g.git("rev-parse", "prod"), "the branch here stays where it is")
	to.fsck()

	newer := g.change("master", "x", "1")
	unknown, err := there.Promote(t.Context(), "prod", "master", gitflow.PromoteOptions{Author: ann})
	require.NoError(t, err)
	_, err = g.try("cat-file", "-e", unknown.New)
	require.Error(t, err, "only there")
	before := g.git("count-objects", "-v")
	dry, err := here.Promote(t.Context(), newer, "master", gitflow.PromoteOptions{Author: ann, Target: there, DryRun: true})
	require.NoError(t, err)
	require.Equal(t, before, g.git("count-objects", "-v"), "a dry run keeps it in memory")
	res, err = here.Promote(t.Context(), newer, "master", gitflow.PromoteOptions{Author: ann, Target: there})
	require.NoError(t, err)
	require.Equal(t, dry.New, res.New)
	require.Equal(t, res.New, to.git("rev-parse", "master"))
	to.fsck()
	g.fsck()
}

func TestRevert(t *testing.T) {
	g := flow(t)
	r := g.open()
	author := ann
	promote := func() gitflow.Result {
		t.Helper()
		author.When = author.When.Add(time.Minute)
		res, err := r.Promote(t.Context(), "master", "prod", gitflow.PromoteOptions{Author: author})
		require.NoError(t, err)
		return res
	}
	good := promote()
	require.Equal(t, gitflow.Nothing, good.Kind)
	g.change("master", "api/handler.js", "bad\n")
	g.change("master", "bad-too", "quite another text\n")
	bad := promote()
	g.change("master", "later", "1\n")
	promote()

	o := gitflow.RevertOptions{Author: author, Parent: 1}
	want := g.revertTree("prod", bad.New, 1)
	dryOptions := o
	dryOptions.DryRun = true
	dry, err := r.Revert(t.Context(), "prod", bad.New, dryOptions)
	require.NoError(t, err)
	prod := g.git("rev-parse", "prod")

	// On a branch of its own, for a pull request.
	o.Into = "revert-bad"
	res, err := r.Revert(t.Context(), "prod", bad.New, o)
	require.NoError(t, err)
	require.Equal(t, []string{"revert-bad", prod, res.New}, []string{res.Branch, res.Old, g.git("rev-parse", "revert-bad")})
	require.Equal(t, prod, g.git("rev-parse", "prod"))
	_, err = r.Revert(t.Context(), "prod", bad.New, o)
	require.ErrorIs(t, err, gitflow.ErrMoved, "there is such a branch by now")
	require.ErrorContains(t, err, "refs/heads/revert-bad exists already: it is at "+res.New)
	require.NotContains(t, err.Error(), "others were faster")

	// A dry run says so too, also on top of another revision.
	dryOptions.Into = "revert-bad"
	for _, branch := range []string{"prod", prod} {
		_, said := r.Revert(t.Context(), branch, bad.New, dryOptions)
		require.ErrorIs(t, said, gitflow.ErrMoved)
		require.ErrorContains(t, said, "refs/heads/revert-bad exists already: it is at "+res.New)
		dryOptions.Into = "revert-bad/more"
		_, said = r.Revert(t.Context(), branch, bad.New, dryOptions)
		require.ErrorContains(t, said, "there is refs/heads/revert-bad (a branch cannot be a folder of branches)")
		dryOptions.Into = "revert-bad"
	}
	dryOptions.Into = "revert-worse"
	free, err := r.Revert(t.Context(), "prod", bad.New, dryOptions)
	require.NoError(t, err)
	require.Equal(t, res.New, free.New)
	require.NotContains(t, g.git("branch", "--list"), "revert-worse")

	o.Into = ""
	res, err = r.Revert(t.Context(), "prod", bad.New, o)
	require.NoError(t, err)
	require.Equal(t, gitflow.Reverted, res.Kind)
	require.Equal(t, dry.New, res.New)
	require.Equal(t, want, g.git("rev-parse", "prod^{tree}"))
	require.Equal(t, "one", g.git("show", "prod:api/handler.js"))
	require.Equal(t, "1", g.git("show", "prod:later"), "what came after stays")
	require.Equal(t, fmt.Sprintf("Revert \"Promote master (%s) into prod\"\n\nThis reverts commit %s, reversing\nchanges made to %s.\n",
		bad.Commit[:7], bad.New, bad.Old), res.Message)

	// Once more there is nothing to revert.
	again, err := r.Revert(t.Context(), "prod", bad.New, o)
	require.NoError(t, err)
	require.Equal(t, gitflow.Nothing, again.Kind)
	require.Equal(t, res.New, again.New)

	// The next promotion says that it does not bring the work back, …
	g.change("master", "fix", "1\n")
	next := promote()
	require.Len(t, next.Undone, 1)
	require.Equal(t, res.New, next.Undone[0].Revert.Hash)
	require.Equal(t, bad.New, next.Undone[0].Work.Hash)
	require.Equal(t, "one", g.git("show", "prod:api/handler.js"))
	// … until the revert is reverted.
	back, err := r.Revert(t.Context(), "prod", next.Undone[0].Revert.Hash, gitflow.RevertOptions{Author: author})
	require.NoError(t, err)
	require.Equal(t, "bad", g.git("show", "prod:api/handler.js"))
	require.True(t, strings.HasPrefix(back.Message, fmt.Sprintf("Reapply \"Promote master (%s) into prod\"", bad.Commit[:7])), back.Message)
	g.change("master", "fix", "2\n")
	require.Empty(t, promote().Undone)
	g.fsck()
}

func TestRevertOfAPlainCommitAndOfTheFirst(t *testing.T) {
	g := flow(t)
	r := g.open()
	readme := g.git("rev-parse", "prod")
	want := g.revertTree("prod", readme, 1)
	_, err := r.Revert(t.Context(), "prod", readme, gitflow.RevertOptions{Author: ann})
	require.NoError(t, err)
	require.Equal(t, want, g.git("rev-parse", "prod^{tree}"))
	_, err = r.Revert(t.Context(), "prod", "prod~2", gitflow.RevertOptions{Author: ann})
	require.NoError(t, err)
	require.Equal(t, "4b825dc642cb6eb9a060e54bf8d69288fbee4904", g.git("rev-parse", "prod^{tree}"))
	g.fsck()
}

func TestRevertRefuses(t *testing.T) {
	g := flow(t)
	g.change("prod", "api/handler.js", "two\n")
	two := g.git("rev-parse", "prod")
	g.change("prod", "api/handler.js", "three\n")
	stray := g.change("master", "x", "1")
	merged, err := g.open().Promote(t.Context(), "master", "prod", gitflow.PromoteOptions{Author: ann})
	require.NoError(t, err)
	for _, tc := range []struct {
		name, commit string
		o            gitflow.RevertOptions
		is           error
		want         string
	}{
		{"a later change of the same file", two, gitflow.RevertOptions{Author: ann}, gitflow.ErrConflict, "api/handler.js: changed in prod and in the revert of " + two[:7]},
		{"a merge without a parent", merged.New, gitflow.RevertOptions{Author: ann}, nil, "say which parent"},
		{"a parent too many", merged.New, gitflow.RevertOptions{Author: ann, Parent: 3}, gitflow.ErrNotFound, "it has 2"},
		{"a negative parent", merged.New, gitflow.RevertOptions{Author: ann, Parent: -1}, gitflow.ErrNotFound, "parent -1"},
		{"the second parent of a plain commit", two, gitflow.RevertOptions{Author: ann, Parent: 2}, gitflow.ErrNotFound, "it has 1"},
		{"no author", two, gitflow.RevertOptions{}, nil, "author needs"},
		{"a commit of elsewhere", g.change("master", "y", "1"), gitflow.RevertOptions{Author: ann}, nil, "is not in the branch"},
		{"another tip than expected", stray, gitflow.RevertOptions{Author: ann, Expect: two}, gitflow.ErrMoved, "expected " + two},
		{"a name that is no branch", stray, gitflow.RevertOptions{Author: ann, Into: "a..b"}, nil, "a..b"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			before := g.git("for-each-ref")
			_, err := g.open().Revert(t.Context(), "prod", tc.commit, tc.o)
			require.ErrorContains(t, err, tc.want)
			if tc.is != nil {
				require.ErrorIs(t, err, tc.is)
			}
			require.Equal(t, before, g.git("for-each-ref"))
		})
	}
}

// revertTree asks git for the tree of a revert, without a work tree: the
// reverted commit is the base of a merge of the branch and the parent.
func (g *oracle) revertTree(branch, commit string, parent int) string {
	g.t.Helper()
	base := g.git("commit-tree", "-m", "base", commit+"^{tree}")
	ours := g.git("commit-tree", "-m", "ours", "-p", base, branch+"^{tree}")
	theirs := g.git("commit-tree", "-m", "theirs", "-p", base, fmt.Sprintf("%s^%d^{tree}", commit, parent))
	tree, clean := g.mergeTree(ours, theirs)
	require.True(g.t, clean)
	return tree
}

func TestConflictErrorListsAll(t *testing.T) {
	g := flow(t)
	for _, file := range []string{"b", "a"} {
		g.change("master", file, "1")
		g.change("prod", file, "2")
	}
	_, err := g.open().Promote(t.Context(), "master", "prod", gitflow.PromoteOptions{Author: ann})
	ce, ok := errors.AsType[*gitflow.ConflictError](err)
	require.True(t, ok)
	require.Len(t, ce.Conflicts, 2)
	for i, name := range []string{"a", "b"} {
		c := ce.Conflicts[i]
		require.Equal(t, name+": added in prod and in master", c.String())
		require.Equal(t, gitflow.ConflictAdd, c.Kind)
		require.Zero(t, c.Base)
		require.Equal(t, "<<<<<<< prod\n2\n=======\n1\n>>>>>>> master\n", c.Markers)
	}
	require.Equal(t, "2 conflicts (join the branches by hand, then try again)\n\ta: added in prod and in master\n\tb: added in prod and in master", ce.Error())
}
