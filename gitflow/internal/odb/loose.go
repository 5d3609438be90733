package odb

import (
	"bufio"
	"compress/zlib"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
)

// loose is an object in a file of its own, open behind its head.
type loose struct {
	file *os.File
	z    io.Reader
	kind plumbing.ObjectType
	size int64
}

func (s *Store) loosePath(h plumbing.Hash) string {
	name := h.String()
	return filepath.Join(s.dir, name[:2], name[2:])
}

// openLoose returns the object, to be closed, or nil if there is none.
func (s *Store) openLoose(h plumbing.Hash) (*loose, error) {
	f, err := os.Open(s.loosePath(h))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	l := &loose{file: f}
	if err := l.readHead(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w object: %w", f.Name(), errMalformed, err), f.Close())
	}
	return l, nil
}

// readHead reads such as "blob 12" and a zero byte.
func (l *loose) readHead() (err error) {
	if l.z, err = zlib.NewReader(bufio.NewReader(l.file)); err != nil {
		return err
	}
	var head []byte
	for one := make([]byte, 1); ; head = append(head, one...) {
		if _, err := io.ReadFull(l.z, one); err != nil {
			return noEOF(err)
		}
		if one[0] == 0 {
			break
		}
		if len(head) == 32 {
			return fmt.Errorf("begins with %q", head)
		}
	}
	kind, size, _ := strings.Cut(string(head), " ")
	if l.kind, err = plumbing.ParseObjectType(kind); err != nil || l.kind.IsDelta() {
		return fmt.Errorf("begins with %q", head)
	}
	l.size, err = strconv.ParseInt(size, 10, 64)
	if err == nil && l.size < 0 {
		err = fmt.Errorf("size %d", l.size)
	}
	return err
}

// all returns the content.
func (l *loose) all() ([]byte, error) {
	if l.size > maxObject {
		return nil, errTooLarge
	}
	info, err := l.file.Stat()
	if err != nil {
		return nil, err
	}
	if l.size > info.Size()*maxRatio {
		return nil, fmt.Errorf("%w: %d bytes cannot come from %d", errMalformed, l.size, info.Size())
	}
	data, err := readSized(l.z, l.size)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", l.file.Name(), err)
	}
	return data, nil
}

// loosePrefix returns the names of loose objects that begin with the bytes.
func (s *Store) loosePrefix(prefix []byte) ([]plumbing.Hash, error) {
	dir := hex.EncodeToString(prefix[:1])
	files, err := os.ReadDir(filepath.Join(s.dir, dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list []plumbing.Hash
	for _, f := range files {
		name := dir + f.Name()
		if plumbing.IsHash(name) && strings.HasPrefix(name, hex.EncodeToString(prefix)) {
			list = append(list, plumbing.NewHash(name))
		}
	}
	return list, nil
}
