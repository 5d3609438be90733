package gitflow

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/go-git/go-git/v5/plumbing"
	gitindex "github.com/go-git/go-git/v5/plumbing/format/index"
)

// index is what git last saw of a work tree.
type index struct {
	entries map[string]*gitindex.Entry
	written fs.FileInfo
}

// readIndex reads an index; without one nothing is known.
func readIndex(file string) (index, error) {
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return index{}, nil
	}
	if err != nil {
		return index{}, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return index{}, err
	}
	var decoded gitindex.Index
	if err := gitindex.NewDecoder(f).Decode(&decoded); err != nil {
		return index{}, fmt.Errorf("%w: %s: %w (a split or sparse index? run `git update-index --no-split-index` or `git sparse-checkout reapply --no-sparse-index`)", ErrUnsupported, file, err)
	}
	x := index{entries: make(map[string]*gitindex.Entry, len(decoded.Entries)), written: st}
	for _, e := range decoded.Entries {
		x.entries[e.Name] = e
	}
	return x, nil
}

// skipped reports whether a file is meant to be missing: a sparse checkout.
func (x index) skipped(p string) bool {
	e := x.entries[p]
	return e != nil && e.SkipWorktree
}

// unchanged returns the hash that git computed for the file, if its size and
// time are still the same. A file as young as the index itself may have been
// written once more in the same tick of the clock: that is no proof.
func (x index) unchanged(p string, info fs.FileInfo) (plumbing.Hash, bool) {
	e := x.entries[p]
	if e == nil || e.Stage != 0 || int64(e.Size) != info.Size() ||
		!e.ModifiedAt.Equal(info.ModTime()) || !info.ModTime().Before(x.written.ModTime()) {
		return plumbing.ZeroHash, false
	}
	return e.Hash, true
}
