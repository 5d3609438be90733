package gitflow

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
)

// Dirty returns how the files of the work tree differ from the commit that is
// checked out, sorted by path: what makes a deployment one of "<commit>-dirty".
// Files that git would ignore by .gitignore and by info/exclude are left out,
// unless they were added to git nevertheless; new files are in. What is staged
// does not matter, only the files do. Renames are not looked for. An empty list
// means that the files are those of the commit.
//
// Content is compared as it is, without the filters of .gitattributes; a file
// that git's index knows to be unchanged counts as such, also behind a filter.
// Patterns in the configuration of the user are not read. For a bare repository
// there is an error.
func (r *Repository) Dirty(ctx context.Context) ([]Change, error) {
	edits, err := r.dirty(ctx)
	if err != nil {
		return nil, fmt.Errorf("gitflow: state of %v: %w", r, err)
	}
	return changesOf(edits), nil
}

func (r *Repository) dirty(ctx context.Context) (map[string]edit, error) {
	if r.dirs.work == "" {
		return nil, errors.New("a bare repository has no work tree")
	}
	head, err := r.Head()
	if err != nil {
		return nil, err
	}
	s := scan{repo: r, edits: map[string]edit{}, head: map[string]edit{}, dirs: map[string]bool{}, seen: map[string]bool{}}
	if head.Commit != "" {
		c, err := r.objects.commit(plumbing.NewHash(head.Commit))
		if err != nil {
			return nil, err
		}
		if s.head, err = r.diff(ctx, plumbing.ZeroHash, c.TreeHash); err != nil {
			return nil, err
		}
	}
	if s.index, err = readIndex(filepath.Join(r.dirs.git, "index")); err != nil {
		return nil, err
	}
	if s.modes, err = r.dirs.keepsModes(); err != nil {
		return nil, err
	}
	for p := range s.head {
		s.track(p)
	}
	for p := range s.index.entries {
		s.track(p)
	}
	var rules ignoreRules
	if err := rules.add(filepath.Join(r.dirs.common, "info", "exclude"), ""); err != nil {
		return nil, err
	}
	if err := s.dir(ctx, "", rules, false); err != nil {
		return nil, err
	}
	for p, e := range s.head {
		if !s.seen[p] && !s.index.skipped(p) {
			s.edits[p] = edit{old: e.new}
		}
	}
	return s.edits, nil
}

// scan compares a work tree with a commit.
type scan struct {
	repo  *Repository
	head  map[string]edit // of the commit: new is what it has
	index index
	modes bool            // whether the file system keeps executable bits
	dirs  map[string]bool // directories with something that git knows
	seen  map[string]bool
	edits map[string]edit
}

func (s *scan) track(p string) {
	for dir := path.Dir(p); dir != "." && !s.dirs[dir]; dir = path.Dir(dir) {
		s.dirs[dir] = true
	}
}

func (s *scan) known(p string) bool {
	_, committed := s.head[p]
	_, staged := s.index.entries[p]
	return committed || staged
}

func (s *scan) file(p string) string { return filepath.Join(s.repo.dirs.work, filepath.FromSlash(p)) }

// dir compares a directory; ignored says that it is ignored itself, so that
// only what git knows counts in it.
func (s *scan) dir(ctx context.Context, dir string, rules ignoreRules, ignored bool) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	entries, err := os.ReadDir(s.file(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // gone since it was listed
	}
	if err != nil {
		return err
	}
	if err := rules.add(filepath.Join(s.file(dir), ".gitignore"), dir); err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() == ".git" {
			continue
		}
		p := path.Join(dir, e.Name())
		skip := ignored || rules.ignore(p, e.IsDir())
		if e.IsDir() {
			err = s.subdir(ctx, p, rules, skip)
		} else {
			err = s.leaf(p, e, skip)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *scan) subdir(ctx context.Context, p string, rules ignoreRules, ignored bool) error {
	if at := s.head[p].new; at.mode == filemode.Submodule {
		return s.submodule(p, at)
	}
	if !s.dirs[p] {
		if ignored {
			return nil
		}
		if _, err := os.Lstat(filepath.Join(s.file(p), ".git")); err == nil { // a repository of its own
			s.edits[p] = edit{old: s.head[p].new, new: leaf{mode: filemode.Submodule}}
			s.seen[p] = true
			return nil
		}
	}
	return s.dir(ctx, p, rules, ignored)
}

// submodule compares the commit that is checked out in a submodule. One that
// is not there yet is unchanged.
func (s *scan) submodule(p string, want leaf) error {
	s.seen[p] = true
	sub, err := Open(s.file(p))
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	head, err := sub.Head()
	if err == nil && head.Commit != want.hash.String() {
		s.edits[p] = edit{old: want, new: leaf{filemode.Submodule, plumbing.NewHash(head.Commit)}}
	}
	return err
}

// leaf compares a file or a link.
func (s *scan) leaf(p string, e fs.DirEntry, ignored bool) error {
	if ignored && !s.known(p) {
		return nil
	}
	info, err := e.Info()
	if errors.Is(err, fs.ErrNotExist) {
		return nil // gone since it was listed
	}
	if err != nil {
		return err
	}
	was := s.head[p].new
	now := leaf{mode: filemode.Regular}
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		now.mode = filemode.Symlink
	case !info.Mode().IsRegular():
		return nil // a socket, a pipe: nothing that git keeps; a file in its place is gone
	case s.modes && info.Mode()&0o100 != 0, !s.modes && was.mode == filemode.Executable:
		now.mode = filemode.Executable
	}
	s.seen[p] = true
	if now.mode == was.mode {
		if now.hash, err = s.hash(p, info, was.hash); err != nil {
			return err
		}
	}
	if now != was {
		s.edits[p] = edit{old: was, new: leaf{mode: now.mode}} // without a hash: it is not compared with others
	}
	return nil
}

// hash returns the hash of a file, from the index if it has not been touched
// since.
func (s *scan) hash(p string, info fs.FileInfo, was plumbing.Hash) (plumbing.Hash, error) {
	if h, ok := s.index.unchanged(p, info); ok {
		return h, nil
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		target, err := os.Readlink(s.file(p))
		return plumbing.ComputeHash(plumbing.BlobObject, []byte(filepath.ToSlash(target))), err
	}
	if size, err := s.repo.objects.size(was); err != nil {
		return plumbing.ZeroHash, err
	} else if size != info.Size() {
		return plumbing.ZeroHash, nil
	}
	text, err := os.ReadFile(s.file(p))
	return plumbing.ComputeHash(plumbing.BlobObject, text), err
}

// keepsModes reports whether executable bits of files mean anything.
func (l *layout) keepsModes() (bool, error) {
	cfg, err := l.config()
	if err != nil {
		return false, err
	}
	return !strings.EqualFold(option(cfg, "core", "filemode"), "false"), nil
}
