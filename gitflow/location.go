package gitflow

import (
	"cmp"
	"path"
	"strings"
)

// located is a file that one side added or renamed to a directory which the other
// side moved away.
type located struct {
	path string // where it is
	to   string // where it would be in the moved directory
	from string // the directory
}

// followDirectories finds the files that belong where the other side has moved
// their directory. Git, by default, puts them there and asks, so that each is a
// conflict.
func (m *merge) followDirectories(list []rename, moves [3]*dirMoves) error {
	var moved [3]map[string]string
	for side := inOurs; side <= inTheirs; side++ {
		var split []string
		moved[side], split = moves[side].most()
		for _, dir := range split {
			m.conflict(dir, ConflictDirectorySplit, "moved in %s, to several directories alike", m.label[side])
		}
	}
	for dir := range moved[inOurs] {
		if _, both := moved[inTheirs][dir]; both {
			delete(moved[inOurs], dir)
			delete(moved[inTheirs], dir)
		}
	}
	var files [3][]located
	var ends [3]map[string][]string // paths by where they would be
	for side := inOurs; side <= inTheirs; side++ {
		ends[side] = map[string][]string{}
		for _, p := range m.names[side].added {
			if from, to, ok := movedDir(p, moved[other(side)]); ok {
				l := located{p, path.Join(to, strings.TrimPrefix(p, from+"/")), from}
				files[side] = append(files[side], l)
				ends[side][l.to] = append(ends[side][l.to], p)
			}
		}
	}
	for side := inOurs; side <= inTheirs; side++ {
		mover := other(side)
		for _, l := range files[side] {
			to := moved[mover][l.from]
			if _, again := moved[side][to]; again || len(ends[mover][l.path]) > 0 {
				continue // git follows no move of a move
			}
			taken, err := m.taken(l.to, side)
			if err != nil {
				return err
			}
			if taken || len(ends[side][l.to]) > 1 {
				m.conflict(l.to, ConflictDirectoryRename, "%s would belong there, since %s is moved to %s in %s, but cannot be there",
					strings.Join(ends[side][l.to], ", "), l.from, cmp.Or(to, "the root"), m.label[mover])
				continue
			}
			m.conflict(l.path, ConflictLocation, "made in %s, perhaps belongs to %s, since %s is moved to %s in %s",
				m.label[side], l.to, l.from, cmp.Or(to, "the root"), m.label[mover])
			m.moveEntry(l.path, l.to, side)
			for i, r := range list {
				if r.side == side && r.to == l.path {
					list[i].to = l.to
				}
			}
		}
	}
	return nil
}

// movedDir returns the nearest directory above a path that was moved, and where.
func movedDir(p string, moved map[string]string) (from, to string, ok bool) {
	for dir := dirOf(p); dir != ""; dir = dirOf(dir) {
		if to, ok := moved[dir]; ok {
			return dir, to, true
		}
	}
	return "", "", false
}

// taken reports whether there is something at a path that a file of a side would
// have to go to.
func (m *merge) taken(p string, side int) (bool, error) {
	if e := m.entries[p]; e != nil {
		return (e.files()|e.dirs)&(1<<side) != 0, nil
	}
	at, err := m.repo.at(m.trees[side], p)
	return !at.none(), err
}

// moveEntry moves the file of one side.
func (m *merge) moveEntry(from, to string, side int) {
	e := m.entries[from]
	if e.dirs != 0 {
		m.entries[from] = &entry{dirs: e.dirs}
		e = &entry{at: e.at, from: e.from}
	} else {
		delete(m.entries, from)
	}
	for i := range e.from {
		e.from[i] = cmp.Or(e.from[i], from)
	}
	if there := m.entries[to]; there != nil {
		there.at[side], there.from[side] = e.at[side], from
		e = there
	}
	e.disputed = true
	m.entries[to] = e
}
