package gitflow_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/gitflow"
)

var ann = gitflow.Signature{Name: "Ann", Email: "ann@example.com", When: time.Unix(1_700_100_000, 0).In(time.FixedZone("", 2*3600))}

// state is a tree as a map from path to content. A content may begin with
// "+x " for an executable file, and "-> " for a symbolic link.
type state map[string]string

// commitState commits exactly the state, without a work tree.
func (g *oracle) commitState(s state, parents ...string) string {
	g.t.Helper()
	g.when++
	var index strings.Builder
	for _, name := range slices.Sorted(maps.Keys(s)) {
		mode, text := "100644", s[name]
		if rest, ok := strings.CutPrefix(text, "+x "); ok {
			mode, text = "100755", rest
		} else if rest, ok := strings.CutPrefix(text, "-> "); ok {
			mode, text = "120000", rest
		}
		fmt.Fprintf(&index, "%s %s\t%s\n", mode, g.blob(text), name)
	}
	require.NoError(g.t, os.RemoveAll(filepath.Join(g.dir, ".git", "index")))
	g.feed(strings.NewReader(index.String()), "update-index", "--index-info")
	args := []string{"commit-tree", "-m", fmt.Sprint("state ", g.when), g.git("write-tree")}
	for _, p := range parents {
		args = append(args, "-p", p)
	}
	return g.git(args...)
}

// mergeTree asks git for the merge of two commits.
func (g *oracle) mergeTree(ours, theirs string) (tree string, clean bool) {
	g.t.Helper()
	out, err := g.try("merge-tree", "--write-tree", "--messages", ours, theirs)
	tree, _, _ = strings.Cut(out, "\n")
	return tree, err == nil
}

// theMerge merges with this package and returns the tree, or the conflicts.
func theMerge(tb testing.TB, g *oracle, r *gitflow.Repository, ours, theirs string) (tree string, conflicts []gitflow.Conflict) {
	tb.Helper()
	g.git("update-ref", "refs/heads/ours", ours)
	res, err := r.Promote(tb.Context(), theirs, "ours", gitflow.PromoteOptions{Author: ann})
	if ce, ok := errors.AsType[*gitflow.ConflictError](err); ok {
		require.Equal(tb, ours, g.git("rev-parse", "ours"), "a conflict changes nothing")
		return "", ce.Conflicts
	}
	require.NoError(tb, err)
	return g.git("rev-parse", res.New+"^{tree}"), nil
}

func TestMergeCases(t *testing.T) {
	text := func(word string) string {
		return strings.Repeat(word+" is a line of text that is long enough\n", 5) + word + "\n"
	}
	base := state{"a": text("a"), "b": text("b"), "d/x": text("dx"), "d/y": text("dy"), "run": "run\n", "l": "-> a"}
	with := func(changes ...string) state { // path, content, …; "" deletes
		s := maps.Clone(base)
		for i := 0; i < len(changes); i += 2 {
			if changes[i+1] == "" {
				delete(s, changes[i])
			} else {
				s[changes[i]] = changes[i+1]
			}
		}
		return s
	}
	cases := []struct {
		name         string
		ours, theirs state
		want         []string // conflicts; none means the tree of git
	}{
		{"different files", with("a", "1"), with("b", "2"), nil},
		{"the same change", with("a", "1"), with("a", "1", "b", "2"), nil},
		{"added on both sides in different directories", with("n/1", "1"), with("n/2", "2"), nil},
		{"the same file added", with("n", "1"), with("n", "1"), nil},
		{"deleted on both sides", with("a", ""), with("a", ""), nil},
		{"deleted on both sides, and unlike files added", with("a", "", "p", "x\n"), with("a", "", "q", "y\n"), nil},
		{"mode here, content there", with("run", "+x run\n"), with("run", "changed\n"), nil},
		{"mode and content on one side", with("run", "+x changed\n"), with("a", "1"), nil},
		{"file becomes link", with("a", "-> b"), with("b", "2"), nil},
		{"file becomes directory", with("a", "", "a/in", "1"), with("b", "2"), nil},
		{"directory becomes file", with("d/x", "", "d/y", "", "d", "1"), with("b", "2"), nil},
		{"file becomes directory there", with("b", "2"), with("a", "", "a/in", "1"), nil},
		{"directory becomes file there", with("b", "2"), with("d/x", "", "d/y", "", "d", "1"), nil},
		{"directory emptied there", with("b", "2"), with("d/x", "", "d/y", ""), nil},
		{"directory emptied by both together", with("d/x", ""), with("d/y", ""), nil},
		{"renamed on one side", with("a", "", "a2", text("a")), with("b", "2"), nil},
		{"renamed there", with("b", "2"), with("a", "", "a2", text("a")), nil},
		{"renamed alike on both sides", with("a", "", "a2", text("a")), with("a", "", "a2", text("a")), nil},
		{"directory deleted here, a file added to it there", with("d/x", "", "d/y", ""), with("d/new", "1"), nil},

		{"changed on both sides", with("a", "1"), with("a", "2"), []string{"a content"}},
		{"all at once", with("a", "1", "b", "", "n", "1"), with("a", "2", "b", "2", "n", "2"), []string{"a content", "b modify/delete", "n add/add"}},
		{"renamed here, changed there", with("a", "", "a2", text("a")), with("a", text("a")+"more"), nil},
		{"changed here, renamed there", with("a", text("a")+"more"), with("a", "", "n/a2", text("a")), nil},
		{"changed here, renamed and changed there", with("a", text("a")+"more\n"), with("a", "", "a2", "first\n"+text("a")), nil},
		{"renamed here, mode there", with("a", "", "a2", text("a")), with("a", "+x "+text("a")), nil},
		{"renamed and changed in the same line", with("a", "", "a2", "1\n"+text("a")), with("a", "2\n"+text("a")), []string{"a2 content"}},
		{"renamed to one of two alike, changed there", with("a", "", "a2", text("a"), "a3", text("a")), with("a", text("a")+"more"), nil},
		{"renamed to what is there, changed there", with("a", "", "n", text("a")), with("a", text("a")+"more\n", "n", "1"), []string{"n add/add"}},
		{"renamed to two names", with("a", "", "a2", text("a")), with("a", "", "a3", text("a")), []string{"a rename/rename"}},
		{"renamed here, deleted there", with("a", "", "a2", text("a")+"more\n"), with("a", ""), []string{"a2 modify/delete", "a2 rename/delete"}},
		{"deleted here, renamed there", with("a", ""), with("a", "", "a2", text("a")), []string{"a2 rename/delete"}},
		{"directory renamed here, a file added to it there", with("d/x", "", "d/y", "", "e/x", text("dx"), "e/y", text("dy")), with("d/new", "1"), []string{"d/new file location"}},
		{"directory renamed there, a file added to it here", with("d/sub/new", "1"), with("d/x", "", "d/y", "", "e/x", text("dx"), "e/y", text("dy")), nil},
		{"file here, directory there", with("n", "1"), with("n/in", "2"), []string{"n file/directory"}},
		{"directory here, file there", with("n/in", "2"), with("n", "1"), []string{"n file/directory"}},
		{"file to directory here, changed there", with("a", "", "a/in", "1"), with("a", "2"), []string{"a file/directory", "a modify/delete"}},
		{"directory to file there, added here", with("d/new", "1"), with("d/x", "", "d/y", "", "d", "1"), []string{"d file/directory"}},
		{"mode on both sides, unlike content", with("run", "+x 1\n"), with("run", "2\n"), []string{"run content"}},
		{"link changed on both sides", with("l", "-> b"), with("l", "-> c"), []string{"l content"}},
		{"link here, file there", with("a", "-> b"), with("a", "2"), []string{"a distinct types"}},
	}
	g := newOracle(t)
	h := &history{tick: 1}
	for _, tc := range cases {
		root := h.add(base)
		h.add(tc.ours, root)
		h.add(tc.theirs, root)
	}
	hashes := h.write(g)
	r := g.open()
	for i, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			ours, theirs := hashes[3*i+1], hashes[3*i+2]
			git := askGit(g, ours, theirs)
			got, conflicts := theMerge(t, g, r, ours, theirs)
			require.Equal(t, tc.want, conflictNames(conflicts))
			require.Equal(t, git.conflicts, conflictNames(conflicts))
			if conflicts == nil {
				require.Equal(t, git.tree, got)
			}
		})
	}
	g.fsck()
}

// Versions of git disagree about how alike these files are, so neither answer is
// given.
func TestRenameThatVersionsOfGitSeeOtherwise(t *testing.T) {
	rest := "a last line that is longer than all others, and does not end"
	g := newOracle(t, "--bare")
	h := &history{tick: 1}
	root := h.add(state{"a": "1\n2\n" + rest})
	ours := h.add(state{"b": "1\n22\n" + rest}, root)
	theirs := h.add(state{"a": "0\n2\n" + rest}, root)
	hashes := h.write(g)
	_, err := g.open().Promote(t.Context(), hashes[theirs], hashes[ours], gitflow.PromoteOptions{Author: ann, DryRun: true})
	ce, ok := errors.AsType[*gitflow.ConflictError](err)
	require.True(t, ok, "%v", err)
	require.Contains(t, conflictNames(ce.Conflicts), "a rename")
	require.ErrorContains(t, err, "to nothing for one version of git, to b for another")
}

// randomState makes a small tree out of few names and texts, so that sides meet.
func randomState(rnd *rand.Rand) state {
	s := state{}
	for range 2 + rnd.IntN(7) {
		s.put(randomPath(rnd), randomText(rnd))
	}
	return s
}

// put puts a file, unless that would make a file a directory.
func (s state) put(name, text string) bool {
	for other := range s {
		if strings.HasPrefix(other, name+"/") || strings.HasPrefix(name, other+"/") {
			return false
		}
	}
	s[name] = text
	return true
}

func randomPath(rnd *rand.Rand) string {
	parts := []string{}
	for range 1 + rnd.IntN(3) {
		parts = append(parts, string(rune('a'+rnd.IntN(4))))
	}
	return strings.Join(parts, "/")
}

func randomText(rnd *rand.Rand) string {
	var text strings.Builder
	for range rnd.IntN(7) {
		fmt.Fprintf(&text, "line %d of some text\n", rnd.IntN(12))
	}
	return []string{"", "", "", "", "+x ", "-> "}[rnd.IntN(6)] + text.String() + []string{"", "x"}[rnd.IntN(2)]
}

// edited changes, adds, deletes and renames files and directories.
func edited(rnd *rand.Rand, from state) state {
	s := maps.Clone(from)
	for range 1 + rnd.IntN(4) {
		names := slices.Sorted(maps.Keys(s))
		if len(names) == 0 {
			break
		}
		name := names[rnd.IntN(len(names))]
		switch rnd.IntN(8) {
		case 0, 1:
			s.put(randomPath(rnd), randomText(rnd))
		case 2:
			delete(s, name)
		case 3:
			s[name] = randomText(rnd)
		case 4:
			s[name] += fmt.Sprintf("line %d of some text\n", rnd.IntN(12))
		case 5: // rename, perhaps with a change
			text := s[name]
			delete(s, name)
			if rnd.IntN(2) == 0 {
				text += "one more\n"
			}
			if !s.put(randomPath(rnd), text) {
				s[name] = text
			}
		case 6: // mode
			if rest, ok := strings.CutPrefix(s[name], "+x "); ok {
				s[name] = rest
			} else if !strings.HasPrefix(s[name], "-> ") {
				s[name] = "+x " + s[name]
			}
		case 7: // a directory moves
			dir, to := filepath.Dir(name), randomPath(rnd)
			if dir == "." || strings.HasPrefix(to+"/", dir+"/") {
				continue
			}
			moved := maps.Clone(s)
			ok := true
			for _, n := range names {
				if rest, in := strings.CutPrefix(n, dir+"/"); in {
					delete(moved, n)
					ok = ok && moved.put(to+"/"+rest, s[n])
				}
			}
			if ok {
				s = moved
			}
		}
	}
	return s
}

// blob writes a text and returns its hash; texts repeat, and so does the answer.
func (g *oracle) blob(text string) string {
	if g.blobs == nil {
		g.blobs = map[string]string{}
	}
	if g.blobs[text] == "" {
		g.blobs[text] = g.feed(strings.NewReader(text), "hash-object", "-w", "--stdin")
	}
	return g.blobs[text]
}

// The limit that a repository has decides what git takes for renamed.
func TestRenameLimit(t *testing.T) {
	g := newOracle(t, "--bare")
	lines := func(name, first, last string) string {
		return first + "\n" + strings.Repeat(name+"\n", 20) + last + "\n"
	}
	g.commits([3]state{
		{"a": lines("a", "1", "2"), "b": lines("b", "1", "2")},
		{"c": lines("a", "ours", "2"), "d": lines("b", "ours", "2")},
		{"a": lines("a", "1", "theirs"), "b": lines("b", "1", "theirs")},
	})
	for _, c := range []struct {
		merge, diff string
		clean       bool
	}{{"1", "9", false}, {"2", "1", true}, {"0", "1", true}, {"-1", "1", true}, {"", "1", false}, {"", "1K", true}, {"", "", true}} {
		for key, value := range map[string]string{"merge.renameLimit": c.merge, "diff.renameLimit": c.diff} {
			if _, _ = g.try("config", "--unset", key); value != "" {
				g.git("config", key, value)
			}
		}
		tree, clean := g.mergeTree("ours", "theirs")
		require.Equal(t, c.clean, clean, "%+v", c)
		res, err := g.open().Promote(t.Context(), "theirs", "ours", gitflow.PromoteOptions{Author: ann, DryRun: true})
		if !clean {
			require.ErrorIs(t, err, gitflow.ErrConflict, "%+v", c)
			continue
		}
		require.NoError(t, err, "%+v", c)
		require.Equal(t, tree, res.Tree, "%+v", c)
	}
	g.git("config", "merge.renameLimit", "many")
	_, err := g.open().Promote(t.Context(), "theirs", "ours", gitflow.PromoteOptions{Author: ann, DryRun: true})
	require.ErrorContains(t, err, `merge.renameLimit is "many", want a number`)
}
