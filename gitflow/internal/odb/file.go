package odb

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"
)

const (
	maxHeld = 64 // files that are open
	holdFor = time.Second
)

// errGone says that a file is not the one any more that was opened first: git
// has packed anew. The list of packs has to be read again.
var errGone = errors.New("was replaced meanwhile")

// file is a file that git never changes, only replaces: a pack, an index, a
// commit-graph. It is read in pages, of which the store keeps some.
type file struct {
	store *Store
	name  string
	info  fs.FileInfo // when it was found
	dated bool        // git does not change its time either, as it does that of a pack
	held  *os.File    // nil while it is not open

	last *page // that was used last, if it still has its key
}

func (s *Store) newFile(name string) (*file, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	return &file{store: s, name: name, info: info, dated: !strings.HasSuffix(name, ".pack")}, nil
}

// open returns the file, or an error that wraps errGone.
func (f *file) open() (*os.File, error) {
	h, err := os.Open(f.name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s %w", f.name, errGone)
	}
	if err != nil {
		return nil, err
	}
	info, err := h.Stat()
	if err == nil && !f.is(info) {
		err = fmt.Errorf("%s %w", f.name, errGone)
	}
	if err != nil {
		return nil, errors.Join(err, h.Close())
	}
	return h, nil
}

// is reports whether info is of the same file.
func (f *file) is(info fs.FileInfo) bool {
	return os.SameFile(info, f.info) && info.Size() == f.size() && (!f.dated || info.ModTime().Equal(f.info.ModTime()))
}

// hold opens a file, until nothing has been read for a while: then all are closed.
// So nobody has to close a store, and git can replace its files on every system.
func (s *Store) hold(f *file) error {
	s.busy = true
	if f.held != nil {
		return nil
	}
	if len(s.held) == maxHeld {
		s.release()
	}
	h, err := f.open()
	if err != nil {
		return err
	}
	f.held, s.held = h, append(s.held, f)
	if s.idle == nil {
		s.idle = time.AfterFunc(s.holdFor, s.releaseIdle)
	}
	return nil
}

func (s *Store) release() {
	for _, f := range s.held {
		_ = f.held.Close() // it was only read
		f.held = nil
	}
	s.held = nil
}

func (s *Store) releaseIdle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy {
		s.busy = false
		s.idle.Reset(s.holdFor)
		return
	}
	s.release()
	s.idle = nil
}

func (f *file) size() int64 { return f.info.Size() }

// page returns the bytes of page n, which is shorter at the end of the file. They
// are good until the next page is read, of any file.
func (f *file) page(n int64) ([]byte, error) {
	key, all := pageKey{f, n}, &f.store.pages
	if f.last == nil || f.last.key != key {
		if f.last = all.get(key); f.last == nil {
			if n < 0 || n*pageSize >= f.size() {
				return nil, fmt.Errorf("%s: %w", f.name, io.ErrUnexpectedEOF)
			}
			if err := f.store.hold(f); err != nil {
				return nil, err
			}
			p := all.room()
			p.text = p.text[:min(pageSize, f.size()-n*pageSize)]
			if _, err := f.held.ReadAt(p.text, n*pageSize); err != nil {
				return nil, fmt.Errorf("%s: %w", f.name, err)
			}
			all.put(key, p)
			f.last = p
		}
	}
	return f.last.text, nil
}

// ReadAt implements [io.ReaderAt].
func (f *file) ReadAt(p []byte, off int64) (int, error) {
	n := 0
	for n < len(p) {
		at := off + int64(n)
		if at >= f.size() {
			return n, io.EOF
		}
		page, err := f.page(at / pageSize)
		if err != nil {
			return n, err
		}
		n += copy(p[n:], page[at%pageSize:])
	}
	return n, nil
}

// cursor reads a file from an offset on.
type cursor struct {
	file *file
	off  int64
	rest []byte // of the page before off
}

// Read implements [io.Reader].
func (c *cursor) Read(p []byte) (int, error) {
	if err := c.fill(); err != nil {
		return 0, err
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// ReadByte implements [io.ByteReader].
func (c *cursor) ReadByte() (byte, error) {
	if len(c.rest) == 0 {
		if err := c.fill(); err != nil {
			return 0, err
		}
	}
	b := c.rest[0]
	c.rest = c.rest[1:]
	return b, nil
}

func (c *cursor) fill() error {
	if len(c.rest) > 0 {
		return nil
	}
	if c.off >= c.file.size() {
		return io.EOF
	}
	page, err := c.file.page(c.off / pageSize)
	if err != nil {
		return err
	}
	c.rest = page[c.off%pageSize:]
	c.off += int64(len(c.rest))
	return nil
}
