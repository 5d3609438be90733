package gitflow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// Export writes the files of a commit below dir, which is made if it is not
// there and must be empty if it is. Executable files are executable, symbolic
// links are made as they stand (also such that point elsewhere), submodules are
// empty directories, and there is no ".git". Whatever the tree holds, nothing is
// written outside of dir. After an error dir is empty again.
func (r *Repository) Export(ctx context.Context, commit, dir string) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("gitflow: export %q of %v: %w", commit, r, err)
		}
	}()
	h, err := r.resolve(commit)
	if err != nil {
		return err
	}
	c, err := r.objects.commit(h)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	if old, err := os.ReadDir(dir); err != nil {
		return err
	} else if len(old) > 0 {
		return fmt.Errorf("directory %s is not empty (it has %s)", dir, old[0].Name())
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	if err := r.exportTree(ctx, root, "", c.TreeHash); err != nil {
		return errors.Join(err, emptyDir(root))
	}
	return nil
}

func (r *Repository) exportTree(ctx context.Context, root *os.Root, dir string, tree plumbing.Hash) error {
	entries, err := r.objects.tree(tree)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		if !safeName(e.Name) {
			return fmt.Errorf("%q: a name that may not be in a tree", path.Join(dir, e.Name))
		}
		name := path.Join(dir, e.Name)
		if err := r.exportEntry(ctx, root, name, e); err != nil {
			return err
		}
	}
	return nil
}

func (r *Repository) exportEntry(ctx context.Context, root *os.Root, name string, e object.TreeEntry) error {
	switch e.Mode {
	case filemode.Dir:
		if err := root.Mkdir(name, 0o777); err != nil {
			return err
		}
		return r.exportTree(ctx, root, name, e.Hash)
	case filemode.Submodule:
		return root.Mkdir(name, 0o777)
	case filemode.Symlink:
		target, err := r.objects.blob(e.Hash)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return root.Symlink(string(target), name)
	case filemode.Executable:
		return r.exportFile(root, name, 0o777, e.Hash)
	default:
		return r.exportFile(root, name, 0o666, e.Hash)
	}
}

// exportFile writes a blob to a file that must be new.
func (r *Repository) exportFile(root *os.Root, name string, perm fs.FileMode, blob plumbing.Hash) (err error) {
	obj, err := r.objects.get(plumbing.BlobObject, blob)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	in, err := obj.Reader()
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	out, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return errors.Join(err, in.Close())
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close(), in.Close())
}

// safeName refuses what git refuses in a tree: names that are no names, and
// those under which a file system would keep the repository itself.
func safeName(name string) bool {
	return isName(name) && !strings.EqualFold(name, "git~1") && !strings.Contains(name, "\x00") && (os.PathSeparator == '/' || !strings.ContainsAny(name, `\:`))
}

// emptyDir removes everything below root.
func emptyDir(root *os.Root) error {
	dir, err := root.Open(".")
	if err != nil {
		return err
	}
	names, err := dir.Readdirnames(-1)
	err = errors.Join(err, dir.Close())
	for _, name := range names {
		err = errors.Join(err, root.RemoveAll(name))
	}
	return err
}
