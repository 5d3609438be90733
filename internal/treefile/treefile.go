// Package treefile says why a file of a tree cannot be read, in words for who wrote
// the tree: by its name in it, and not by where the tree is on the machine.
package treefile

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
)

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
