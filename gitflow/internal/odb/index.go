package odb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/go-git/go-git/v5/plumbing"
)

var errMalformed = errors.New("malformed")

// index finds objects in a pack, see gitformat-pack(5).
type index struct {
	table
	v1    bool
	large int64 // how many offsets have 64 bits
}

// openIndex reads the head of an index, and compares the sizes that it tells with
// that of the file: no number of an object points outside.
func openIndex(f *file) (*index, error) {
	x := &index{table: table{file: f, begin: 8 + fanoutSize, stride: int64(hashSize)}}
	var head [8 + fanoutSize]byte
	if _, err := io.ReadFull(io.NewSectionReader(f, 0, f.size()), head[:]); err != nil {
		return nil, fmt.Errorf("%s: %w pack index: %w", f.name, errMalformed, err)
	}
	fanout := head[8:]
	switch {
	case string(head[:4]) != "\xfftOc":
		x.v1, fanout = true, head[:fanoutSize]
		x.begin, x.stride = fanoutSize+4, int64(4+hashSize)
	case binary.BigEndian.Uint32(head[4:]) != 2:
		return nil, fmt.Errorf("%s: pack index of version %d, want 1 or 2", f.name, binary.BigEndian.Uint32(head[4:]))
	}
	if err := x.readFanout(fanout); err != nil {
		return nil, err
	}
	rest := f.size() - int64(2*hashSize)
	if x.v1 {
		rest -= fanoutSize + x.count()*x.stride
	} else {
		rest -= x.offsets() + 4*x.count()
		x.large = rest / 8
	}
	if rest < 0 || x.v1 && rest > 0 || rest%8 != 0 || x.large > x.count() {
		return nil, fmt.Errorf("%s: %w pack index: %d bytes do not fit %d objects", f.name, errMalformed, f.size(), x.count())
	}
	return x, nil
}

// offsets returns where the offsets of a v2 index begin: behind names and checksums.
func (x *index) offsets() int64 { return x.begin + (x.stride+4)*x.count() }

// find returns where in the pack an object is.
func (x *index) find(h plumbing.Hash) (off int64, ok bool, err error) {
	i, ok, err := x.number(h)
	if err != nil || !ok {
		return 0, false, err
	}
	if x.v1 {
		off, err = x.uint(x.begin-4+i*x.stride, 4)
		return off, err == nil, err
	}
	off, err = x.uint(x.offsets()+4*i, 4)
	if err == nil && off > math.MaxInt32 {
		n := off & math.MaxInt32
		if n >= x.large {
			return 0, false, fmt.Errorf("%s: %w pack index: offset %d of %d", x.file.name, errMalformed, n, x.large)
		}
		off, err = x.uint(x.offsets()+4*x.count()+8*n, 8)
	}
	return off, err == nil, err
}

// uint reads a number of some bytes.
func (x *index) uint(at int64, size int) (int64, error) {
	var b [8]byte
	if _, err := x.file.ReadAt(b[8-size:], at); err != nil {
		return 0, err
	}
	u := binary.BigEndian.Uint64(b[:])
	if u > math.MaxInt64 {
		return 0, fmt.Errorf("%s: %w pack index: offset %d", x.file.name, errMalformed, u)
	}
	return int64(u), nil
}

// checksum returns that of the pack, which the index repeats.
func (x *index) checksum() (h plumbing.Hash, err error) {
	_, err = x.file.ReadAt(h[:], x.file.size()-int64(2*hashSize))
	return h, err
}
