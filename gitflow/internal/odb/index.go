package odb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/go-git/go-git/v5/plumbing"
)

var errMalformed = errors.New("malformed")

const (
	hashSize   = len(plumbing.Hash{})
	fanoutSize = 256 * 4
)

// index finds objects in a pack. It keeps the table of first bytes in memory, and
// reads the rest where it lies. See gitformat-pack(5).
type index struct {
	file   *file
	fanout [256]uint32 // how many names begin with this byte or a lesser one
	v1     bool
	large  int64 // how many offsets have 64 bits
}

// openIndex reads the head of an index, and compares the sizes that it tells with
// that of the file: no later offset points outside.
func openIndex(f *file) (*index, error) {
	x := &index{file: f}
	var head [8 + fanoutSize]byte
	if _, err := io.ReadFull(io.NewSectionReader(f, 0, f.size()), head[:]); err != nil {
		return nil, fmt.Errorf("%s: %w pack index: %w", f.name, errMalformed, err)
	}
	table := head[8:]
	switch {
	case string(head[:4]) != "\xfftOc":
		x.v1, table = true, head[:fanoutSize]
	case binary.BigEndian.Uint32(head[4:]) != 2:
		return nil, fmt.Errorf("%s: pack index of version %d, want 1 or 2", f.name, binary.BigEndian.Uint32(head[4:]))
	}
	last := uint32(0)
	for i := range x.fanout {
		x.fanout[i] = binary.BigEndian.Uint32(table[4*i:])
		if x.fanout[i] < last {
			return nil, fmt.Errorf("%s: %w pack index: its names are not sorted", f.name, errMalformed)
		}
		last = x.fanout[i]
	}
	rest := f.size() - x.at(x.count()) - int64(2*hashSize)
	if !x.v1 {
		rest -= 8 * x.count() // checksums and offsets
		x.large = rest / 8
	}
	if rest < 0 || x.v1 && rest > 0 || rest%8 != 0 || x.large > x.count() {
		return nil, fmt.Errorf("%s: %w pack index: %d bytes do not fit %d objects", f.name, errMalformed, f.size(), x.count())
	}
	return x, nil
}

func (x *index) count() int64 { return int64(x.fanout[255]) }

// at returns where the entry of object i begins; in a v2 index, its name.
func (x *index) at(i int64) int64 {
	if x.v1 {
		return fanoutSize + i*int64(4+hashSize)
	}
	return 8 + fanoutSize + i*int64(hashSize)
}

func (x *index) name(i int64) (h plumbing.Hash, err error) {
	off := x.at(i)
	if x.v1 {
		off += 4
	}
	_, err = x.file.ReadAt(h[:], off)
	return h, err
}

func (x *index) uint32(off int64) (uint32, error) {
	var b [4]byte
	_, err := x.file.ReadAt(b[:], off)
	return binary.BigEndian.Uint32(b[:]), err
}

// offset returns where in the pack object i is.
func (x *index) offset(i int64) (int64, error) {
	if x.v1 {
		off, err := x.uint32(x.at(i))
		return int64(off), err
	}
	offsets := x.at(x.count()) + 4*x.count() // behind names and checksums
	off, err := x.uint32(offsets + 4*i)
	if err != nil || off <= math.MaxInt32 {
		return int64(off), err
	}
	n := int64(off & math.MaxInt32)
	var b [8]byte
	if n >= x.large {
		return 0, fmt.Errorf("%s: %w pack index: offset %d of %d", x.file.name, errMalformed, n, x.large)
	}
	if _, err := x.file.ReadAt(b[:], offsets+4*x.count()+8*n); err != nil {
		return 0, err
	}
	far := binary.BigEndian.Uint64(b[:])
	if far > math.MaxInt64 {
		return 0, fmt.Errorf("%s: %w pack index: offset %d", x.file.name, errMalformed, far)
	}
	return int64(far), nil
}

// search returns the number of the first object whose name does not come before
// prefix, and the number behind the last that begins with the same byte.
func (x *index) search(prefix []byte) (first, end int64, err error) {
	if prefix[0] > 0 {
		first = int64(x.fanout[prefix[0]-1])
	}
	end = int64(x.fanout[prefix[0]])
	for high := end; first < high; {
		mid := (first + high) / 2
		h, err := x.name(mid)
		if err != nil {
			return 0, 0, err
		}
		if bytes.Compare(h[:], prefix) < 0 {
			first = mid + 1
		} else {
			high = mid
		}
	}
	return first, end, nil
}

// find returns where in the pack an object is.
func (x *index) find(h plumbing.Hash) (off int64, ok bool, err error) {
	i, end, err := x.search(h[:])
	if err != nil || i == end {
		return 0, false, err
	}
	name, err := x.name(i)
	if err != nil || name != h {
		return 0, false, err
	}
	off, err = x.offset(i)
	return off, err == nil, err
}

// withPrefix returns the names that begin with the bytes.
func (x *index) withPrefix(prefix []byte) ([]plumbing.Hash, error) {
	i, end, err := x.search(prefix)
	if err != nil {
		return nil, err
	}
	var list []plumbing.Hash
	for ; i < end; i++ {
		h, err := x.name(i)
		if err != nil {
			return nil, err
		}
		if !bytes.HasPrefix(h[:], prefix) {
			break
		}
		list = append(list, h)
	}
	return list, nil
}

// checksum returns that of the pack, which the index repeats.
func (x *index) checksum() (h plumbing.Hash, err error) {
	_, err = x.file.ReadAt(h[:], x.file.size()-int64(2*hashSize))
	return h, err
}
