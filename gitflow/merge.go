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

// merge joins two trees that come from a third one. A path that one side changed
// becomes what that side made of it. What both sides changed is joined line by
// line, see [joinLines], and its mode on its own. Where git would have to guess,
// and this package could guess differently, it is a conflict: the other way round
// would be a merge that is clean and wrong.
type merge struct {
	repo               *Repository
	base, ours, theirs plumbing.Hash // trees
	us, them           string        // names of the sides, for messages

	oursEdits, theirEdits map[string]edit
	take                  map[string]leaf          // what theirs changes in ours
	made                  []plumbing.EncodedObject // joined files
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
	followed, err := m.followRenames(ctx)
	if err != nil {
		return plumbing.ZeroHash, nil, err
	}
	for p, theirs := range m.theirEdits {
		if followed[p] {
			continue
		}
		ours, both := m.oursEdits[p]
		if !both {
			m.take[p] = theirs.new
			continue
		}
		if err := m.joinEdits(p, ours, theirs); err != nil {
			return plumbing.ZeroHash, nil, err
		}
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
		return plumbing.ZeroHash, nil, &ConflictError{Conflicts: slices.CompactFunc(m.conflicts, func(a, b Conflict) bool {
			return a.Path == b.Path && a.Kind == b.Kind && a.Reason == b.Reason
		})}
	}
	e := editor{repo: m.repo, pending: m.made}
	tree, err := e.apply(m.ours, m.take)
	return tree, e.pending, err
}

func (m *merge) conflict(p string, kind ConflictKind, format string, args ...any) {
	c := Conflict{Path: p, Kind: kind, Reason: fmt.Sprintf(format, args...)}
	ours, inOurs := m.oursEdits[p]
	theirs, inTheirs := m.theirEdits[p]
	switch {
	case inOurs && inTheirs:
		c.Base, c.Ours, c.Theirs = ours.old.version(), ours.new.version(), theirs.new.version()
	case inOurs:
		c.Base, c.Ours, c.Theirs = ours.old.version(), ours.new.version(), ours.old.version()
	case inTheirs:
		c.Base, c.Ours, c.Theirs = theirs.old.version(), theirs.old.version(), theirs.new.version()
	}
	m.conflicts = append(m.conflicts, c)
}

// joinEdits decides about a path that both sides changed.
func (m *merge) joinEdits(p string, ours, theirs edit) error {
	switch {
	case ours.new == theirs.new:
	case ours.old.none():
		return m.joinAdded(p, ours.new, theirs.new)
	case ours.new.none():
		m.conflict(p, ConflictDelete, "deleted or renamed in %s, changed in %s", m.us, m.them)
	case theirs.new.none():
		m.conflict(p, ConflictDelete, "changed in %s, deleted or renamed in %s", m.us, m.them)
	default:
		joined, err := m.joinLeaves(p, ours.old, ours.new, theirs.new)
		if err == nil && !joined.none() && joined != ours.new {
			m.take[p] = joined
		}
		return err
	}
	return nil
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
