package gitflow

import (
	"context"

	"github.com/go-git/go-git/v5/plumbing"
)

// followRenames joins files that one side renamed and the other changed, where
// it is beyond doubt what was renamed to what: one file alone is like the new
// one, the new one alone is like it, and so much so that git cannot see it
// otherwise. It returns the paths about which nothing more is to be decided.
func (m *merge) followRenames(ctx context.Context) (map[string]bool, error) {
	done := map[string]bool{}
	like := likeness{repo: m.repo}
	for _, s := range []struct {
		mover, other map[string]edit
		tree         plumbing.Hash // of the side that renamed
		otherTree    plumbing.Hash
		ours         bool
	}{
		{m.oursEdits, m.theirEdits, m.ours, m.theirs, true},
		{m.theirEdits, m.oursEdits, m.theirs, m.ours, false},
	} {
		for _, p := range sortedPaths(s.mover, isDeleted) {
			other, changed := s.other[p]
			if !changed || !other.new.isFile() || !other.old.isFile() {
				continue
			}
			q, err := m.onlyTarget(ctx, &like, s.mover, p)
			if err != nil {
				return nil, err
			}
			if q == "" || done[q] {
				continue
			}
			free, err := m.vacant(s.otherTree, q)
			if err != nil {
				return nil, err
			}
			gone, err := m.vacant(s.tree, p)
			if err != nil {
				return nil, err
			}
			if !free || !gone {
				continue
			}
			done[p], done[q] = true, true
			if err := m.joinRenamed(p, q, s.mover[q].new, other, s.ours); err != nil {
				return nil, err
			}
		}
	}
	return done, nil
}

// onlyTarget returns the added path that p was renamed to, or "" if that can be
// doubted.
func (m *merge) onlyTarget(ctx context.Context, like *likeness, mover map[string]edit, p string) (string, error) {
	from := mover[p].old
	target := ""
	for _, q := range sortedPaths(mover, isAdded) {
		ok, err := like.renamed(ctx, from, mover[q].new)
		if err != nil {
			return "", err
		}
		if ok && target != "" {
			return "", nil
		}
		if ok {
			target = q
		}
	}
	if target == "" {
		return "", nil
	}
	to := mover[target].new
	if sure, err := like.surely(from, to); err != nil || !sure {
		return "", err
	}
	for _, other := range sortedPaths(mover, isDeleted) {
		if other == p {
			continue
		}
		if ok, err := like.renamed(ctx, mover[other].old, to); ok || err != nil {
			return "", err
		}
	}
	return target, nil
}

// vacant reports whether there is nothing at a path of a tree.
func (m *merge) vacant(tree plumbing.Hash, p string) (bool, error) {
	at, err := m.repo.at(tree, p)
	return at.none(), err
}

// joinRenamed joins the file that is p in one side and the base, and q in the
// other.
func (m *merge) joinRenamed(p, q string, moved leaf, other edit, oursMoved bool) error {
	us, them := m.us, m.them
	defer func() { m.us, m.them = us, them }()
	ours, theirs := moved, other.new
	if oursMoved {
		m.us, m.them = us+":"+q, them+":"+p
	} else {
		ours, theirs = theirs, ours
		m.us, m.them = us+":"+p, them+":"+q
	}
	before := len(m.conflicts)
	joined, err := m.joinLeaves(q, other.old, ours, theirs)
	if err != nil {
		return err
	}
	if len(m.conflicts) > before {
		c := &m.conflicts[before]
		c.Base, c.Ours, c.Theirs = other.old.version(), ours.version(), theirs.version()
		return nil
	}
	if !oursMoved {
		m.take[p] = leaf{}
	}
	if !oursMoved || joined != ours {
		m.take[q] = joined
	}
	return nil
}

// surely reports whether git takes to for from under a new name, if it compares
// them: at least three fifths of the larger one are in the other, where git asks
// for half.
func (l *likeness) surely(from, to leaf) (bool, error) {
	if from.hash == to.hash {
		return true, nil
	}
	if l.pairs > maxPairs {
		return false, nil
	}
	var sizes [2]int64
	var chunks [2]map[string]int
	for i, x := range []leaf{from, to} {
		var err error
		if sizes[i], err = l.repo.objects.size(x.hash); err != nil {
			return false, err
		}
		if sizes[i] > maxCompared {
			return false, nil
		}
		if chunks[i], err = l.chunks(x.hash); err != nil {
			return false, err
		}
	}
	shared := 0
	for chunk, n := range chunks[0] {
		shared += min(n, chunks[1][chunk])
	}
	return int64(shared)*5 >= max(sizes[0], sizes[1])*3, nil
}
