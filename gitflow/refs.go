package gitflow

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
)

const headsPrefix = "refs/heads/"

// Branch is a branch and the commit at its tip.
type Branch struct {
	Name   string // without "refs/heads/"
	Commit string // hash
}

// Head is what a work tree stands on.
type Head struct {
	Branch string // without "refs/heads/"; "" when a commit is checked out without a branch
	Commit string // hash; "" for a branch that has no commit yet
}

// Head returns what HEAD points to: in a work tree, what is checked out; in a
// bare repository, the default branch.
func (r *Repository) Head() (Head, error) {
	value, ok, err := r.readRef("HEAD")
	if err != nil {
		return Head{}, fmt.Errorf("gitflow: head of %v: %w", r, err)
	}
	if !ok {
		return Head{}, fmt.Errorf("gitflow: head of %v: HEAD %w", r, ErrNotFound)
	}
	target, symbolic := strings.CutPrefix(value, "ref: ")
	if !symbolic {
		return Head{Commit: value}, nil
	}
	h := Head{Branch: strings.TrimPrefix(target, headsPrefix)}
	if hash, ok, err := r.refHash(target); err != nil {
		return Head{}, fmt.Errorf("gitflow: head of %v: %w", r, err)
	} else if ok {
		h.Commit = hash.String()
	}
	return h, nil
}

// Branches returns all branches, sorted by name.
func (r *Repository) Branches(ctx context.Context) ([]Branch, error) {
	refs, err := r.listRefs(ctx, headsPrefix)
	if err != nil {
		return nil, fmt.Errorf("gitflow: branches of %v: %w", r, err)
	}
	var list []Branch
	for _, name := range slices.Sorted(maps.Keys(refs)) {
		list = append(list, Branch{Name: strings.TrimPrefix(name, headsPrefix), Commit: refs[name].String()})
	}
	return list, nil
}

// refFile returns the file that keeps a ref. HEAD belongs to the work tree, all
// else that this package touches is shared.
func (r *Repository) refFile(name string) string {
	if name == "HEAD" {
		return filepath.Join(r.dirs.git, name)
	}
	return filepath.Join(r.dirs.common, filepath.FromSlash(name))
}

// readRef returns a hash, or "ref: " and the name of another ref.
func (r *Repository) readRef(name string) (value string, ok bool, err error) {
	text, err := readRefFile(r.refFile(name))
	if err == nil {
		value = strings.TrimSpace(string(text))
		if target, symbolic := strings.CutPrefix(value, "ref:"); symbolic {
			return "ref: " + strings.TrimSpace(target), true, nil
		}
		if !plumbing.IsHash(value) {
			return "", false, fmt.Errorf("%s: the file is damaged, it holds no hash (delete it, or restore it from the reflog)", name)
		}
		return value, true, nil
	}
	if !absent(err) {
		return "", false, err
	}
	return r.packedRef(name)
}

// readRefFile reads a loose ref. What is not one is not read: a link to some
// other file, a pipe, a file as large as no ref is.
func readRefFile(file string) ([]byte, error) {
	const most = 4096
	st, err := os.Lstat(file)
	if err != nil {
		return nil, err
	}
	switch mode := st.Mode(); {
	case mode&fs.ModeSymlink != 0: // the first form of symbolic refs
		target, err := os.Readlink(file)
		if err != nil {
			return nil, err
		}
		if !strings.HasPrefix(target, "refs/") {
			return nil, fmt.Errorf("%s is a symbolic link to something that is no ref", file)
		}
		return []byte("ref: " + target), nil
	case !mode.IsRegular() && !mode.IsDir(), st.Size() > most && mode.IsRegular():
		return nil, fmt.Errorf("%s is no ref", file)
	}
	return os.ReadFile(file)
}

// refHash follows symbolic refs to a hash.
func (r *Repository) refHash(name string) (plumbing.Hash, bool, error) {
	for range 5 { // git's own limit
		value, ok, err := r.readRef(name)
		if err != nil || !ok {
			return plumbing.ZeroHash, false, err
		}
		target, symbolic := strings.CutPrefix(value, "ref: ")
		if !symbolic {
			return plumbing.NewHash(value), true, nil
		}
		if err := plumbing.ReferenceName(target).Validate(); err != nil {
			return plumbing.ZeroHash, false, fmt.Errorf("%s points to %q: %w", name, target, err)
		}
		name = target
	}
	return plumbing.ZeroHash, false, fmt.Errorf("%s: symbolic refs in a circle", name)
}

// listRefs returns all refs below prefix, which ends in a slash. A ref that is
// deleted meanwhile may be in or out.
func (r *Repository) listRefs(ctx context.Context, prefix string) (map[string]plumbing.Hash, error) {
	// Loose first: a ref that git packs meanwhile is then seen twice, not never.
	refs := map[string]plumbing.Hash{}
	root := r.refFile(strings.TrimSuffix(prefix, "/"))
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		if absent(err) {
			return nil
		}
		if err != nil {
			return err
		}
		if d.IsDir() || strings.HasSuffix(file, ".lock") {
			return nil
		}
		rel, err := filepath.Rel(r.dirs.common, file)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		hash, ok, err := r.refHash(name)
		if ok {
			refs[name] = hash
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	packed, err := r.packedRefs()
	if err != nil {
		return nil, err
	}
	for name, hash := range packed {
		if _, loose := refs[name]; !loose && strings.HasPrefix(name, prefix) {
			refs[name] = hash
		}
	}
	return refs, nil
}

// packedRef returns the hash of one packed ref. It looks for the line alone: a
// repository may have many thousands.
func (r *Repository) packedRef(name string) (value string, ok bool, err error) {
	file := filepath.Join(r.dirs.common, "packed-refs")
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	end := bytes.Index(append(text, '\n'), []byte(" "+name+"\n"))
	if end < 0 {
		return "", false, nil
	}
	value = string(text[bytes.LastIndexByte(text[:end], '\n')+1 : end])
	if !plumbing.IsHash(value) {
		return "", false, fmt.Errorf("%s: malformed line of %s", file, name)
	}
	return value, true, nil
}

func (r *Repository) packedRefs() (map[string]plumbing.Hash, error) {
	file := filepath.Join(r.dirs.common, "packed-refs")
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	refs := map[string]plumbing.Hash{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" || line[0] == '#' || line[0] == '^' {
			continue
		}
		hash, name, ok := strings.Cut(line, " ")
		if !ok || !plumbing.IsHash(hash) {
			return nil, fmt.Errorf("%s: malformed line %.60q", file, line)
		}
		refs[name] = plumbing.NewHash(hash)
	}
	return refs, nil
}

func validRef(name string) bool { return plumbing.ReferenceName(name).Validate() == nil }

// absent reports whether err says that a loose ref is not there: no file, or a
// directory of refs of that name, or a file where a directory would have to be.
func absent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || isDirectoryClash(err)
}
