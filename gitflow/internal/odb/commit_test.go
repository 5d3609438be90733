package odb_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/gitflow/internal/odb"
)

// branchy makes a history with merges, one of them of four branches.
func branchy(r *repo) {
	r.t.Helper()
	var in bytes.Buffer
	when := 1_700_000_000
	commit := func(branch string, parents ...string) {
		when += 10
		fmt.Fprintf(&in, "commit refs/heads/%s\ncommitter A <a@example.com> %d +0200\ndata 1\nm\n", branch, when)
		for _, p := range parents {
			switch {
			case p == branch: // goes without saying
			case len(parents) == 1:
				fmt.Fprintf(&in, "from refs/heads/%s\n", p)
			default:
				fmt.Fprintf(&in, "merge refs/heads/%s\n", p)
			}
		}
		fmt.Fprintf(&in, "M 100644 inline %s\ndata 4\n%04d\n", branch, when%10_000)
	}
	commit("a")
	for _, b := range []string{"b", "c", "d"} {
		commit(b, "a")
	}
	for i := range 30 {
		commit("a", "a")
		commit([]string{"b", "c", "d"}[i%3], []string{"b", "c", "d"}[i%3], "a")
	}
	commit("a", "a", "b", "c", "d")
	commit("d", "a")
	r.git(&in, "-c", "fastimport.unpackLimit=0", "fast-import", "--quiet")
}

// commits compares the commits of the store with what git says, and returns their
// levels.
func commits(t *testing.T, r *repo, s *odb.Store) map[string]uint32 {
	t.Helper()
	levels := map[string]uint32{}
	refs := map[string]odb.Ref{}
	for line := range strings.Lines(r.git(nil, "log", "--all", "--topo-order", "--format=%H %T %ct %P") + "\n") {
		f := strings.Fields(line)
		ref, ok := refs[f[0]]
		if !ok {
			ref = odb.Ref{Hash: plumbing.NewHash(f[0])}
		}
		c, _, err := s.Commit(ref)
		require.NoError(t, err)
		var parents []string
		for _, p := range c.Parents {
			parents = append(parents, p.Hash.String())
			refs[p.Hash.String()] = p
		}
		require.Equal(t, f[0], c.Hash.String())
		require.Equal(t, f[1], c.Tree.String())
		require.Equal(t, f[2], strconv.FormatInt(c.When, 10))
		require.Equal(t, f[3:], append([]string{}, parents...))
		levels[f[0]] = c.Level
	}
	for line := range strings.Lines(r.git(nil, "log", "--all", "--format=%H %P") + "\n") {
		f := strings.Fields(line)
		for _, p := range f[1:] {
			if levels[f[0]] != odb.NoLevel {
				require.Less(t, levels[p], levels[f[0]])
			}
		}
	}
	return levels
}

func TestCommit(t *testing.T) {
	for name, graph := range map[string][]string{
		"none":   nil,
		"whole":  {"commit-graph", "write", "--reachable"},
		"before": {"-c", "commitGraph.generationVersion=1", "commit-graph", "write", "--reachable"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRepo(t)
			branchy(r)
			if graph != nil {
				r.git(nil, graph...)
			}
			s := r.store()
			for _, level := range commits(t, r, s) {
				require.Equal(t, graph == nil, level == odb.NoLevel)
			}
			require.Equal(t, graph == nil, s.Objects() > 0, "objects are read only without a graph")
			commits(t, r, s) // from memory
		})
	}
}

// A graph of some layers, and commits that are newer than it.
func TestCommitChain(t *testing.T) {
	r := newRepo(t)
	branchy(r)
	tips := strings.Fields(r.git(nil, "log", "-1", "--format=%P", "a"))
	for i := range tips {
		r.git(strings.NewReader(strings.Join(tips[:i+1], "\n")+"\n"), "commit-graph", "write", "--stdin-commits", "--split=no-merge")
	}
	files, err := filepath.Glob(filepath.Join(r.dir, "objects", "info", "commit-graphs", "graph-*"))
	require.NoError(t, err)
	require.Greater(t, len(files), 2)
	s := r.store()
	levels := commits(t, r, s)
	require.EqualValues(t, odb.NoLevel, levels[r.git(nil, "rev-parse", "a")])
	require.NotEqualValues(t, odb.NoLevel, levels[r.git(nil, "rev-parse", "a^4")])

	// A new graph is taken up together with the new pack.
	r.git(nil, "gc", "-q")
	s.Refresh()
	require.NotEqualValues(t, odb.NoLevel, commits(t, r, s)[r.git(nil, "rev-parse", "a")])
}

// A graph that is damaged or replaced is as good as none.
func TestCommitGraphDamage(t *testing.T) {
	r := newRepo(t)
	branchy(r)
	r.git(nil, "commit-graph", "write", "--reachable")
	file := filepath.Join(r.dir, "objects", "info", "commit-graph")
	good, err := os.ReadFile(file)
	require.NoError(t, err)
	tip := odb.Ref{Hash: plumbing.NewHash(r.git(nil, "rev-parse", "a"))}
	require.NoError(t, os.Chmod(file, 0o666))
	for i := range 400 {
		bad := bytes.Clone(good)
		bad[i*len(good)/400] ^= 0xff
		if i%4 == 0 {
			bad = bad[:i*len(good)/400]
		}
		require.NoError(t, os.WriteFile(file, bad, 0o666))
		s := r.store()
		todo := []odb.Ref{tip}
		for n := 0; len(todo) > 0 && n < 1000; n++ {
			// An error, where the graph names commits that there are not, or a commit.
			if c, _, err := s.Commit(todo[0]); err == nil {
				todo = append(todo, c.Parents...)
			}
			todo = todo[1:]
		}
	}
	require.NoError(t, os.WriteFile(file, good[:100], 0o666))
	for _, level := range commits(t, r, r.store()) {
		require.EqualValues(t, odb.NoLevel, level)
	}
}

func TestCommitErrors(t *testing.T) {
	r := newRepo(t)
	blob := plumbing.NewHash(r.git(strings.NewReader("text"), "hash-object", "-w", "--stdin"))
	s := r.store()
	_, _, err := s.Commit(odb.Ref{Hash: blob})
	require.ErrorIs(t, err, plumbing.ErrObjectNotFound)
	require.ErrorContains(t, err, "it is a blob")
	for text, want := range map[string]string{
		"":                                       `want a line "tree HASH"`,
		"tree 1":                                 `want a line "tree HASH"`,
		"tree " + blob.String() + "\nparent x\n": `want a line "parent HASH"`,
	} {
		h := plumbing.NewHash(r.git(strings.NewReader(text), "hash-object", "-w", "-t", "commit", "--literally", "--stdin"))
		_, _, err := s.Commit(odb.Ref{Hash: h})
		require.ErrorContains(t, err, want)
	}
	for committer, want := range map[string]int64{
		"C <c> 12 +0000": 12, "C <c>": 0, "C <c> x": 0, "C <c> -5 +0000": 0, "12": 12, "C <c> 99999999999999999999": 0,
	} {
		text := "tree " + blob.String() + "\nauthor A <a> 1 +0000\ncommitter " + committer + "\n\ncommitter D <d> 7 +0000\n"
		h := plumbing.NewHash(r.git(strings.NewReader(text), "hash-object", "-w", "-t", "commit", "--literally", "--stdin"))
		c, _, err := s.Commit(odb.Ref{Hash: h})
		require.NoError(t, err)
		require.Equal(t, want, c.When, committer)
	}
}
