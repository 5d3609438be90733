package gitflow_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/gitflow"
)

// attributeCases say for an attributes file whether d/a.txt, which both sides
// changed in different places, is joined, and whether with markers of 7.
var attributeCases = map[string]string{
	"":                                                 "clean",
	"*.txt -merge\n":                                   "conflict",
	"*.txt binary\n":                                   "conflict",
	"* -merge\na.txt merge\n":                          "clean",
	"*.txt -merge\n*.txt !merge\n":                     "clean",
	"*.txt merge=union\n":                              "clean",
	"*.txt merge=text\n":                               "clean",
	"*.txt merge=binary\n":                             "conflict",
	"*.txt merge=nobody-knows\n":                       "clean",
	"[attr]mine -merge\n*.txt mine\n":                  "conflict",
	"[attr]mine -merge\n*.txt -mine\n":                 "clean",
	"[attr]a b\n[attr]b -merge\n*.txt a\n":             "conflict",
	"*.txt binary\n*.txt -binary\n":                    "clean",
	"*.txt binary merge\n":                             "clean",
	"*.txt merge -merge\n":                             "conflict",
	"/d/a.txt -merge\n":                                "conflict",
	"/a.txt -merge\n":                                  "clean",
	"d/** -merge\n":                                    "conflict",
	"\"d/a.t\\170t\" -merge\n":                         "conflict",
	"  *.txt   -merge  \r\n":                           "conflict",
	"*.txt -merge --x\n":                               "clean",
	"d/ -merge\n# *.txt -merge\n!a -merge\n":           "clean",
	"*.md -merge\n":                                    "clean",
	"*.txt -merge " + strings.Repeat("x", 2048) + "\n": "clean",
}

func attributeSides() [3]state {
	return [3]state{{"d/a.txt": "1\n2\n3\n4\n5\n"}, {"d/a.txt": "0\n2\n3\n4\n5\n"}, {"d/a.txt": "1\n2\n3\n4\n6\n"}}
}

// info/attributes counts as in git on a bare repository.
func TestMergeAttributes(t *testing.T) {
	g := newOracle(t, "--bare")
	require.NoError(t, os.MkdirAll(filepath.Join(g.dir, "info"), 0o777))
	g.commits(attributeSides())
	r := g.open()
	for attributes, kind := range attributeCases {
		require.NoError(t, os.WriteFile(filepath.Join(g.dir, "info", "attributes"), []byte(attributes), 0o666))
		git := askGit(g, "ours", "theirs")
		require.Equal(t, kind == "clean", git.clean, "git, %q", attributes)
		res, err := r.Promote(t.Context(), "theirs", "ours", gitflow.PromoteOptions{Author: ann, DryRun: true})
		if !git.clean {
			require.ErrorIs(t, err, gitflow.ErrConflict, "%q", attributes)
			continue
		}
		require.NoError(t, err, "%q", attributes)
		require.Equal(t, git.tree, res.Tree, "%q", attributes)
	}
	t.Run("union of what clashes", func(t *testing.T) {
		require.NoError(t, os.WriteFile(filepath.Join(g.dir, "info", "attributes"), []byte("log merge=union\n"), 0o666))
		sides := [3]state{{"log": "1\n"}, {"log": "1\nours"}, {"log": "1\ntheirs"}}
		tree, _ := conflicted(t, g, sides)
		require.Equal(t, tree, g.git("rev-parse", mergeStates(t, g.open()).New+"^{tree}"))
	})
	t.Run("size of markers", func(t *testing.T) {
		require.NoError(t, os.WriteFile(filepath.Join(g.dir, "info", "attributes"), []byte("* conflict-marker-size=12\n"), 0o666))
		tree, _ := conflicted(t, g, [3]state{{"a": "1\n"}, {"a": "2\n"}, {"a": "3\n"}})
		require.Equal(t, g.git("cat-file", "blob", tree+":a")+"\n", mergeConflicts(t, g.open())["a"].Markers)
	})
	t.Run("a command is never run", func(t *testing.T) {
		require.NoError(t, os.WriteFile(filepath.Join(g.dir, "info", "attributes"), []byte("*.txt merge=mine\n"), 0o666))
		ran := filepath.Join(t.TempDir(), "ran")
		g.git("config", "merge.mine.driver", "touch "+ran)
		g.commits(attributeSides())
		require.Contains(t, mergeConflicts(t, g.open())["d/a.txt"].Reason, "merged by the command mine")
		require.NoFileExists(t, ran)
		g.git("config", "--unset", "merge.mine.driver")
	})
}

// The .gitattributes of a tree do not count, as on a bare repository, unless they
// are asked for: then they do as in a work tree, also those of directories.
func TestMergeAttributesOfTheTree(t *testing.T) {
	type attributed struct{ file, attributes, kind string }
	var cases []attributed
	h := &history{tick: 1}
	for attributes, kind := range attributeCases {
		for _, file := range []string{".gitattributes", "d/.gitattributes"} {
			sides := attributeSides()
			for _, s := range sides {
				if file != ".gitattributes" {
					s[".gitattributes"], kind = "* -merge\n", "" // which the other one may take back
				}
				s[file] = attributes
			}
			root := h.add(sides[0])
			h.add(sides[1], root)
			h.add(sides[2], root)
			cases = append(cases, attributed{file, attributes, kind})
		}
	}
	g := newOracle(t)
	hashes := h.write(g)
	r := g.open()
	for i, c := range cases {
		what := fmt.Sprintf("%s: %q", c.file, c.attributes)
		ours, theirs := hashes[3*i+1], hashes[3*i+2]
		_, err := r.Promote(t.Context(), theirs, ours, gitflow.PromoteOptions{Author: ann, DryRun: true})
		require.NoError(t, err, what)

		g.git("checkout", "-q", "--force", "--detach", ours)
		git := askGit(g, ours, theirs) // goes by the work tree
		res, err := r.Promote(t.Context(), theirs, ours, gitflow.PromoteOptions{Author: ann, DryRun: true, TreeAttributes: true})
		if git.clean {
			require.NoError(t, err, what)
			require.Equal(t, git.tree, res.Tree, what)
		} else {
			require.ErrorIs(t, err, gitflow.ErrConflict, what)
		}
		if c.kind != "" {
			require.Equal(t, c.kind == "clean", git.clean, what)
		}
	}
	t.Run("revert", func(t *testing.T) {
		s := attributeSides()[0]
		s[".gitattributes"] = "*.txt -merge\n"
		changed := maps.Clone(s)
		changed["d/a.txt"] = "0\n2\n3\n4\n5\n"
		more := maps.Clone(s)
		more["d/a.txt"] = "0\n2\n3\n4\n6\n"
		g.commits([3]state{s, changed, changed})
		tip := g.importState(more, g.git("rev-parse", "ours"))
		_, err := g.open().Revert(t.Context(), tip, "ours", gitflow.RevertOptions{Author: ann, DryRun: true})
		require.NoError(t, err)
		_, err = g.open().Revert(t.Context(), tip, "ours", gitflow.RevertOptions{Author: ann, DryRun: true, TreeAttributes: true})
		require.ErrorIs(t, err, gitflow.ErrConflict)
	})
}
