package gitflow_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/gitflow"
)

// importState commits a state through git fast-import: one process for any
// number of files.
func (g *oracle) importState(s state, parents ...string) string {
	g.t.Helper()
	g.when++
	var in bytes.Buffer
	fmt.Fprintf(&in, "commit refs/heads/imported\ncommitter Cleo <cleo@example.com> %d +0200\ndata 5\nstate\n", g.when)
	for i, p := range parents {
		fmt.Fprintf(&in, "%s %s\n", []string{"from", "merge"}[min(i, 1)], p)
	}
	in.WriteString("deleteall\n")
	for _, name := range slices.Sorted(maps.Keys(s)) {
		mode, text := "100644", s[name]
		if rest, ok := strings.CutPrefix(text, "+x "); ok {
			mode, text = "100755", rest
		} else if rest, ok := strings.CutPrefix(text, "-> "); ok {
			mode, text = "120000", rest
		}
		fmt.Fprintf(&in, "M %s inline %s\ndata %d\n%s\n", mode, name, len(text), text)
	}
	_, _ = g.try("update-ref", "-d", "refs/heads/imported")
	g.feed(&in, "fast-import", "--quiet", "--force")
	return g.git("rev-parse", "imported")
}

// seeds is how many cases a property is tried on; SLSFLOW_SEEDS asks for more.
func seeds(tb testing.TB, short, normal int) int {
	tb.Helper()
	if n, err := strconv.Atoi(os.Getenv("SLSFLOW_SEEDS")); err == nil {
		return n
	}
	if testing.Short() {
		return short
	}
	return normal
}

// randomLines makes a text in which lines repeat, some end in CR LF, and the
// last one may have no end.
func randomLines(rnd *rand.Rand) []string {
	words := 2 + rnd.IntN(12)
	if rnd.IntN(3) == 0 {
		words = 200 // hardly a line twice
	}
	crlf := rnd.IntN(5) == 0
	list := make([]string, rnd.IntN(30))
	if rnd.IntN(20) == 0 { // no line is rare
		words = 1 + rnd.IntN(3)
		list = make([]string, rnd.IntN(1500))
	}
	for i := range list {
		list[i] = randomLine(rnd, words, crlf)
	}
	if len(list) > 0 && rnd.IntN(4) == 0 {
		list[len(list)-1] = strings.TrimRight(list[len(list)-1], "\r\n")
	}
	return list
}

func randomLine(rnd *rand.Rand, words int, crlf bool) string {
	text := []string{"", "}", "\t", "a b"}[rnd.IntN(4)] + strconv.Itoa(rnd.IntN(words))
	if rnd.IntN(12) == 0 {
		text = ""
	}
	if crlf {
		text += "\r"
	}
	return text + "\n"
}

// editedLines changes, adds, deletes and moves lines.
func editedLines(rnd *rand.Rand, from []string) []string {
	list := slices.Clone(from)
	for range rnd.IntN(4 + len(from)*rnd.IntN(2)/100) {
		at := rnd.IntN(len(list) + 1)
		end := min(len(list), at+rnd.IntN(4+len(from)*rnd.IntN(2)/20))
		switch rnd.IntN(5) {
		case 0:
			list = slices.Delete(list, at, end)
		case 1:
			list = slices.Insert(list, at, randomLine(rnd, 8, false), randomLine(rnd, 8, false))
		case 2:
			for i := at; i < end; i++ {
				list[i] = randomLine(rnd, 8, rnd.IntN(9) == 0)
			}
		case 3: // the same again somewhere else
			list = slices.Insert(list, rnd.IntN(len(list)+1), slices.Clone(list[at:end])...)
		case 4:
			if len(list) > 0 {
				last := len(list) - 1
				if text, ok := strings.CutSuffix(list[last], "\n"); ok {
					list[last] = text
				} else {
					list[last] += "\n"
				}
			}
		}
	}
	// A line without an end can only be the last one.
	for i := range max(len(list)-1, 0) {
		if !strings.HasSuffix(list[i], "\n") {
			list[i] += "\n"
		}
	}
	return list
}

// Whatever two sides do to the lines of a file, it is joined to the very text
// that git writes, or it has the conflict that git has, with the same markers.
func TestLinesAreJoinedAsGitDoes(t *testing.T) {
	checkLines(t, seeds(t, 1, 4), 500, func(rnd *rand.Rand) (base, ours, theirs []string) {
		base = randomLines(rnd)
		ours, theirs = editedLines(rnd, base), editedLines(rnd, base)
		if rnd.IntN(3) == 0 {
			theirs = editedLines(rnd, ours)
		}
		return base, ours, theirs
	})
}

// The same for long texts in which no line is rare and much is changed, so that
// git cuts the search for the difference short.
func TestLongTextsAreJoinedAsGitDoes(t *testing.T) {
	checkLines(t, seeds(t, 1, 1), 20, func(rnd *rand.Rand) (base, ours, theirs []string) {
		words, n := 2+rnd.IntN(3), 500+rnd.IntN(3000)
		if rnd.IntN(100) == 0 {
			words, n = 12, 45_000
		}
		for range n {
			base = append(base, randomLine(rnd, words, false))
		}
		for at := 0; at < len(base); {
			run := min(1+rnd.IntN(60), len(base)-at)
			if rnd.IntN(3) > 0 {
				ours = append(ours, base[at:at+run]...)
			}
			for range rnd.IntN(40) {
				ours = append(ours, randomLine(rnd, words, false))
			}
			at += run
		}
		theirs = editedLines(rnd, base[:len(base)/2])
		return base, ours, append(theirs, base[len(base)/2:]...)
	})
}

// checkLines compares rounds of n files with git.
func checkLines(t *testing.T, rounds, n int, file func(*rand.Rand) (base, ours, theirs []string)) {
	t.Helper()
	g := newOracle(t)
	r := g.open()
	clean, conflicts := 0, 0
	for seed := range rounds {
		rnd := rand.New(rand.NewPCG(firstSeed()+uint64(seed), 3))
		sides := [3]state{{}, {}, {}}
		for i := range n {
			base, ours, theirs := file(rnd)
			for s, text := range [][]string{base, ours, theirs} {
				sides[s][fmt.Sprintf("f%03d", i)] = strings.Join(text, "")
			}
		}
		gitTree, marked := conflicted(t, g, sides)
		got := mergeConflicts(t, r)
		for name := range marked {
			require.Contains(t, got, name, "git has a conflict\nbase %q\nours %q\ntheirs %q", sides[0][name], sides[1][name], sides[2][name])
		}
		for name, c := range got {
			require.Contains(t, marked, name, "git has no conflict, here: %v\nbase %q\nours %q\ntheirs %q", c, sides[0][name], sides[1][name], sides[2][name])
			want, err := g.command("cat-file", "blob", gitTree+":"+name).Output()
			require.NoError(t, err)
			require.Equal(t, string(want), c.Markers, "base %q\nours %q\ntheirs %q", sides[0][name], sides[1][name], sides[2][name])
			for _, s := range sides {
				delete(s, name)
			}
		}
		conflicts += len(got)
		clean += len(sides[0])
		gitTree, marked = conflicted(t, g, sides)
		require.Empty(t, marked)
		res := mergeStates(t, r)
		require.Equal(t, gitTree, g.git("rev-parse", res.New+"^{tree}"))
	}
	t.Logf("%d clean, %d conflicts", clean, conflicts)
	require.Positive(t, clean)
	require.Positive(t, conflicts)
}

// commits commits three states, the first one as the ancestor.
func (g *oracle) commits(sides [3]state) {
	root := g.importState(sides[0])
	ours, theirs := g.importState(sides[1], root), g.importState(sides[2], root)
	g.git("update-ref", "refs/heads/ours", ours)
	g.git("update-ref", "refs/heads/theirs", theirs)
}

func conflicted(tb testing.TB, g *oracle, sides [3]state) (tree string, names map[string]bool) {
	tb.Helper()
	g.commits(sides)
	out, err := g.try("merge-tree", "--write-tree", "--name-only", "--no-messages", "ours", "theirs")
	tree, rest, _ := strings.Cut(out, "\n")
	names = map[string]bool{}
	for name := range strings.FieldsSeq(rest) {
		names[name] = true
	}
	require.Equal(tb, err != nil, len(names) > 0)
	return tree, names
}

// mergeConflicts and mergeStates work on the branches that commits made.
func mergeConflicts(tb testing.TB, r *gitflow.Repository) map[string]gitflow.Conflict {
	tb.Helper()
	_, err := r.Promote(tb.Context(), "theirs", "ours", gitflow.PromoteOptions{Author: ann, DryRun: true})
	byPath := map[string]gitflow.Conflict{}
	if ce, ok := errors.AsType[*gitflow.ConflictError](err); ok {
		for _, c := range ce.Conflicts {
			byPath[c.Path] = c
		}
		return byPath
	}
	require.NoError(tb, err)
	return byPath
}

func mergeStates(tb testing.TB, r *gitflow.Repository) gitflow.Result {
	tb.Helper()
	res, err := r.Promote(tb.Context(), "theirs", "ours", gitflow.PromoteOptions{Author: ann})
	require.NoError(tb, err)
	return res
}

func TestConflictIsData(t *testing.T) {
	g := newOracle(t)
	sides := [3]state{{"a": "1\n2\n3\n"}, {"a": "1\nours\n3\n"}, {"a": "1\ntheirs\n3\n"}}
	g.commits(sides)
	c := mergeConflicts(t, g.open())["a"]
	require.Equal(t, gitflow.ConflictContent, c.Kind)
	require.Equal(t, []gitflow.Hunk{{OursLine: 2, TheirsLine: 2, Ours: "ours\n", Theirs: "theirs\n"}}, c.Hunks)
	require.Equal(t, "1\n<<<<<<< ours\nours\n=======\ntheirs\n>>>>>>> theirs\n3\n", c.Markers)
	for version, text := range map[gitflow.Version]string{c.Base: "2", c.Ours: "ours", c.Theirs: "theirs"} {
		require.Equal(t, gitflow.Version{Mode: "100644", Hash: g.blob("1\n" + text + "\n3\n")}, version)
	}
}
