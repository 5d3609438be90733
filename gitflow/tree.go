package gitflow

import (
	"context"
	"path"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
)

// leaf is a file, a link or a submodule of a tree. The zero leaf is none.
type leaf struct {
	mode filemode.FileMode
	hash plumbing.Hash
}

func (l leaf) none() bool { return l == leaf{} }

// isFile reports whether l is a file with content of its own.
func (l leaf) isFile() bool { return l.mode == filemode.Regular || l.mode == filemode.Executable }

// String names the kind of l, for messages.
func (l leaf) String() string {
	switch l.mode {
	case filemode.Regular:
		return "file"
	case filemode.Executable:
		return "executable file"
	case filemode.Symlink:
		return "symbolic link"
	case filemode.Submodule:
		return "submodule"
	}
	return "nothing"
}

// edit is what became of one path from one tree to another.
type edit struct{ old, new leaf }

// diff returns the leaves that differ between two trees, by path. Subtrees that
// are equal are not read.
func (r *Repository) diff(ctx context.Context, a, b plumbing.Hash) (map[string]edit, error) {
	edits := map[string]edit{}
	return edits, r.diffTrees(ctx, edits, "", a, b)
}

const (
	maxEdits = 1 << 19
	maxPath  = 4096 // as in git
)

// diffTrees adds to edits; a zero hash is a tree that is not there.
func (r *Repository) diffTrees(ctx context.Context, edits map[string]edit, dir string, a, b plumbing.Hash) error {
	if a == b {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	// A tree of a few kilobytes can name itself so often that no memory holds
	// all of its paths.
	if len(edits) > maxEdits || len(dir) > maxPath {
		return tooManyChanges(dir)
	}
	changed, _, err := r.differing(dir, [3]plumbing.Hash{a, b, b})
	if err != nil {
		return err
	}
	for _, c := range changed {
		p := path.Join(dir, c.name)
		if e := filesOf(c.at); e[0] != e[1] {
			edits[p] = edit{e[0], e[1]}
		}
		sub := subtrees(c.at)
		if err := r.diffTrees(ctx, edits, p, sub[0], sub[1]); err != nil {
			return err
		}
	}
	return nil
}

// at returns what stands at a path of a tree, a directory included. Where there
// is nothing it returns the zero leaf.
func (r *Repository) at(tree plumbing.Hash, p string) (leaf, error) {
	l := leaf{filemode.Dir, tree}
	for part := range strings.SplitSeq(p, "/") {
		if l.mode != filemode.Dir {
			return leaf{}, nil
		}
		entries, err := r.entries("", l.hash)
		if err != nil {
			return leaf{}, err
		}
		l = entries.get(part)
	}
	return l, nil
}

// editor makes a new tree from an old one, and keeps the objects to be written.
type editor struct {
	repo    *Repository
	pending []plumbing.EncodedObject
}

// apply returns the tree that the edits make of the given one. A zero leaf as
// the new one deletes, a directory is put as a whole. Directories that become
// empty go, as in git.
func (e *editor) apply(tree plumbing.Hash, edits map[string]leaf) (plumbing.Hash, error) {
	if len(edits) == 0 {
		return tree, nil
	}
	h, err := e.applyDir("", tree, edits)
	if err == nil && h.IsZero() {
		obj := treeObject(nil)
		e.pending = append(e.pending, obj)
		return obj.Hash(), nil
	}
	return h, err
}

// applyDir takes edits by paths relative to dir, and returns a zero hash for a
// directory that has become empty.
func (e *editor) applyDir(dir string, tree plumbing.Hash, edits map[string]leaf) (plumbing.Hash, error) {
	old, err := e.repo.entries(dir, tree)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	here := map[string]leaf{}
	below := map[string]map[string]leaf{}
	for p, l := range edits {
		name, rest, deeper := strings.Cut(p, "/")
		if !deeper {
			here[name] = l
			continue
		}
		if below[name] == nil {
			below[name] = map[string]leaf{}
		}
		below[name][rest] = l
	}
	for name, sub := range below {
		from := old.get(name)
		if l := here[name]; !l.none() && l != from {
			continue // a file or a whole directory in the place of what was there
		}
		if from.mode != filemode.Dir {
			from = leaf{}
		}
		h, err := e.applyDir(path.Join(dir, name), from.hash, sub)
		if err != nil {
			return plumbing.ZeroHash, err
		}
		here[name] = leaf{filemode.Dir, h}
		if h.IsZero() {
			here[name] = leaf{}
		}
	}
	entries := old.with(here)
	if len(entries) == 0 {
		return plumbing.ZeroHash, nil
	}
	obj := treeObject(entries)
	e.pending = append(e.pending, obj)
	return obj.Hash(), nil
}
