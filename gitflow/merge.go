package gitflow

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
)

// merge joins two trees that come from a third one. It works on whole files: a
// path that one side changed becomes what that side made of it. What both sides
// changed must be the same change, or the mode on one side and the content on
// the other. Everything else is a conflict, also such as git would settle by
// joining lines or following a rename; the other way round would be a merge that
// is clean and wrong.
type merge struct {
	repo               *Repository
	base, ours, theirs plumbing.Hash // trees
	us, them           string        // names of the sides, for messages

	oursEdits, theirEdits map[string]edit
	take                  map[string]leaf // what theirs changes in ours
	conflicts             []Conflict
}

// run returns the tree and the new objects that it needs, or a
// [*ConflictError].
func (m *merge) run(ctx context.Context) (plumbing.Hash, []plumbing.EncodedObject, error) {
	var err error
	if m.oursEdits, err = m.repo.diff(ctx, m.base, m.ours); err != nil {
		return plumbing.ZeroHash, nil, err
	}
	if m.theirEdits, err = m.repo.diff(ctx, m.base, m.theirs); err != nil {
		return plumbing.ZeroHash, nil, err
	}
	m.take = map[string]leaf{}
	for p, theirs := range m.theirEdits {
		ours, both := m.oursEdits[p]
		if !both {
			m.take[p] = theirs.new
			continue
		}
		m.joinEdits(p, ours, theirs)
	}
	for _, check := range []func(context.Context) error{m.checkDirectories, m.checkRenames, m.checkMovedDirectories} {
		if err := check(ctx); err != nil {
			return plumbing.ZeroHash, nil, err
		}
	}
	if len(m.conflicts) > 0 {
		slices.SortFunc(m.conflicts, func(a, b Conflict) int {
			return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Reason, b.Reason))
		})
		return plumbing.ZeroHash, nil, &ConflictError{Conflicts: slices.Compact(m.conflicts)}
	}
	e := editor{repo: m.repo}
	tree, err := e.apply(m.ours, m.take)
	return tree, e.pending, err
}

func (m *merge) conflict(p string, kind ConflictKind, format string, args ...any) {
	m.conflicts = append(m.conflicts, Conflict{Path: p, Kind: kind, Reason: fmt.Sprintf(format, args...)})
}

// joinEdits decides about a path that both sides changed.
func (m *merge) joinEdits(p string, ours, theirs edit) {
	switch {
	case ours.new == theirs.new:
	case ours.old.none():
		m.conflict(p, ConflictAdd, "added in %s and in %s, not alike", m.us, m.them)
	case ours.new.none():
		m.conflict(p, ConflictDelete, "deleted or renamed in %s, changed in %s", m.us, m.them)
	case theirs.new.none():
		m.conflict(p, ConflictDelete, "changed in %s, deleted or renamed in %s", m.us, m.them)
	default:
		joined, ok := joinLeaves(ours.old, ours.new, theirs.new)
		if !ok {
			m.conflict(p, ConflictContent, "changed in %s and in %s", m.us, m.them)
		} else if joined != ours.new {
			m.take[p] = joined
		}
	}
}

// joinLeaves joins mode and content on their own, where all three are files.
func joinLeaves(base, ours, theirs leaf) (leaf, bool) {
	if !base.isFile() || !ours.isFile() || !theirs.isFile() {
		return leaf{}, false
	}
	mode, okMode := joinOne(base.mode, ours.mode, theirs.mode)
	hash, okHash := joinOne(base.hash, ours.hash, theirs.hash)
	return leaf{mode, hash}, okMode && okHash
}

func joinOne[T comparable](base, ours, theirs T) (T, bool) {
	switch {
	case ours == theirs, theirs == base:
		return ours, true
	case ours == base:
		return theirs, true
	}
	return base, false
}

// checkDirectories finds the paths that would be a file and a directory.
func (m *merge) checkDirectories(ctx context.Context) error {
	for p, l := range m.take {
		if l.none() || !m.theirEdits[p].old.none() {
			continue
		}
		for dir := path.Dir(p); dir != "."; dir = path.Dir(dir) {
			at, err := m.repo.at(m.ours, dir)
			if err != nil {
				return err
			}
			if gone, edited := m.take[dir]; !at.none() && at.mode != filemode.Dir && (!edited || !gone.none()) {
				m.conflict(dir, ConflictDirectory, "%v in %s, directory in %s", at, m.us, m.them)
			}
		}
		at, err := m.repo.at(m.ours, p)
		if err != nil {
			return err
		}
		if at.mode != filemode.Dir {
			continue
		}
		inside := map[string]edit{}
		if err := m.repo.diffTrees(ctx, inside, p, plumbing.ZeroHash, at.hash); err != nil {
			return err
		}
		for q := range inside {
			if l, edited := m.take[q]; !edited || !l.none() {
				m.conflict(p, ConflictDirectory, "directory in %s, %v in %s", m.us, l, m.them)
				break
			}
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
		l = entries[part]
	}
	return l, nil
}

// mergeCommits merges the commit theirs into ours, as git does: from their best
// common ancestor, or from a merge of the two there are after a criss-cross.
func (r *Repository) mergeCommits(ctx context.Context, ours, theirs plumbing.Hash, us, them string) (plumbing.Hash, []plumbing.EncodedObject, error) {
	base, scratch, err := r.mergedBase(ctx, ours, theirs)
	if err != nil {
		return plumbing.ZeroHash, nil, err
	}
	m := merge{repo: scratch, base: base, us: us, them: them}
	for commit, tree := range map[plumbing.Hash]*plumbing.Hash{ours: &m.ours, theirs: &m.theirs} {
		c, err := r.objects.commit(commit)
		if err != nil {
			return plumbing.ZeroHash, nil, err
		}
		*tree = c.TreeHash
	}
	return m.run(ctx)
}

// mergedBase returns the tree that both commits come from, and a repository in
// which it can be read.
func (r *Repository) mergedBase(ctx context.Context, a, b plumbing.Hash) (plumbing.Hash, *Repository, error) {
	bases, err := r.mergeBases(ctx, a, b)
	if err != nil {
		return plumbing.ZeroHash, nil, err
	}
	switch len(bases) {
	case 0:
		return plumbing.ZeroHash, nil, fmt.Errorf("common ancestor of %s and %s %w (the histories are unrelated)", a, b, ErrNotFound)
	case 1:
		c, err := r.objects.commit(bases[0])
		if err != nil {
			return plumbing.ZeroHash, nil, err
		}
		return c.TreeHash, r, nil
	case 2:
		tree, objs, err := r.mergeCommits(ctx, bases[0], bases[1], "ancestor "+short(bases[0]), "ancestor "+short(bases[1]))
		if err != nil {
			return plumbing.ZeroHash, nil, err
		}
		return tree, &Repository{dirs: r.dirs, objects: r.objects.with(objs), shallow: r.shallow}, nil
	}
	return plumbing.ZeroHash, nil, &ConflictError{Conflicts: []Conflict{{
		Path: ".", Kind: ConflictContent, Reason: fmt.Sprintf("%d best common ancestors, at most 2 can be joined", len(bases)),
	}}}
}

func short(h plumbing.Hash) string { return h.String()[:7] }

// sortedPaths returns the paths for which keep says so.
func sortedPaths(edits map[string]edit, keep func(edit) bool) []string {
	var list []string
	for _, p := range slices.Sorted(maps.Keys(edits)) {
		if keep(edits[p]) {
			list = append(list, p)
		}
	}
	return list
}

func isAdded(e edit) bool   { return e.old.none() && !e.new.none() }
func isDeleted(e edit) bool { return !e.old.none() && e.new.none() }
