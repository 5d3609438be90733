package gitflow_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/gitflow"
)

// Whatever a revision looks like: if it is resolved here, git resolves it to
// the same commit.
func FuzzResolve(f *testing.F) {
	for _, rev := range []string{"HEAD", "master~1", "side^", "v1^0", "refs/heads/master", "a~^2", "HEAD~99999999999999999999", "@", "deadbeef", "..", "master^^~2", "x/y", "\x00", "master.lock"} {
		f.Add(rev)
	}
	g := newOracle(f)
	g.file("a", "1")
	g.git("checkout", "-q", "-b", "side")
	g.file("b", "1")
	g.git("tag", "-a", "-m", "x", "v1")
	g.git("checkout", "-q", "master")
	g.file("a", "2")
	g.merge("side")
	r := g.open()
	dir := g.dir
	f.Fuzz(func(t *testing.T, rev string) {
		got, err := r.Resolve(rev)
		if err != nil {
			require.Empty(t, got)
			return
		}
		g := &oracle{t: t, dir: dir}
		require.Equal(t, g.git("rev-parse", "--verify", "--end-of-options", rev+"^{commit}"), got)
	})
}

// Whatever a line of .gitignore looks like, git and this package agree on
// whether a file counts.
func FuzzIgnore(f *testing.F) {
	for _, line := range []string{"a", "!a\na", "/b/*", "**/c", "b/**", "[!a]*", "[a-c]/", "\\!x", "x\\ ", "*?[[:digit:]]", "a/**/b", "[]]", "[a", "\\", "a[/]b", "[^]-z]", "[\\]]", "[a-]", "[--0]", "*.\xff", "é?"} {
		f.Add(line, "b/a.x")
	}
	f.Add("[[:nonsense:]]", "a")
	f.Add("a[b-", "a")
	f.Fuzz(func(t *testing.T, line, name string) {
		name = filepath.ToSlash(filepath.Clean("/" + name))[1:]
		if name == "" || len(name) > 60 || strings.ContainsAny(name+line, "\x00\n\r\"\t") || strings.Contains(strings.ToLower(name), ".git") {
			t.Skip("not a name for this test")
		}
		g := newOracle(t)
		file := filepath.Join(g.dir, name)
		if os.MkdirAll(filepath.Dir(file), 0o777) != nil || os.WriteFile(file, nil, 0o666) != nil {
			t.Skip("not a name of a file here")
		}
		g.write(".gitignore", line+"\n")
		changes, err := g.open().Dirty(t.Context())
		require.NoError(t, err)
		ignored := true
		for _, c := range changes {
			if c == (gitflow.Change{Path: name, Kind: gitflow.Added}) {
				ignored = false
			}
		}
		listed := g.git("ls-files", "-z", "--others", "--exclude-standard", "--", ":(literal)"+name)
		require.Equal(t, listed == "", ignored, "pattern %q, file %q", line, name)
	})
}
