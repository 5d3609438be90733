// Package treefile reads files of a tree that somebody else may have written. Its errors
// are for who wrote the tree: they have the name of the file in it, and not where the
// tree is on the machine.
package treefile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
)

// Read returns what is in a regular file of at most a number of MiB. The error wraps
// [fs.ErrNotExist] if there is none.
func Read(tree fs.FS, name string, maxMiB int64) ([]byte, error) {
	info, err := fs.Stat(tree, name) // first: to open one may be to read all of it
	switch {
	case err != nil:
		return nil, Explain(tree, name, err)
	case !info.Mode().IsRegular(): // to open a pipe is to wait
		return nil, fmt.Errorf("%s is no regular file", name)
	case info.Size() > maxMiB<<20:
		return nil, fmt.Errorf("%s is larger than %d MiB", name, maxMiB)
	}
	file, err := tree.Open(name)
	if err != nil {
		return nil, Explain(tree, name, err)
	}
	defer file.Close()
	src, err := io.ReadAll(io.LimitReader(file, maxMiB<<20+1))
	if err != nil {
		return nil, Explain(tree, name, err)
	}
	if int64(len(src)) > maxMiB<<20 {
		return nil, fmt.Errorf("%s is larger than %d MiB", name, maxMiB)
	}
	return src, nil
}

// maxLinks is how many symbolic links are followed.
const maxLinks = 40

// Explain returns err, which reading name in a tree gave, as an error about name. If a
// symbolic link leads out of the tree it says which, where to, and what to do.
func Explain(tree fs.FS, name string, err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		err = p.Err
	}
	if !fs.ValidPath(name) {
		return fmt.Errorf("%s: it leads out of the repository", name)
	}
	if links, ok := tree.(fs.ReadLinkFS); ok && !errors.Is(err, fs.ErrNotExist) {
		if link, target := outward(links, name); link != "" {
			what := link + " is a link"
			if link == name {
				what = "it is a link"
			}
			return fmt.Errorf("%s: %s to %s, which leads out of the repository (copy what it leads to, or link by a relative path to something in the repository)", name, what, target)
		}
	}
	return fmt.Errorf("%s: %w", name, err)
}

// outward returns the first link on the way to name that leads out of the tree, or by
// an absolute path, which nothing tells apart.
func outward(tree fs.ReadLinkFS, name string) (link, target string) {
	at, rest := ".", strings.Split(name, "/")
	for links := 0; len(rest) > 0 && links < maxLinks; {
		at, rest = path.Join(at, rest[0]), rest[1:]
		info, err := tree.Lstat(at)
		if err != nil {
			return "", ""
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			continue
		}
		links++
		if target, err = tree.ReadLink(at); err != nil {
			return "", ""
		}
		to := path.Join(path.Dir(at), filepath.ToSlash(target))
		if filepath.IsAbs(target) || !fs.ValidPath(to) {
			return at, target
		}
		at, rest = ".", append(strings.Split(to, "/"), rest...)
	}
	return "", ""
}
