// Package odb reads the objects of a git repository where they lie. Nothing is
// read as a whole: of the index of a pack only the pages that a search touches, of
// a pack only the object and what it is a difference to. So the first object of a
// large repository costs as much as that of a small one.
//
// The content of an object is compared with its name, always; what the commit-graph
// says is believed, as git does. Files that are cut off, damaged or
// made to do harm give an error; what another pack has whole is found there.
// A multi-pack-index is not needed: git keeps the indexes that it sums up.
package odb

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
)

// Store reads the objects of one repository. It is safe for concurrent use, closes
// its files a second after the last call, and sees what other processes write and
// pack. Its memory has a limit of some megabytes, beside the objects that it has
// given out.
type Store struct {
	dir string

	mu       sync.Mutex
	packs    []*listed // that which was useful last first
	isListed bool
	pages    pages
	bases    lru[offsetKey, whole]
	inflater inflater
	read     int
	graph    *graph // nil if it was not looked for

	held    []*file // that are open
	holdFor time.Duration
	busy    bool // something was read since idle began
	idle    *time.Timer
}

// listed is an index that was found, and what has been read of it and its pack.
type listed struct {
	file  *file
	index *index
	pack  *pack
}

const basesLimit = 8 << 20 // bytes of objects that are kept

// New returns the store of a directory, such as ".git/objects". It reads nothing.
func New(dir string) *Store {
	s := &Store{dir: dir, holdFor: holdFor}
	s.bases.limit = basesLimit
	return s
}

// Get returns an object. The error wraps [plumbing.ErrObjectNotFound] if there is
// none.
func (s *Store) Get(h plumbing.Hash) (*Object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.get(h)
}

func (s *Store) get(h plumbing.Hash) (*Object, error) {
	s.read++
	obj := &Object{hash: h}
	err := s.find(h, func(p *pack, off int64) error {
		if e, err := p.entry(off); err == nil && e.kind == plumbing.BlobObject && e.size > streamAbove {
			obj.kind, obj.size, obj.from = e.kind, e.size, s
			return nil
		}
		w, err := p.read(off)
		obj.kind, obj.size, obj.data = w.kind, int64(len(w.data)), w.data
		return err
	}, func(l *loose) (err error) {
		defer l.file.Close()
		obj.kind, obj.size = l.kind, l.size
		if l.kind == plumbing.BlobObject && l.size > streamAbove {
			obj.from = s
			return nil
		}
		obj.data, err = l.all()
		return err
	})
	if err != nil {
		return nil, err
	}
	if obj.from == nil {
		if got := nameOf(obj.kind, obj.data); got != h {
			return nil, errWrongName(h, got)
		}
	}
	return obj, nil
}

// Size returns the size of an object without reading it.
func (s *Store) Size(h plumbing.Hash) (size int64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	err = s.find(h, func(p *pack, off int64) (err error) {
		size, err = p.size(off)
		return err
	}, func(l *loose) error {
		size = l.size
		return l.file.Close()
	})
	return size, err
}

// Has reports whether an object is there. It does not look for packs that came
// after the last call that did, see [Store.Refresh].
func (s *Store) Has(h plumbing.Hash) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.listOnce(); err != nil {
		return false, err
	}
	err := s.lookup(h, func(*pack, int64) error { return nil }, func(l *loose) error { return l.file.Close() })
	if errors.Is(err, plumbing.ErrObjectNotFound) {
		return false, nil
	}
	return err == nil, err
}

// Refresh makes the next call look for new packs.
func (s *Store) Refresh() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.isListed = false
}

// WithPrefix returns the names of all objects that begin with the bytes, of which
// there must be one at least, in order.
func (s *Store) WithPrefix(prefix []byte) ([]plumbing.Hash, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []plumbing.Hash
	err := s.again(func() error {
		list, err := s.loosePrefix(prefix)
		all = list
		for _, l := range s.packs {
			var more []plumbing.Hash
			if err == nil {
				err = l.open()
			}
			if err == nil {
				more, err = l.index.withPrefix(prefix)
			}
			all = append(all, more...)
		}
		return err
	})
	slices.SortFunc(all, func(a, b plumbing.Hash) int { return bytes.Compare(a[:], b[:]) })
	return slices.Compact(all), err
}

// Objects returns how many objects have been read, of this store and ever.
func (s *Store) Objects() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.read
}

// stream opens an object to read it piece by piece.
func (s *Store) stream(h plumbing.Hash) (in io.ReadCloser, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	err = s.find(h, func(p *pack, off int64) (err error) {
		in, err = p.stream(off, h)
		return err
	}, func(l *loose) error {
		in = newChecked(l.z, l.file, h, l.kind, l.size)
		return nil
	})
	return in, err
}

// find looks for an object and gives it to the function for it: of a pack, or for
// a loose one.
func (s *Store) find(h plumbing.Hash, packed func(*pack, int64) error, single func(*loose) error) error {
	return s.again(func() error { return s.lookup(h, packed, single) })
}

// lookup goes through the packs that are known, then asks for a loose object. If
// the function fails, the next copy is tried.
func (s *Store) lookup(h plumbing.Hash, packed func(*pack, int64) error, single func(*loose) error) error {
	var bad []error
	for i, l := range s.packs {
		off, ok, err := l.find(h)
		if err == nil && !ok {
			continue
		}
		if err == nil {
			err = packed(l.pack, off)
		}
		if err == nil {
			copy(s.packs[1:i+1], s.packs[:i])
			s.packs[0] = l
			return nil
		}
		bad = append(bad, err)
	}
	l, err := s.openLoose(h)
	switch {
	case l != nil:
		err = single(l)
	case err == nil && len(bad) == 0:
		err = plumbing.ErrObjectNotFound
	case err == nil:
		return errors.Join(bad...) // damaged is not absent
	}
	if err != nil {
		return errors.Join(append(bad, err)...)
	}
	return nil
}

// again calls f, which needs the list of packs, and once more as long as it fails
// and the packs are others than before.
func (s *Store) again(f func() error) error {
	if err := s.listOnce(); err != nil {
		return err
	}
	for {
		err := f()
		if err == nil {
			return nil
		}
		changed, listErr := s.list()
		if listErr != nil || !changed {
			return errors.Join(err, listErr)
		}
	}
}

func (s *Store) listOnce() error {
	if s.isListed {
		return nil
	}
	_, err := s.list()
	s.isListed = err == nil
	return err
}

// list reads which packs there are, the newest first.
func (s *Store) list() (changed bool, err error) {
	dir := filepath.Join(s.dir, "pack")
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	known := map[string]*listed{}
	for _, l := range s.packs {
		known[l.file.name] = l
	}
	var packs []*listed
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") || !strings.HasSuffix(e.Name(), ".idx") {
			continue
		}
		f, err := s.newFile(filepath.Join(dir, e.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return false, err
		}
		l := known[f.name]
		if l == nil || !l.file.is(f.info) {
			l, changed = &listed{file: f}, true
		}
		packs = append(packs, l)
	}
	changed = changed || len(packs) != len(s.packs)
	slices.SortStableFunc(packs, func(a, b *listed) int { return b.file.info.ModTime().Compare(a.file.info.ModTime()) })
	s.packs = packs
	if changed {
		s.graph = nil
	}
	return changed, nil
}

func (l *listed) open() (err error) {
	if l.index == nil {
		l.index, err = openIndex(l.file)
	}
	return err
}

// find returns where in the pack an object is, and has opened the pack then.
func (l *listed) find(h plumbing.Hash) (off int64, ok bool, err error) {
	if err = l.open(); err != nil {
		return 0, false, err
	}
	if off, ok, err = l.index.find(h); ok && l.pack == nil {
		l.pack, err = openPack(strings.TrimSuffix(l.file.name, ".idx")+".pack", l.index)
	}
	return off, ok, err
}
