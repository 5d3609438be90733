package gitflow

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/go-git/go-git/v5/plumbing"
)

const (
	maxJoined   = 64 << 20 // bytes of a file that is joined line by line
	binaryProbe = 8000     // bytes in which git looks for a NUL
)

// joinLeaves joins what both sides made of one file: mode and content on their
// own. It returns the zero leaf, and has kept the conflict, if that cannot be.
func (m *merge) joinLeaves(p string, base, ours, theirs leaf) (leaf, error) {
	if !base.isFile() || !ours.isFile() || !theirs.isFile() {
		m.conflict(p, ConflictContent, "changed in %s and in %s", m.us, m.them)
		return leaf{}, nil
	}
	mode, ok := joinOne(base.mode, ours.mode, theirs.mode)
	if !ok {
		m.conflict(p, ConflictContent, "its mode was changed in %s and in %s", m.us, m.them)
		return leaf{}, nil
	}
	if hash, ok := joinOne(base.hash, ours.hash, theirs.hash); ok {
		return leaf{mode, hash}, nil
	}
	joined, text, why, err := m.joinText(p, base, ours, theirs)
	if err != nil {
		return leaf{}, err
	}
	if why != "" {
		m.conflict(p, ConflictContent, "changed in %s and in %s%s", m.us, m.them, why)
		return leaf{}, nil
	}
	if text == nil {
		if hunks := joined.hunks(); len(hunks) > 0 {
			m.conflict(p, ConflictContent, "changed in %s and in %s", m.us, m.them)
			m.addHunks(joined, hunks)
			return leaf{}, nil
		}
		text = joined.text(nil)
	}
	obj := &plumbing.MemoryObject{}
	obj.SetType(plumbing.BlobObject)
	if _, err := obj.Write(text); err != nil {
		return leaf{}, fmt.Errorf("%s: %w", p, err)
	}
	m.made = append(m.made, obj)
	return leaf{mode, obj.Hash()}, nil
}

// joinAdded keeps the conflict of a path that both sides added.
func (m *merge) joinAdded(p string, ours, theirs leaf) error {
	m.conflict(p, ConflictAdd, "added in %s and in %s, not alike", m.us, m.them)
	if !ours.isFile() || !theirs.isFile() {
		return nil
	}
	joined, _, why, err := m.joinText(p, leaf{}, ours, theirs)
	if err == nil && why == "" && joined != nil {
		m.addHunks(joined, joined.hunks())
	}
	return err
}

// addHunks adds to the last conflict.
func (m *merge) addHunks(joined *lineMerge, hunks []Hunk) {
	if len(hunks) == 0 {
		return
	}
	c := &m.conflicts[len(m.conflicts)-1]
	c.Hunks, c.Markers = hunks, string(joined.marked(m.us, m.them))
}

// joinText joins the content of three files; a zero base is an empty one. A text
// that is not nil is the result already; why is not "" if it cannot be joined by
// lines.
func (m *merge) joinText(p string, base, ours, theirs leaf) (joined *lineMerge, text []byte, why string, err error) {
	driver, err := m.repo.mergeDriver(p)
	if err != nil {
		return nil, nil, "", err
	}
	if driver != driverText && driver != driverUnion {
		return nil, nil, fmt.Sprintf(" (info/attributes says that it is merged as %s)", driver), nil
	}
	var texts [3][]byte
	for i, l := range []leaf{base, ours, theirs} {
		if l.none() {
			continue
		}
		size, err := m.repo.objects.size(l.hash)
		if err != nil {
			return nil, nil, "", err
		}
		if size > maxJoined {
			return nil, nil, fmt.Sprintf(", too large to be joined: %d MiB, at most %d", size>>20, maxJoined>>20), nil
		}
		if texts[i], err = m.repo.objects.blob(l.hash); err != nil {
			return nil, nil, "", err
		}
		if bytes.IndexByte(texts[i][:min(len(texts[i]), binaryProbe)], 0) >= 0 {
			return nil, nil, ", a binary file", nil
		}
	}
	joined, err = joinLines(texts[0], texts[1], texts[2])
	if errors.Is(err, errTooAlike) {
		return nil, nil, ": " + err.Error(), nil
	}
	if err == nil && driver == driverUnion {
		text = append([]byte{}, joined.union()...)
	}
	return joined, text, "", err
}
