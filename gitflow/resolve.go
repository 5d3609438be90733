package gitflow

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/filemode"
)

// resolve decides about every entry, about what is in a directory before what
// has the name of the directory.
func (m *merge) resolve(context.Context) error {
	paths := slices.Sorted(maps.Keys(m.entries))
	for _, p := range slices.Backward(paths) {
		e := m.entries[p]
		if e.settled {
			m.put(p, e, leaf{})
			continue
		}
		if e.files() == 0 {
			continue // a directory
		}
		at := p
		if e.dirs != 0 {
			e.same &^= e.dirs
			if m.kept[p] && !e.deleted() {
				at = m.besideDirectory(p, e)
			}
		}
		result, err := m.decide(p, at, e)
		if err != nil {
			return err
		}
		m.put(at, e, result)
	}
	return nil
}

// put puts the result of an entry into the tree.
func (m *merge) put(p string, e *entry, result leaf) {
	if !result.none() {
		m.keep(dirOf(p))
	}
	if result != e.ours {
		m.edits[p] = result
	}
}

// besideDirectory keeps the conflict of a file in whose place there is a
// directory, and returns the name that git gives the file.
func (m *merge) besideDirectory(p string, e *entry) string {
	side := inOurs
	if e.dirs&oursBit != 0 {
		side = inTheirs
	}
	m.conflict(p, ConflictDirectory, "%v in %s, directory in %s", e.at[side], m.label[side], m.label[other(side)])
	if !e.ours.none() {
		m.edits[p] = leaf{}
		e.ours = leaf{}
	}
	name := p + "~" + strings.ReplaceAll(m.label[side], "/", "_")
	for n, unique := 0, name; ; n++ {
		if _, taken := m.entries[unique]; !taken {
			return unique
		}
		unique = fmt.Sprintf("%s_%d", name, n)
	}
}

// decide returns what becomes of an entry, and keeps the conflict if there is
// one. The result is what git leaves in the tree then.
func (m *merge) decide(p, at string, e *entry) (leaf, error) {
	ours, theirs := e.at[inOurs], e.at[inTheirs]
	switch files := e.files(); {
	case e.same != 0:
		return e.at[whoChanged(e.same)], nil
	case ours.none() && theirs.none():
		return leaf{}, nil
	case files&baseBit == 0 && (ours.none() || theirs.none()):
		if ours.none() {
			return theirs, nil
		}
		return ours, nil
	case ours.none() || theirs.none():
		return m.changedAndDeleted(p, e), nil
	case kindOf(ours) != kindOf(theirs):
		m.conflict(p, ConflictTypes, "%v in %s, %v in %s", ours, m.label[inOurs], theirs, m.label[inTheirs])
		if m.depth > 0 {
			return e.at[inBase], nil
		}
		return ours, nil
	}
	j := joining{path: at, from: e.from, at: e.at}
	for i := range j.from {
		if j.from[i] == "" {
			j.from[i] = p
		}
	}
	j, err := m.joinLeaves(j)
	if err != nil || j.clean {
		return j.leaf, err
	}
	kind, did := ConflictContent, "changed"
	switch {
	case ours.mode == filemode.Submodule:
		kind = ConflictSubmodule
	case e.at[inBase].none():
		kind, did = ConflictAdd, "added"
	}
	m.conflictIn(p, kind, j, fmt.Sprintf("%s in %s and in %s%s", did, m.label[inOurs], m.label[inTheirs], j.why))
	return j.leaf, nil
}

// changedAndDeleted keeps the conflict of a file that one side deleted.
func (m *merge) changedAndDeleted(p string, e *entry) leaf {
	side := inOurs
	if e.at[inOurs].none() {
		side = inTheirs
	}
	if !e.disputed || e.at[inBase].hash != e.at[side].hash { // else the conflict is the rename
		if side == inOurs {
			m.conflict(p, ConflictDelete, "changed in %s, deleted in %s", m.label[side], m.label[other(side)])
		} else {
			m.conflict(p, ConflictDelete, "deleted in %s, changed in %s", m.label[other(side)], m.label[side])
		}
	}
	if m.depth > 0 {
		return e.at[inBase]
	}
	return e.at[side]
}

// kindOf returns a mode that is the same for all leaves of one kind.
func kindOf(l leaf) filemode.FileMode {
	if l.mode == filemode.Executable {
		return filemode.Regular
	}
	return l.mode
}
