package gitflow

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// rename is a file that one side renamed.
type rename struct {
	from, to string
	side     int
}

// followRenames brings together what renames took apart: the file that one side
// renamed and the other changed under its old name becomes one entry under the
// new one.
func (m *merge) followRenames(ctx context.Context) error {
	if len(m.names[inOurs].files) == 0 && len(m.names[inTheirs].files) == 0 {
		return nil // nobody needs to know
	}
	var moves [3]*dirMoves
	var list []rename
	for side := inOurs; side <= inTheirs; side++ {
		found, went, err := m.findRenames(ctx, side)
		if err != nil {
			return err
		}
		moves[side] = went
		for from, to := range found {
			list = append(list, rename{from, to, side})
		}
	}
	if m.depth == 0 { // git does not where it merges ancestors
		if err := m.followDirectories(list, moves); err != nil {
			return err
		}
	}
	slices.SortFunc(list, func(a, b rename) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.side, b.side)) })
	for len(list) > 0 {
		one := list[0]
		list = list[1:]
		from, to := m.entries[one.from], m.entries[one.to]
		if from == nil || to == nil || from.settled {
			continue
		}
		if len(list) > 0 && list[0].from == one.from {
			two := list[0]
			list = list[1:]
			if err := m.bothRenamed(one, two); err != nil {
				return err
			}
			continue
		}
		if err := m.oneRenamed(one, from, to); err != nil {
			return err
		}
	}
	return nil
}

// bothRenamed decides about a file that both sides renamed.
func (m *merge) bothRenamed(ours, theirs rename) error {
	from, a, b := m.entries[ours.from], m.entries[ours.to], m.entries[theirs.to]
	if b == nil {
		return nil
	}
	if a == b {
		a.at[inBase], a.from[inBase] = from.at[inBase], ours.from
		from.settled = true
		return nil
	}
	j, err := m.joinLeaves(joining{
		path: ours.from, from: [3]string{ours.from, ours.to, theirs.to},
		at: [3]leaf{from.at[inBase], a.at[inOurs], b.at[inTheirs]}, nested: 1,
	})
	if err != nil {
		return err
	}
	// A file that cannot be joined stays on each side what it is there.
	if j.clean || j.leaf != a.at[inOurs] {
		b.at[inTheirs] = j.leaf
	}
	a.at[inOurs] = j.leaf
	from.disputed, a.disputed, b.disputed = true, true, true
	m.conflictIn(ours.from, ConflictRenameRename, j, fmt.Sprintf("renamed to %s in %s and to %s in %s", ours.to, m.label[inOurs], theirs.to, m.label[inTheirs]))
	return nil
}

// oneRenamed decides about a file that one side renamed.
func (m *merge) oneRenamed(r rename, from, to *entry) error {
	stays := other(r.side) // the side in which the file has its old name
	deleted := from.files() == baseBit
	taken := !to.at[stays].none()
	retyped := !deleted && from.at[stays].isFile() != to.at[r.side].isFile()
	if retyped {
		taken = false
	}
	renameDelete := func() {
		to.disputed = true
		at := [3]leaf{from.at[inBase], to.at[inOurs], to.at[inTheirs]}
		m.conflictIn(r.to, ConflictRenameDelete, joining{at: at}, fmt.Sprintf("renamed from %s in %s, deleted in %s", r.from, m.label[r.side], m.label[stays]))
	}
	switch {
	case taken && deleted:
		renameDelete()
	case taken:
		if err := m.renameOntoOther(r, from, to); err != nil {
			return err
		}
	default:
		to.at[inBase], to.from[inBase] = from.at[inBase], r.from
		switch {
		case retyped:
			from.at[inBase] = leaf{}
			return nil
		case deleted:
			renameDelete()
		default:
			to.at[stays], to.from[stays] = from.at[stays], r.from
		}
	}
	if !retyped {
		from.settled = true
	}
	return nil
}

// renameOntoOther joins a file that was renamed to what is another file on the
// other side. The two are then joined as if they had been added.
func (m *merge) renameOntoOther(r rename, from, to *entry) error {
	j := joining{path: r.from, from: [3]string{r.from, r.from, r.from}, at: from.at, nested: 1}
	j.from[r.side], j.at[r.side] = r.to, to.at[r.side]
	j, err := m.joinLeaves(j)
	if err != nil {
		return err
	}
	if !j.clean {
		m.conflictIn(r.to, ConflictRenameOnto, j, fmt.Sprintf("renamed from %s in %s, changed in both, and another file of this name is in %s", r.from, m.label[r.side], m.label[other(r.side)]))
	}
	to.at[r.side] = j.leaf
	return nil
}
