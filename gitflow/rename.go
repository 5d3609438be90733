package gitflow

import (
	"bytes"
	"context"
	"path"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
)

// A merge by whole files knows no renames. Mostly that shows by itself: a file
// that one side renamed and the other changed is deleted here and changed there,
// which is a conflict. The two checks below find what would seem clean. They ask
// whether files are alike enough that git could take one for the other, and err
// on the side of yes.

// checkRenames finds files that are gone on both sides and may live on under
// another name: renamed here and deleted there, or renamed to two names.
func (m *merge) checkRenames(ctx context.Context) error {
	gone := sortedPaths(m.oursEdits, isDeleted)
	gone = slices.DeleteFunc(gone, func(p string) bool { return !isDeleted(m.theirEdits[p]) })
	if len(gone) == 0 {
		return nil
	}
	like := likeness{repo: m.repo}
	for _, p := range gone {
		targets, err := m.possibleTargets(ctx, &like, p)
		if err != nil {
			return err
		}
		if len(targets) == 0 {
			continue
		}
		same, err := m.sameRename(ctx, &like, p, targets)
		if err != nil {
			return err
		}
		if !same {
			m.conflict(p, ConflictRename, "gone in %s and in %s, and perhaps renamed to %s", m.us, m.them, strings.Join(targets, " or "))
		}
	}
	return nil
}

// possibleTargets returns the added paths that p may have been renamed to.
func (m *merge) possibleTargets(ctx context.Context, like *likeness, p string) ([]string, error) {
	var targets []string
	for _, edits := range []map[string]edit{m.oursEdits, m.theirEdits} {
		for _, q := range sortedPaths(edits, isAdded) {
			ok, err := like.renamed(ctx, m.oursEdits[p].old, edits[q].new)
			if err != nil {
				return nil, err
			}
			if ok {
				targets = append(targets, q)
			}
		}
	}
	slices.Sort(targets)
	return slices.Compact(targets), nil
}

// sameRename reports whether both sides did one and the same rename, which
// cannot be mistaken for anything else.
func (m *merge) sameRename(ctx context.Context, like *likeness, p string, targets []string) (bool, error) {
	if len(targets) != 1 || m.oursEdits[targets[0]] != m.theirEdits[targets[0]] {
		return false, nil
	}
	to := m.oursEdits[targets[0]].new
	for _, edits := range []map[string]edit{m.oursEdits, m.theirEdits} {
		for _, q := range sortedPaths(edits, isDeleted) {
			if q == p {
				continue
			}
			if ok, err := like.renamed(ctx, edits[q].old, to); ok || err != nil {
				return false, err
			}
		}
	}
	return true, nil
}

// checkMovedDirectories finds files that one side added to a directory which
// the other side moved away: they may belong where it went.
func (m *merge) checkMovedDirectories(ctx context.Context) error {
	sides := []struct {
		adds, moves map[string]edit
		moved       plumbing.Hash
		adder       string
		mover       string
	}{
		{m.theirEdits, m.oursEdits, m.ours, m.them, m.us},
		{m.oursEdits, m.theirEdits, m.theirs, m.us, m.them},
	}
	like := likeness{repo: m.repo}
	for _, s := range sides {
		gone := map[string]bool{} // by directory: was there, and is not on the side that moves
		for _, p := range sortedPaths(s.adds, isAdded) {
			for dir := path.Dir(p); dir != "."; dir = path.Dir(dir) {
				moved, known := gone[dir]
				if !known {
					var err error
					if moved, err = m.movedAway(ctx, &like, dir, s.moves, s.moved); err != nil {
						return err
					}
					gone[dir] = moved
				}
				if moved {
					m.conflict(p, ConflictRename, "added in %s to directory %s, which is gone in %s and perhaps renamed", s.adder, dir, s.mover)
					break
				}
			}
		}
	}
	return nil
}

func (m *merge) movedAway(ctx context.Context, like *likeness, dir string, edits map[string]edit, tree plumbing.Hash) (bool, error) {
	for _, t := range []struct {
		tree plumbing.Hash
		want bool
	}{{m.base, true}, {tree, false}} {
		at, err := m.repo.at(t.tree, dir)
		if err != nil || (at.mode == filemode.Dir) != t.want {
			return false, err
		}
	}
	added := sortedPaths(edits, isAdded)
	for _, p := range sortedPaths(edits, isDeleted) {
		if !strings.HasPrefix(p, dir+"/") {
			continue
		}
		for _, q := range added {
			if ok, err := like.renamed(ctx, edits[p].old, edits[q].new); ok || err != nil {
				return ok, err
			}
		}
	}
	return false, nil
}

// likeness compares files as git does when it looks for renames, a little more
// generously. It works for one merge.
type likeness struct {
	repo  *Repository
	cache map[plumbing.Hash]map[string]int
	pairs int
}

const (
	maxPairs    = 20_000  // beyond them, everything may be a rename of everything
	maxCompared = 4 << 20 // bytes of a file
)

// renamed reports whether git could take the file to for the file from under a
// new name: at least half of the larger one must be in the other.
func (l *likeness) renamed(ctx context.Context, from, to leaf) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, context.Cause(ctx)
	}
	if to.hash == plumbing.ComputeHash(plumbing.BlobObject, nil) {
		return false, nil // git follows no empty file
	}
	if from.hash == to.hash {
		return from.isFile() == to.isFile(), nil
	}
	if !from.isFile() || !to.isFile() {
		return false, nil
	}
	var sizes [2]int64
	for i, x := range []leaf{from, to} {
		var err error
		if sizes[i], err = l.repo.objects.size(x.hash); err != nil {
			return false, err
		}
	}
	small, large := min(sizes[0], sizes[1]), max(sizes[0], sizes[1])
	if small*2 < large {
		return false, nil
	}
	if l.pairs++; l.pairs > maxPairs || large > maxCompared {
		return true, nil
	}
	a, err := l.chunks(from.hash)
	if err != nil {
		return false, err
	}
	b, err := l.chunks(to.hash)
	if err != nil {
		return false, err
	}
	shared := 0
	for chunk, n := range a {
		shared += min(n, b[chunk])
	}
	return int64(shared)*5 >= large*2, nil // two fifths instead of git's half
}

// chunks counts the bytes of a file by its lines, long ones cut at 64 bytes.
func (l *likeness) chunks(h plumbing.Hash) (map[string]int, error) {
	if c, ok := l.cache[h]; ok {
		return c, nil
	}
	text, err := l.repo.objects.blob(h)
	if err != nil {
		return nil, err
	}
	count := map[string]int{}
	for line := range bytes.Lines(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))) {
		for piece := range slices.Chunk(line, 64) {
			count[string(piece)] += len(piece)
		}
	}
	if l.cache == nil {
		l.cache = map[plumbing.Hash]map[string]int{}
	}
	l.cache[h] = count
	return count, nil
}
