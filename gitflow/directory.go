package gitflow

import (
	"bytes"
	"cmp"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/slsflow/slsflow/gitflow/internal/odb"
)

// directory is the entries of one tree, subtrees among them, sorted by name. It is
// no map, because most of a large directory is never asked for.
type directory []named

type named struct {
	name string
	leaf
}

func byName(a, b named) int { return cmp.Compare(a.name, b.name) }

// get returns what has a name, or the zero leaf.
func (d directory) get(name string) leaf {
	i, ok := slices.BinarySearchFunc(d, name, func(n named, name string) int { return cmp.Compare(n.name, name) })
	if !ok {
		return leaf{}
	}
	return d[i].leaf
}

// with returns the directory with some names changed; the zero leaf deletes.
func (d directory) with(edits map[string]leaf) directory {
	out := make(directory, 0, len(d)+len(edits))
	for _, n := range d {
		if l, edited := edits[n.name]; edited {
			n.leaf = l
		}
		if !n.none() {
			out = append(out, n)
		}
	}
	for name, l := range edits {
		if !l.none() && d.get(name).none() {
			out = append(out, named{name, l})
		}
	}
	return out
}

// sideBySide goes through the names of some directories in order, and gives what
// each has of a name.
func sideBySide(dirs [3]directory, f func(name string, at [3]leaf)) {
	for {
		name, found := "", false
		for _, d := range dirs {
			if len(d) > 0 && (!found || d[0].name < name) {
				name, found = d[0].name, true
			}
		}
		if !found {
			return
		}
		var at [3]leaf
		for i, d := range dirs {
			if len(d) > 0 && d[0].name == name {
				at[i], dirs[i] = d[0].leaf, d[1:]
			}
		}
		f(name, at)
	}
}

// entries returns the entries of a tree. A tree that holds a name twice is an
// error, because no answer about it would be right; so is one with a name that git
// refuses.
func (r *Repository) entries(dir string, tree plumbing.Hash) (directory, error) {
	if tree.IsZero() {
		return nil, nil
	}
	list, err := r.objects.tree(tree)
	if err != nil {
		return nil, err
	}
	d := make(directory, len(list))
	for i, e := range list {
		if !isName(e.Name) {
			return nil, fmt.Errorf("tree %s: malformed entry %q", tree, path.Join(dir, e.Name))
		}
		d[i] = named{e.Name, leaf{canonical(e.Mode), e.Hash}}
	}
	if !slices.IsSortedFunc(d, byName) { // a tree sorts directories as if they ended in a slash
		slices.SortFunc(d, byName)
	}
	for i := range d {
		if i > 0 && d[i].name == d[i-1].name {
			return nil, fmt.Errorf("tree %s: malformed entry %q", tree, path.Join(dir, d[i].name))
		}
	}
	return d, nil
}

// isName refuses names that would lead elsewhere, or into the repository itself,
// where somebody makes a file of them.
func isName(name string) bool {
	return name != "" && name != "." && name != ".." && !strings.Contains(name, "/") && !strings.EqualFold(name, ".git")
}

// canonical returns the mode that git takes a mode for; old versions of it, and
// other programs, wrote some more.
func canonical(mode filemode.FileMode) filemode.FileMode {
	switch mode & 0o170000 {
	case 0o100000:
		if mode&0o100 != 0 {
			return filemode.Executable
		}
		return filemode.Regular
	case 0o120000:
		return filemode.Symlink
	case 0o040000:
		return filemode.Dir
	}
	return filemode.Submodule
}

// parseTree reads the entries of a tree as they stand.
func parseTree(data []byte) ([]object.TreeEntry, error) {
	const least = 24 // bytes of an entry with a name of one
	text := string(data)
	list := make([]object.TreeEntry, 0, min(len(data)/least, bytes.Count(data, []byte{0})))
	for text != "" {
		digits, rest, ok := strings.Cut(text, " ")
		mode, err := strconv.ParseUint(digits, 8, 32)
		if err != nil || !ok {
			return nil, fmt.Errorf("malformed mode %.20q", digits)
		}
		end := strings.IndexByte(rest, 0)
		if end < 0 || len(rest) < end+1+len(plumbing.Hash{}) {
			return nil, fmt.Errorf("malformed entry %.100q", rest)
		}
		e := object.TreeEntry{Name: rest[:end], Mode: filemode.FileMode(mode)}
		text = rest[end+1+copy(e.Hash[:], rest[end+1:]):]
		list = append(list, e)
	}
	return list, nil
}

// treeObject encodes a tree as git does: sorted as if directories ended in a
// slash. It takes entries in any order.
func treeObject(entries directory) plumbing.EncodedObject {
	sorted := slices.Clone(entries)
	slices.SortFunc(sorted, inTrees)
	size := 0
	for _, e := range sorted {
		size += len("100644 ") + len(e.name) + 1 + len(e.hash)
	}
	text := make([]byte, 0, size)
	for _, e := range sorted {
		text = strconv.AppendUint(text, uint64(e.mode), 8)
		text = append(append(append(text, ' '), e.name...), 0)
		text = append(text, e.hash[:]...)
	}
	return odb.NewObject(plumbing.TreeObject, text)
}

// inTrees orders the entries of a tree.
func inTrees(a, b named) int {
	n := min(len(a.name), len(b.name))
	if c := cmp.Compare(a.name[:n], b.name[:n]); c != 0 {
		return c
	}
	return cmp.Compare(a.after(n), b.after(n))
}

// after returns the byte of the name at i, and a slash behind that of a directory.
func (n named) after(i int) byte {
	switch {
	case i < len(n.name):
		return n.name[i]
	case n.mode == filemode.Dir:
		return '/'
	}
	return 0
}
