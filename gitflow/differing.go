package gitflow

import (
	"cmp"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
)

// difference is a name in a directory that is not the same in three trees.
type difference struct {
	name string
	at   [3]leaf
}

// differing returns what differs in a directory, in the order of trees, and
// whether there is anything else.
func (r *Repository) differing(dir string, trees [3]plumbing.Hash) (list []difference, kept bool, err error) {
	var sides [3]map[string]leaf
	for i, h := range trees {
		if before := slices.Index(trees[:i], h); before >= 0 {
			sides[i] = sides[before]
			continue
		}
		if sides[i], err = r.entries(dir, h); err != nil {
			return nil, false, err
		}
	}
	names := map[string]bool{}
	for i, side := range sides {
		for name, l := range side {
			next, last := sides[(i+1)%3][name], sides[(i+2)%3][name]
			if l == next && l == last {
				kept = true
			} else {
				names[name] = true
			}
		}
	}
	for name := range names {
		list = append(list, difference{name, [3]leaf{sides[0][name], sides[1][name], sides[2][name]}})
	}
	slices.SortFunc(list, func(a, b difference) int { return cmp.Compare(a.key(), b.key()) })
	return list, kept, nil
}

// key sorts as git does: a name that is a directory everywhere as if it ended in
// a slash.
func (d difference) key() string {
	for _, l := range d.at {
		if !l.none() && l.mode != filemode.Dir {
			return d.name
		}
	}
	return d.name + "/"
}

// subtrees returns what is a directory, or a zero hash.
func subtrees(at [3]leaf) (trees [3]plumbing.Hash) {
	for i, l := range at {
		if l.mode == filemode.Dir {
			trees[i] = l.hash
		}
	}
	return trees
}

// filesOf returns what is no directory.
func filesOf(at [3]leaf) [3]leaf {
	for i := range at {
		if at[i].mode == filemode.Dir {
			at[i] = leaf{}
		}
	}
	return at
}
