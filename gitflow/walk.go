package gitflow

import (
	"context"
	"fmt"
	"path"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
)

// The three trees of a merge, as indexes and as bits of a mask.
const (
	inBase = iota
	inOurs
	inTheirs

	baseBit   = 1 << inBase
	oursBit   = 1 << inOurs
	theirsBit = 1 << inTheirs
	allBits   = baseBit | oursBit | theirsBit
)

// entry is a path about which a merge has to decide.
type entry struct {
	at   [3]leaf   // the file, link or submodule in base, ours and theirs
	from [3]string // where that is in its tree, if a rename brought it here
	ours leaf      // what was at the path in ours to begin with
	dirs uint8     // the trees in which the path is a directory
	// same has the trees in which the path is one and the same, at least two of
	// them or none.
	same uint8

	disputed bool // it takes part in a conflict about names
	settled  bool // nothing more is to be decided
}

// files returns in which trees the path is a file, link or submodule.
func (e *entry) files() uint8 {
	var mask uint8
	for i, l := range e.at {
		if !l.none() {
			mask |= 1 << i
		}
	}
	return mask
}

// deleted reports whether one side deleted the file and the other one does not
// mind.
func (e *entry) deleted() bool {
	return e.files() == baseBit || e.same != 0 && e.at[whoChanged(e.same)].none()
}

// relevance says what it would be good for to know where a file or directory
// has gone. Where it is good for nothing git does not look, and what it would
// have found stays unknown.
type relevance int

const (
	forNothing   relevance = iota
	forAncestors           // a directory: for where the directories above it went
	forItself              // a directory: for where it went
	forLocation            // a file: for where its directory went
	forContent             // a file: the other side changed it
)

// sideNames is what one side of a merge did to the names of files.
type sideNames struct {
	deleted, added []string             // in the order of the trees
	files          map[string]relevance // of deleted files; others are irrelevant
	gone           map[string]relevance // directories that this side lacks
	deferred       []deferredDir
	readAll        bool // nothing is deferred any more
}

// deferredDir is a directory that only one side changed. What it holds matters
// only if that side renamed something that the other one changed.
type deferredDir struct {
	path  string
	at    [3]leaf
	moved uint8
}

// walk reads the three trees side by side and keeps the paths that are not the
// same in all of them. Where it does what may seem odd it follows git's "ort"
// merge, since what is a rename, and so what is a conflict, depends on it.
func (m *merge) walk(ctx context.Context) error {
	for i := range m.names {
		m.names[i].files = map[string]relevance{}
		m.names[i].gone = map[string]relevance{}
	}
	if err := m.walkDir(ctx, "", m.trees, 0); err != nil {
		return err
	}
	for _, side := range []int{inOurs, inTheirs} {
		names := &m.names[side]
		list := names.deferred
		names.deferred = nil
		names.readAll = len(names.files) > 0
		if !names.readAll {
			for _, d := range list {
				m.takeOver(d.path, d.at, side)
			}
			continue
		}
		byPath := make(map[string]deferredDir, len(list))
		paths := make([]string, len(list))
		for i, d := range list {
			byPath[d.path], paths[i] = d, d.path
		}
		for _, p := range gitMapOrder(paths) {
			d := byPath[p]
			e := m.entries[p]
			e.same &= e.files()
			if err := m.walkDir(ctx, p, subtrees(d.at), d.moved); err != nil {
				return err
			}
		}
	}
	return nil
}

// walkDir reads one directory. moved says on which side alone a directory above
// it still is, and is allBits where files were added to such a directory: they
// may belong where the other side has moved it.
func (m *merge) walkDir(ctx context.Context, dir string, trees [3]plumbing.Hash, moved uint8) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	// A tree of a few kilobytes can name itself so often that no memory holds
	// all of its paths.
	if len(m.entries)+len(m.edits) > maxEdits || len(dir) > maxPath {
		return tooManyChanges(dir)
	}
	changed, kept, err := m.repo.differing(dir, trees)
	if err != nil {
		return err
	}
	if kept {
		m.keep(dir)
	}
	if moved != 0 && moved != allBits {
		for _, c := range changed {
			if (&entry{at: filesOf(c.at)}).files() == moved {
				moved = allBits
				break
			}
		}
	}
	for _, c := range changed {
		if err := m.visit(ctx, dir, c, moved); err != nil {
			return err
		}
	}
	return nil
}

func tooManyChanges(dir string) error {
	return fmt.Errorf("%.100s: more than %d changes, or a path of more than %d bytes", dir, maxEdits, maxPath)
}

func (m *merge) visit(ctx context.Context, dir string, c difference, moved uint8) error {
	p := path.Join(dir, c.name)
	e := &entry{at: filesOf(c.at), same: sameTrees(c.at)}
	e.ours = e.at[inOurs]
	files := e.files()
	for i, l := range c.at {
		if l.mode == filemode.Dir {
			e.dirs |= 1 << i
		}
	}
	if files == allBits && e.same != 0 {
		m.takeOver(p, c.at, whoChanged(e.same))
		return nil
	}
	moved = m.noteDirectory(dir, p, files, e.dirs, moved)
	m.noteFile(p, files, e.same&files, moved)
	m.entries[p] = e
	if e.dirs == 0 {
		return nil
	}
	side := 0
	switch {
	case e.same == baseBit|oursBit:
		side = inTheirs
	case e.same == baseBit|theirsBit:
		side = inOurs
	case files == 0 && (e.dirs == oursBit || e.dirs == theirsBit):
		side = int(e.dirs / 2)
	}
	if names := &m.names[side]; moved != allBits && side != 0 && !names.readAll {
		names.deferred = append(names.deferred, deferredDir{p, c.at, moved})
		return nil
	}
	e.same &= files
	return m.walkDir(ctx, p, subtrees(c.at), moved)
}

// noteDirectory keeps what is gone, and returns moved for what is in p.
func (m *merge) noteDirectory(dir, p string, files, dirs, moved uint8) uint8 {
	if moved != allBits && (dirs == baseBit|oursBit || dirs == baseBit|theirsBit) {
		moved = dirs &^ baseBit
	}
	if dirs&baseBit != 0 && dirs != allBits {
		relevant := forNothing
		if moved == allBits {
			relevant = forAncestors
		}
		for side := inOurs; side <= inTheirs; side++ {
			if dirs&(1<<side) == 0 {
				m.names[side].gone[p] = relevant
			}
		}
	}
	if moved == allBits && (files == oursBit || files == theirsBit) {
		m.names[other(int(files/2))].gone[dir] = forItself
	}
	return moved
}

// noteFile keeps a file that one side deleted or added.
func (m *merge) noteFile(p string, files, same, moved uint8) {
	if files == 0 || files == allBits {
		return
	}
	for side := inOurs; side <= inTheirs; side++ {
		names := &m.names[side]
		switch has := files&(1<<side) != 0; {
		case files&baseBit != 0 && !has:
			names.deleted = append(names.deleted, p)
			if same == 0 {
				names.files[p] = forContent
			} else if moved == allBits {
				names.files[p] = forLocation
			}
		case files&baseBit == 0 && has:
			names.added = append(names.added, p)
		}
	}
}

func other(side int) int { return inOurs + inTheirs - side }

// sameTrees returns the trees in which a path is one and the same.
func sameTrees(at [3]leaf) uint8 {
	switch {
	case !at[inBase].none() && at[inBase] == at[inOurs]:
		return baseBit | oursBit
	case !at[inBase].none() && at[inBase] == at[inTheirs]:
		return baseBit | theirsBit
	case !at[inOurs].none() && at[inOurs] == at[inTheirs]:
		return oursBit | theirsBit
	}
	return 0
}

// whoChanged returns the side that alone differs, or ours if both agree.
func whoChanged(same uint8) int {
	if same == baseBit|oursBit {
		return inTheirs
	}
	return inOurs
}

// takeOver takes what one side made of a path.
func (m *merge) takeOver(p string, at [3]leaf, side int) {
	delete(m.entries, p)
	if at[side] != at[inOurs] {
		m.edits[p] = at[side]
	}
	if !at[side].none() {
		m.keep(dirOf(p))
	}
}

// keep notes that a directory, and what is above it, does not become empty.
func (m *merge) keep(dir string) {
	for ; dir != "" && !m.kept[dir]; dir = dirOf(dir) {
		m.kept[dir] = true
	}
}

// dirOf returns the directory of a path, "" for the root of the tree.
func dirOf(p string) string {
	if dir := path.Dir(p); dir != "." {
		return dir
	}
	return ""
}
