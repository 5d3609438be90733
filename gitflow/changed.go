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
)

// ChangeKind says what happened to a path.
type ChangeKind string

const (
	// Added is a path that was not there.
	Added ChangeKind = "added"
	// Modified is a path with other content, or of another kind (executable,
	// link, submodule).
	Modified ChangeKind = "modified"
	// Deleted is a path that is there no more.
	Deleted ChangeKind = "deleted"
	// Renamed is a file that moved without a change of its content. One that
	// was changed too is a deletion and an addition.
	Renamed ChangeKind = "renamed"
)

// Change is a file, link or submodule that differs between two states.
type Change struct {
	Path string // from the root of the repository, with slashes
	From string // where a renamed file was; else ""
	Kind ChangeKind
}

// String returns the kind and the path, such as "renamed a.js to b.js".
func (c Change) String() string {
	if c.Kind == Renamed {
		return fmt.Sprintf("%s %s to %s", c.Kind, c.From, c.Path)
	}
	return fmt.Sprintf("%s %s", c.Kind, c.Path)
}

// ChangedOptions is what to compare. The zero value compares two commits.
type ChangedOptions struct {
	// Alone leaves out what base changed since head left it: head is compared with
	// the merge base of both, as hosts show a pull request. Without a common
	// ancestor the error wraps [ErrNotFound].
	Alone bool
	// Remote is asked for commits that are not here, in a shallow clone step by
	// step until their merge base is. Nothing but objects and the depth of the
	// clone changes here. Default: what is missing is an error, which wraps
	// [ErrShallow] if the clone is shallow.
	Remote *Remote
}

// Changed returns what differs between the trees of two revisions, sorted by
// path. A base of "" or of forty zeros, as hosts send it for a new branch, is
// the empty tree: then everything is added.
func (r *Repository) Changed(ctx context.Context, base, head string, o ChangedOptions) ([]Change, error) {
	var changes []Change
	compare := func() (err error) {
		changes, err = r.changed(ctx, base, head, o.Alone)
		return err
	}
	err := compare()
	if o.Remote != nil && isMissing(err) {
		err = r.deepen(ctx, o.Remote, []string{base, head}, compare)
	}
	if err != nil {
		return nil, fmt.Errorf("gitflow: changed from %q to %q in %v: %w", base, head, r, err)
	}
	return changes, nil
}

func (r *Repository) changed(ctx context.Context, base, head string, alone bool) ([]Change, error) {
	to, err := r.resolve(head)
	if err != nil {
		return nil, err
	}
	if isNone(base) {
		return r.changedBetween(ctx, plumbing.ZeroHash, to)
	}
	from, err := r.resolve(base)
	if err == nil && alone {
		from, err = r.mergeBaseOf(ctx, from, to)
	}
	if err != nil {
		return nil, err
	}
	return r.changedBetween(ctx, from, to)
}

// isNone reports whether a host says by rev that there was no commit before.
func isNone(rev string) bool {
	return rev == "" || len(rev) == 2*len(plumbing.ZeroHash) && strings.Trim(rev, "0") == ""
}

// changedBetween compares two commits; the zero hash is the empty tree.
func (r *Repository) changedBetween(ctx context.Context, from, to plumbing.Hash) ([]Change, error) {
	var trees [2]plumbing.Hash
	for i, h := range []plumbing.Hash{from, to} {
		if h.IsZero() {
			continue
		}
		c, err := r.objects.commit(h)
		if err != nil {
			return nil, err
		}
		trees[i] = c.TreeHash
	}
	edits, err := r.diff(ctx, trees[0], trees[1])
	if err != nil {
		return nil, err
	}
	return changesOf(edits), nil
}

// changesOf sorts edits, and makes one rename of a deletion and an addition of
// the same content.
func changesOf(edits map[string]edit) []Change {
	deleted := map[leaf][]string{}
	paths := slices.Sorted(maps.Keys(edits))
	for _, p := range paths {
		if e := edits[p]; e.new.none() && e.old.isFile() {
			deleted[e.old] = append(deleted[e.old], p)
		}
	}
	from := map[string]string{}
	moved := map[string]bool{}
	for _, sameName := range []bool{true, false} { // a file most likely keeps its name
		for _, p := range paths {
			e := edits[p]
			if !e.old.none() || !e.new.isFile() || from[p] != "" {
				continue
			}
			for _, old := range deleted[e.new] {
				if !moved[old] && (!sameName || path.Base(old) == path.Base(p)) {
					from[p], moved[old] = old, true
					break
				}
			}
		}
	}
	var changes []Change
	for _, p := range paths {
		e := edits[p]
		switch {
		case moved[p]:
		case from[p] != "":
			changes = append(changes, Change{Path: p, From: from[p], Kind: Renamed})
		case e.old.none():
			changes = append(changes, Change{Path: p, Kind: Added})
		case e.new.none():
			changes = append(changes, Change{Path: p, Kind: Deleted})
		default:
			changes = append(changes, Change{Path: p, Kind: Modified})
		}
	}
	slices.SortFunc(changes, func(a, b Change) int { return cmp.Compare(a.Path, b.Path) })
	return changes
}
