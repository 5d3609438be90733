package gitflow

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
)

var (
	errLinkLeadsOut = errors.New("symbolic link leads out of the tree")
	errTooManyLinks = errors.New("too many symbolic links")
	errNotDirectory = errors.New("not a directory")
	errIsDirectory  = errors.New("is a directory")
)

// FS returns the files of a commit, read from the repository as they are asked
// for. Beside [fs.FS] it implements [fs.ReadDirFS], [fs.ReadFileFS],
// [fs.StatFS] and [fs.ReadLinkFS]. It is safe for concurrent use.
//
// Symbolic links are followed inside the tree, and are an error when they lead
// out of it. A submodule is an empty directory. All files have the time of the
// commit. Names that [fs.ValidPath] refuses (not UTF-8) are left out; content is
// as stored, without the filters of .gitattributes.
func (r *Repository) FS(commit string) (fs.FS, error) {
	h, err := r.resolve(commit)
	if err != nil {
		return nil, fmt.Errorf("gitflow: files of %q in %v: %w", commit, r, err)
	}
	c, err := r.objects.commit(h)
	if err != nil {
		return nil, fmt.Errorf("gitflow: files of %q in %v: %w", commit, r, err)
	}
	f := &commitFS{objects: r.objects, time: c.Committer.When}
	f.root = node{name: ".", mode: filemode.Dir, hash: c.TreeHash}
	if _, err := f.list(f.root); err != nil {
		return nil, fmt.Errorf("gitflow: files of %q in %v: %w", commit, r, err)
	}
	return f, nil
}

// commitFS is the tree of one commit.
type commitFS struct {
	objects *objects
	root    node
	time    time.Time
	trees   sync.Map // plumbing.Hash of a tree → []node, sorted by name
}

// node is an entry of a tree, under its own name.
type node struct {
	name string
	mode filemode.FileMode
	hash plumbing.Hash
}

func (n node) isDir() bool { return n.mode == filemode.Dir || n.mode == filemode.Submodule }

// list returns the entries of a directory, sorted by name.
func (f *commitFS) list(dir node) ([]node, error) {
	if dir.mode == filemode.Submodule {
		return nil, nil
	}
	if nodes, ok := f.trees.Load(dir.hash); ok {
		return nodes.([]node), nil
	}
	entries, err := f.objects.tree(dir.hash)
	if err != nil {
		return nil, err
	}
	nodes := readable(entries)
	f.trees.Store(dir.hash, nodes)
	return nodes, nil
}

// readable leaves out the entries that no path of [fs.FS] can name, and
// repeated names, which only a forged tree has.
func readable(entries []object.TreeEntry) []node {
	nodes := make([]node, 0, len(entries))
	for _, e := range entries {
		if e.Name != "" && e.Name != "." && e.Name != ".." && !strings.Contains(e.Name, "/") && utf8.ValidString(e.Name) {
			nodes = append(nodes, node{e.Name, e.Mode, e.Hash})
		}
	}
	byName := func(a, b node) int { return strings.Compare(a.name, b.name) }
	slices.SortStableFunc(nodes, byName)
	return slices.CompactFunc(nodes, func(a, b node) bool { return a.name == b.name })
}

// find walks to a path. A link at its end is followed if follow is set; those
// on the way always are.
func (f *commitFS) find(name string, follow bool) (node, error) {
	if !fs.ValidPath(name) {
		return node{}, fs.ErrInvalid
	}
	at := []node{f.root} // from the root to where we are
	todo := strings.Split(name, "/")
	for links := 0; len(todo) > 0; {
		part := todo[0]
		todo = todo[1:]
		switch part {
		case ".", "":
			continue
		case "..": // from a link only
			if len(at) == 1 {
				return node{}, errLinkLeadsOut
			}
			at = at[:len(at)-1]
			continue
		}
		next, err := f.child(at[len(at)-1], part)
		if err != nil {
			return node{}, err
		}
		if next.mode != filemode.Symlink || (len(todo) == 0 && !follow) {
			at = append(at, next)
			continue
		}
		if links++; links > 40 {
			return node{}, errTooManyLinks
		}
		target, err := f.objects.blob(next.hash)
		if err != nil {
			return node{}, err
		}
		if path.IsAbs(string(target)) {
			return node{}, errLinkLeadsOut
		}
		todo = append(strings.Split(string(target), "/"), todo...)
	}
	return at[len(at)-1], nil
}

func (f *commitFS) child(dir node, name string) (node, error) {
	if !dir.isDir() {
		return node{}, fs.ErrNotExist
	}
	nodes, err := f.list(dir)
	if err != nil {
		return node{}, err
	}
	i, ok := slices.BinarySearchFunc(nodes, name, func(n node, name string) int { return strings.Compare(n.name, name) })
	if !ok {
		return node{}, fs.ErrNotExist
	}
	return nodes[i], nil
}

// Open implements [fs.FS].
func (f *commitFS) Open(name string) (fs.File, error) {
	n, err := f.find(name, true)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	file, err := f.open(name, n)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return file, nil
}

// ReadFile implements [fs.ReadFileFS].
func (f *commitFS) ReadFile(name string) ([]byte, error) {
	n, err := f.find(name, true)
	if err == nil && n.isDir() {
		err = errIsDirectory
	}
	var text []byte
	if err == nil {
		text, err = f.objects.blob(n.hash)
	}
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: name, Err: err}
	}
	return bytes.Clone(text), nil // the caller may change it
}

// ReadDir implements [fs.ReadDirFS].
func (f *commitFS) ReadDir(name string) ([]fs.DirEntry, error) {
	n, err := f.find(name, true)
	if err == nil && !n.isDir() {
		err = errNotDirectory
	}
	var entries []fs.DirEntry
	if err == nil {
		entries, err = f.entries(n)
	}
	if err != nil {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: err}
	}
	return entries, nil
}

// Stat implements [fs.StatFS].
func (f *commitFS) Stat(name string) (fs.FileInfo, error) { return f.stat("stat", name, true) }

// Lstat implements [fs.ReadLinkFS].
func (f *commitFS) Lstat(name string) (fs.FileInfo, error) { return f.stat("lstat", name, false) }

func (f *commitFS) stat(op, name string, follow bool) (fs.FileInfo, error) {
	n, err := f.find(name, follow)
	var info fs.FileInfo
	if err == nil {
		info, err = f.info(path.Base(name), n)
	}
	if err != nil {
		return nil, &fs.PathError{Op: op, Path: name, Err: err}
	}
	return info, nil
}

// ReadLink implements [fs.ReadLinkFS].
func (f *commitFS) ReadLink(name string) (string, error) {
	n, err := f.find(name, false)
	if err == nil && n.mode != filemode.Symlink {
		err = fs.ErrInvalid
	}
	var target []byte
	if err == nil {
		target, err = f.objects.blob(n.hash)
	}
	if err != nil {
		return "", &fs.PathError{Op: "readlink", Path: name, Err: err}
	}
	return string(target), nil
}
