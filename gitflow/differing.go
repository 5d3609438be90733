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
	var sides [3]directory
	for i, h := range trees {
		if before := slices.Index(trees[:i], h); before >= 0 {
			sides[i] = sides[before]
			continue
		}
		if sides[i], err = r.entries(dir, h); err != nil {
			return nil, false, err
		}
	}
	sideBySide(sides, func(name string, at [3]leaf) {
		if at[0] == at[1] && at[0] == at[2] {
			kept = true
		} else {
			list = append(list, difference{name, at})
		}
	})
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
