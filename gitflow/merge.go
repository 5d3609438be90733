package gitflow

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
)

// merge joins two trees that come from a third one, to the tree that git's "ort"
// merge gives, see https://git-scm.com/docs/merge-strategies: [merge.walk] finds
// the paths that are not the same in all three, [merge.followRenames] brings
// together what was renamed on one side, [merge.resolve] decides path by path,
// and text that both sides changed is joined by [joinLines].
type merge struct {
	repo       *Repository
	trees      [3]plumbing.Hash
	label      [3]string // names of the sides, for messages and markers
	attributes *attributes
	depth      int // of ancestors that are merged themselves

	entries   map[string]*entry
	names     [3]sideNames
	kept      map[string]bool // directories that do not become empty
	edits     map[string]leaf // that make the result of the tree of ours
	made      map[plumbing.Hash]plumbing.EncodedObject
	conflicts []Conflict
	unsure    []Conflict // what git would make of it is not known, and here the merge goes on
}

// merged is a tree and the objects that only it needs. Where there are
// conflicts the tree has what git leaves in their place.
type merged struct {
	tree      plumbing.Hash
	objs      []plumbing.EncodedObject
	conflicts []Conflict
	unsure    []Conflict
}

func (m *merge) run(ctx context.Context) (merged, error) {
	m.entries, m.kept = map[string]*entry{}, map[string]bool{}
	m.edits, m.made = map[string]leaf{}, map[plumbing.Hash]plumbing.EncodedObject{}
	for _, step := range []func(context.Context) error{m.walk, m.followRenames, m.resolve} {
		if err := step(ctx); err != nil {
			return merged{}, err
		}
	}
	res := merged{conflicts: sortConflicts(m.conflicts), unsure: m.unsure}
	if len(res.conflicts)+len(res.unsure) > 0 && m.depth == 0 {
		return res, nil
	}
	e := editor{repo: m.repo, pending: slices.Collect(maps.Values(m.made))}
	var err error
	res.tree, err = e.apply(m.trees[inOurs], m.edits)
	res.objs = e.pending
	return res, err
}

// clean returns the tree and the new objects that it needs, or a
// [*ConflictError].
func (m merged) clean() (plumbing.Hash, []plumbing.EncodedObject, error) {
	if list := slices.Concat(m.conflicts, m.unsure); len(list) > 0 {
		return plumbing.ZeroHash, nil, &ConflictError{Conflicts: sortConflicts(list)}
	}
	return m.tree, m.objs, nil
}

func sortConflicts(list []Conflict) []Conflict {
	slices.SortStableFunc(list, func(a, b Conflict) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Reason, b.Reason))
	})
	return list
}

// conflict keeps a conflict about an entry.
func (m *merge) conflict(p string, kind ConflictKind, format string, args ...any) {
	var j joining
	if e := m.entries[p]; e != nil {
		j.at = e.at
	}
	m.conflictIn(p, kind, j, fmt.Sprintf(format, args...))
}

// conflictIn keeps a conflict about files that were to be joined.
func (m *merge) conflictIn(p string, kind ConflictKind, j joining, reason string) {
	m.conflicts = append(m.conflicts, Conflict{
		Path: p, Kind: kind, Reason: reason,
		Base: j.at[inBase].version(), Ours: j.at[inOurs].version(), Theirs: j.at[inTheirs].version(),
		Hunks: j.hunks, Markers: j.markers,
	})
}

// mergeRules is how to merge, beyond what git does by default.
type mergeRules struct {
	treeAttributes bool // .gitattributes of ours count
	unrelated      bool // commits without a common ancestor are merged
}

// mergeCommits merges the commit theirs into ours, as git does: from their best
// common ancestor, or from a merge of those there are after a criss-cross.
func (r *Repository) mergeCommits(ctx context.Context, ours, theirs plumbing.Hash, us, them string, rules mergeRules) (plumbing.Hash, []plumbing.EncodedObject, error) {
	bases, err := r.mergeBases(ctx, ours, theirs)
	if err != nil {
		return plumbing.ZeroHash, nil, err
	}
	if len(bases) == 0 && !rules.unrelated {
		return plumbing.ZeroHash, nil, fmt.Errorf("common ancestor of %s and %s %w (the histories are unrelated)", ours, theirs, ErrNotFound)
	}
	var sides [2]ancestor
	for i, h := range []plumbing.Hash{ours, theirs} {
		if sides[i], err = r.head(h); err != nil {
			return plumbing.ZeroHash, nil, err
		}
	}
	a := ancestors{repo: r}
	if a.attributes, err = r.attributes(rules, sides[0].tree); err != nil {
		return plumbing.ZeroHash, nil, err
	}
	res, err := a.merge(ctx, sides[0], sides[1], [3]string{"", us, them}, 0)
	if err != nil {
		return plumbing.ZeroHash, nil, err
	}
	return res.clean()
}

func short(h plumbing.Hash) string { return h.String()[:7] }
