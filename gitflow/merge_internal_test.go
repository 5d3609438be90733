package gitflow

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/stretchr/testify/require"
)

// fuzzRepository opens an empty repository.
func fuzzRepository(tb testing.TB) *Repository {
	tb.Helper()
	dir := tb.TempDir()
	require.NoError(tb, os.MkdirAll(filepath.Join(dir, "objects"), 0o777))
	require.NoError(tb, os.WriteFile(filepath.Join(dir, "HEAD"), []byte("ref: refs/heads/master\n"), 0o666))
	r, err := Open(dir)
	require.NoError(tb, err)
	return r
}

// fuzzTrees makes three trees of whatever bytes: each file takes one for its
// path, one for its mode and what it does to the last one, and some for text.
func fuzzTrees(r *Repository, data []byte) (*Repository, [3]plumbing.Hash, error) {
	paths := []string{"a", "a/b", "a/b/c", "d", "d/b", "d/e", "f/b/c", "f/e", "g", "h/b", "h/e", "h"}
	modes := []filemode.FileMode{filemode.Regular, filemode.Regular, filemode.Executable, filemode.Symlink, filemode.Submodule, filemode.Regular}
	next := func() byte {
		if len(data) == 0 {
			return 0
		}
		c := data[0]
		data = data[1:]
		return c
	}
	var trees [3]plumbing.Hash
	files := map[string]leaf{}
	var made []plumbing.EncodedObject
	for i := range trees {
		if i > 0 && next()%8 == 0 {
			files = map[string]leaf{}
		}
		for n := next() % 8; n > 0; n-- {
			p, mode := paths[int(next())%len(paths)], next()
			for q := range files { // a file is no directory
				if q == p || len(q) > len(p) && q[:len(p)+1] == p+"/" || len(p) > len(q) && p[:len(q)+1] == q+"/" {
					delete(files, q)
				}
			}
			if mode%7 == 6 {
				continue
			}
			size := min(int(next()), len(data))
			obj := &plumbing.MemoryObject{}
			obj.SetType(plumbing.BlobObject)
			_, _ = obj.Write(data[:size])
			if mode < 128 { // else the text is there once more for the next one
				data = data[size:]
			}
			made = append(made, obj)
			files[p] = leaf{modes[int(mode)%len(modes)], obj.Hash()}
		}
		e := editor{repo: r}
		var err error
		if trees[i], err = e.apply(emptyTree(), files); err != nil {
			return nil, trees, err
		}
		made = append(made, e.pending...)
	}
	return &Repository{dirs: r.dirs, objects: r.objects.with(made)}, trees, nil
}

// Whatever stands in three trees: the merge does not panic, and does not depend
// on which side is ours; a side that changed nothing adds nothing.
func FuzzMerge(f *testing.F) {
	f.Add([]byte("\x03\x00\x00\x06a\nb\nc\n\x01\x00\x02xx\x01\x00\x02\x09a\nb\nc\nd\n\x01\x02"))
	f.Add([]byte("\x01\x00\x80\x18one\ntwo\nthree\nfour\nfive\n\x01\x02\x00\x00\x06\x08\x80\x18one\ntwo\nthree\nfour\nfive\n\x01\x02\x00\x00\x1eone\ntwo\nthree\nfour\nfive\nsix\n"))
	f.Add([]byte("\x01\x01\x04\x01x\x01\x01\x02\x00\x03\x01x\x02\x00\x00\x01\x00\x00"))
	empty := fuzzRepository(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		r, trees, err := fuzzTrees(empty, data)
		require.NoError(t, err)
		attributes, err := r.attributes(mergeRules{}, trees[inOurs])
		require.NoError(t, err)
		run := func(base, ours, theirs plumbing.Hash, depth int) merged {
			m := merge{repo: r, attributes: attributes, trees: [3]plumbing.Hash{base, ours, theirs}, label: [3]string{"", "ours", "theirs"}, depth: depth}
			res, err := m.run(t.Context())
			require.NoError(t, err)
			return res
		}
		ab, _, errAB := run(trees[0], trees[1], trees[2], 0).clean()
		ba, _, errBA := run(trees[0], trees[2], trees[1], 0).clean()
		require.Equal(t, errAB == nil, errBA == nil, "%v\n%v", errAB, errBA)
		require.Equal(t, ab, ba)
		alone, _, err := run(trees[0], trees[0], trees[2], 0).clean()
		require.NoError(t, err)
		require.Equal(t, trees[2], alone)
		both, _, err := run(trees[0], trees[1], trees[1], 0).clean()
		require.NoError(t, err)
		require.Equal(t, trees[1], both)
		run(trees[0], trees[1], trees[2], 1) // as an ancestor
	})
}
