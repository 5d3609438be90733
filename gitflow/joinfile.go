package gitflow

import (
	"bytes"
	"fmt"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
)

const (
	maxJoined   = 64 << 20 // bytes of a file that is joined line by line
	maxLines    = 4 << 20  // lines of it
	binaryProbe = 8000     // bytes in which git looks for a NUL
)

// joining is what has become of one file in three trees, and what that gives.
type joining struct {
	path   string    // of the result, by which attributes are looked up
	from   [3]string // where the file was in each tree
	at     [3]leaf   // ours and theirs are of one kind; there may be no base
	nested int       // how often the result may be joined again: markers are as much longer

	leaf    leaf // the result; with conflict markers in it, or one of the sides, if not clean
	clean   bool
	why     string // not by lines
	hunks   []Hunk
	markers string
}

// joinLeaves joins mode and content, each on its own. What it returns for a file
// that cannot be joined is what git has in the tree then, since it may be an
// ancestor of the next merge.
func (m *merge) joinLeaves(j joining) (joining, error) {
	base, ours, theirs := j.at[inBase], j.at[inOurs], j.at[inTheirs]
	j.leaf = ours
	if kindOf(ours) != kindOf(theirs) {
		j.why = ", not alike"
		return j, nil
	}
	j.clean = true
	if ours.mode == theirs.mode || ours.mode == base.mode {
		j.leaf.mode = theirs.mode
	} else if theirs.mode != base.mode {
		j.clean, j.why = false, ", and its mode too"
	}
	switch {
	case ours.hash == theirs.hash, ours.hash == base.hash:
		j.leaf.hash = theirs.hash
		return j, nil
	case theirs.hash == base.hash:
		return j, nil
	}
	if kindOf(base) != kindOf(ours) {
		base = leaf{}
	}
	switch ours.mode {
	case filemode.Submodule:
		j.clean, j.why = false, ", a submodule"
		if m.depth > 0 {
			j.leaf = j.at[inBase]
		}
		return j, nil
	case filemode.Symlink:
		j.clean, j.why = false, ", a symbolic link"
		if m.depth > 0 {
			j.leaf = j.at[inBase]
		}
		return j, nil
	}
	return m.joinTexts(j, base)
}

// joinTexts joins the content of three files; without a base it is what both
// sides have alike that is no conflict.
func (m *merge) joinTexts(j joining, base leaf) (joining, error) {
	driver, size, err := m.attributes.of(j.path)
	if err != nil {
		return j, err
	}
	keep := func(why string) (joining, error) {
		if m.depth > 0 { // git takes the common ancestor, and counts that as joined
			var err error
			j.leaf.hash, err = m.make(base)
			return j, err
		}
		j.clean, j.why = false, why
		return j, nil
	}
	unsure := func(why string) (joining, error) {
		j.clean, j.why = false, why
		if m.depth > 0 {
			m.unsure = append(m.unsure, Conflict{Path: j.path, Kind: ConflictContent, Reason: "in the common ancestors" + why})
		}
		return j, nil
	}
	switch driver {
	case driverText, driverUnion:
	case driverBinary:
		return keep(" (its attributes say that it is merged as binary)")
	default:
		return unsure(fmt.Sprintf(" (its attributes say that it is merged by %s)", driver))
	}
	var texts [3][]byte
	for i, l := range []leaf{base, j.at[inOurs], j.at[inTheirs]} {
		if l.none() {
			continue
		}
		size, err := m.blobSize(l.hash)
		if err != nil {
			return j, err
		}
		if size > maxJoined {
			return unsure(fmt.Sprintf(", too large to be joined: %d MiB, at most %d", size>>20, maxJoined>>20))
		}
		if texts[i], err = m.blob(l.hash); err != nil {
			return j, err
		}
	}
	if isBinary(texts[inBase]) || isBinary(texts[inOurs]) || isBinary(texts[inTheirs]) {
		return keep(", a binary file")
	}
	for _, text := range texts {
		if n := bytes.Count(text, []byte("\n")); n > maxLines {
			return unsure(fmt.Sprintf(", too large to be joined: %d lines, at most %d", n, maxLines))
		}
	}
	joined := joinLines(texts[inBase], texts[inOurs], texts[inTheirs])
	var text []byte
	if driver == driverUnion {
		text = joined.union()
	} else if j.hunks = joined.hunks(); len(j.hunks) > 0 {
		j.clean = false
		ours, theirs := m.label[inOurs], m.label[inTheirs]
		if j.from[inBase] != j.from[inOurs] || j.from[inBase] != j.from[inTheirs] {
			ours, theirs = ours+":"+j.from[inOurs], theirs+":"+j.from[inTheirs]
		}
		text = joined.marked(ours, theirs, size+j.nested+2*m.depth)
		j.markers = string(text)
	} else {
		text = joined.text(nil)
	}
	j.leaf.hash, err = m.makeText(text)
	return j, err
}

// make returns the hash of a file that may be none, and is an empty one then.
func (m *merge) make(l leaf) (plumbing.Hash, error) {
	if l.none() {
		return m.makeText(nil)
	}
	return l.hash, nil
}

// makeText keeps a new file.
func (m *merge) makeText(text []byte) (plumbing.Hash, error) {
	obj := &plumbing.MemoryObject{}
	obj.SetType(plumbing.BlobObject)
	if _, err := obj.Write(text); err != nil {
		return plumbing.ZeroHash, err
	}
	m.made[obj.Hash()] = obj
	return obj.Hash(), nil
}

// blob returns the content of a file, which may be one that was made here.
func (m *merge) blob(h plumbing.Hash) ([]byte, error) {
	if obj, ok := m.made[h]; ok {
		in, err := obj.Reader()
		if err != nil {
			return nil, err
		}
		var text bytes.Buffer
		_, err = text.ReadFrom(in)
		return text.Bytes(), err
	}
	return m.repo.objects.blob(h)
}

func (m *merge) blobSize(h plumbing.Hash) (int64, error) {
	if obj, ok := m.made[h]; ok {
		return obj.Size(), nil
	}
	return m.repo.objects.size(h)
}
