package gitflow_test

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/gitflow"
)

// gitMerge is the answer of git.
type gitMerge struct {
	tree      string
	clean     bool
	failed    bool
	conflicts []string // "path kind", sorted
	messages  string
}

// besideDirectory is what git adds to the name of a file in whose place there is
// a directory: the side that it is from.
var besideDirectory = regexp.MustCompile(`~[0-9a-f]{40}(_[0-9]+)?$`)

// askGit merges two commits by git.
func askGit(g *oracle, ours, theirs string) gitMerge {
	g.t.Helper()
	cmd := g.command("merge-tree", "--write-tree", "-z", "--messages", "--allow-unrelated-histories", ours, theirs)
	out, err := cmd.Output()
	var res gitMerge
	res.clean = err == nil
	if status := cmd.ProcessState; status.ExitCode() > 1 || !status.Exited() {
		res.failed = true // an assertion in git, seldom
		return res
	}
	fields := strings.Split(string(out), "\x00")
	res.tree = fields[0]
	fields = fields[1:]
	for len(fields) > 0 && fields[0] != "" { // files of the index
		fields = fields[1:]
	}
	for fields = fields[1:]; len(fields) > 3; {
		var n int
		_, err := fmt.Sscan(fields[0], &n)
		require.NoError(g.t, err, "%q", out)
		paths, kind, text := fields[1:1+n], fields[1+n], fields[2+n]
		fields = fields[3+n:]
		res.messages += text
		if strings.HasPrefix(kind, "CONFLICT") {
			_, kind, _ = strings.Cut(text, "CONFLICT (")
			kind, _, _ = strings.Cut(kind, ")")
			at := paths[0]
			if kind == "file/directory" || kind == "file location" {
				at = paths[1]
			}
			if kind != "" { // else it says again what another line says
				res.conflicts = append(res.conflicts, besideDirectory.ReplaceAllString(at, "")+" "+kind)
			}
		}
	}
	slices.Sort(res.conflicts)
	res.conflicts = slices.Compact(res.conflicts)
	return res
}

// checked is what became of the cases of a property.
type checked struct {
	cases, gitClean, clean int
	gitFailed              int
	causes                 map[string]int // of conflicts of our own
	unlike                 int            // conflicts listed otherwise
}

func (c *checked) String() string {
	return fmt.Sprintf("%d merges, %d clean in git, %d here; %d in which git failed; conflicts of our own: %v; conflicts with another list: %d", c.cases, c.gitClean, c.clean, c.gitFailed, c.causes, c.unlike)
}

// compare checks one answer against that of git: where git is clean so are we,
// with the same tree, or there is a reason that c.causes counts.
func (c *checked) compare(t *testing.T, git gitMerge, tree string, err error, what string) {
	t.Helper()
	if git.failed {
		c.gitFailed++
		return
	}
	c.cases++
	if git.clean {
		c.gitClean++
	}
	ce, conflict := errors.AsType[*gitflow.ConflictError](err)
	switch {
	case !conflict:
		require.NoError(t, err, what)
		c.clean++
		require.True(t, git.clean, "%s: git has a conflict:\n%s", what, git.messages)
		require.Equal(t, git.tree, tree, "%s: another tree than git's", what)
	case git.clean:
		for _, one := range ce.Conflicts {
			c.causes[string(one.Kind)]++
		}
		t.Logf("%s: a conflict of our own: %v\n%s", what, err, git.messages)
	default:
		if list := conflictNames(ce.Conflicts); !slices.Equal(list, git.conflicts) {
			c.unlike++
			t.Logf("%s: git lists %q\n  we list %q\n", what, git.conflicts, list)
		}
	}
}

// firstSeed is where generated cases begin; SLSFLOW_FIRST_SEED asks for others.
func firstSeed() (first uint64) {
	if _, err := fmt.Sscan(os.Getenv("SLSFLOW_FIRST_SEED"), &first); err != nil {
		return 0
	}
	return first
}

// inBatches makes n cases, many in one repository, and tries each.
func inBatches[C any](t *testing.T, n int, generate func(*history, uint64) C, try func(*oracle, *gitflow.Repository, []string, C)) {
	t.Helper()
	const batch = 500
	for done := 0; done < n; done += batch {
		g := newOracle(t, "--bare")
		h := &history{}
		var cases []C
		for i := range min(batch, n-done) {
			cases = append(cases, generate(h, firstSeed()+uint64(done+i)))
		}
		hashes := h.write(g)
		r := g.open()
		for _, c := range cases {
			try(g, r, hashes, c)
		}
	}
}

// Whatever two people do to a project, in histories of all shapes: what is clean
// here is clean in git, with the same tree.
func TestGeneratedHistoriesMergeAsInGit(t *testing.T) {
	n := seeds(t, 50, 150)
	result := checked{causes: map[string]int{}}
	inBatches(t, n, (*history).generate, func(g *oracle, r *gitflow.Repository, hashes []string, c generated) {
		ours, theirs := hashes[c.ours], hashes[c.theirs]
		res, err := r.Promote(t.Context(), theirs, ours, gitflow.PromoteOptions{Author: ann, DryRun: true, AllowUnrelated: true})
		result.compare(t, askGit(g, ours, theirs), res.Tree, err, fmt.Sprintf("seed %d, %s", c.seed, c.shape))
	})
	result.check(t, n)
}

// The same for reverts of plain commits and of merges.
func TestGeneratedRevertsAreAsInGit(t *testing.T) {
	n := seeds(t, 20, 60)
	result := checked{causes: map[string]int{}}
	inBatches(t, n, (*history).generateRevert, func(g *oracle, r *gitflow.Repository, hashes []string, c generatedRevert) {
		res, err := r.Revert(t.Context(), hashes[c.branch], hashes[c.commit], gitflow.RevertOptions{Author: ann, DryRun: true, Parent: c.parent})
		result.compare(t, askGit(g, hashes[c.ours], hashes[c.theirs]), res.Tree, err, fmt.Sprintf("seed %d", c.seed))
	})
	result.check(t, n)
}

// check checks the totals.
func (c *checked) check(t *testing.T, n int) {
	t.Helper()
	t.Log(c)
	require.Greater(t, c.clean, n/5, "the property says little when all is conflict")
	require.Greater(t, c.cases-c.clean, n/20, "nor when all is clean")
	require.GreaterOrEqual(t, c.clean*100, c.gitClean*99, "conflicts where git has none: %v", c.causes)
	require.LessOrEqual(t, c.unlike*20, c.cases, "conflicts are listed otherwise than by git")
}

// conflictNames returns the path and kind of each conflict, sorted.
func conflictNames(conflicts []gitflow.Conflict) []string {
	var list []string
	for _, c := range conflicts {
		list = append(list, fmt.Sprintf("%s %s", c.Path, c.Kind))
	}
	slices.Sort(list)
	return slices.Compact(list)
}
