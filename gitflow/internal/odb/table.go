package odb

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/go-git/go-git/v5/plumbing"
)

const (
	hashSize   = len(plumbing.Hash{})
	fanoutSize = 256 * 4
)

// table is a list of names in a file, in order, with a table of their first bytes
// that is kept in memory.
type table struct {
	file   *file
	fanout [256]uint32 // how many names begin with this byte or a lesser one
	begin  int64       // of the first name
	stride int64       // from one name to the next
}

func (t *table) readFanout(text []byte) error {
	last := uint32(0)
	for i := range t.fanout {
		t.fanout[i] = binary.BigEndian.Uint32(text[4*i:])
		if t.fanout[i] < last {
			return fmt.Errorf("%s: %w: its names are not sorted", t.file.name, errMalformed)
		}
		last = t.fanout[i]
	}
	return nil
}

func (t *table) count() int64 { return int64(t.fanout[255]) }

func (t *table) name(i int64) (h plumbing.Hash, err error) {
	_, err = t.file.ReadAt(h[:], t.begin+i*t.stride)
	return h, err
}

// search returns the number of the first name that does not come before prefix,
// and the number behind the last that begins with the same byte. Names are spread
// evenly, so it looks where the name should be, and by halves if that does not lead
// there. Most searches so read one page.
func (t *table) search(prefix []byte) (first, end int64, err error) {
	if prefix[0] > 0 {
		first = int64(t.fanout[prefix[0]-1])
	}
	end = int64(t.fanout[prefix[0]])
	const guesses = 8
	want := spread(prefix)
	low, above := int64(0), int64(1)<<32 // as spread gives them for the names around
	for try, high := 0, end; first < high; try++ {
		mid := (first + high) / 2
		if try < guesses {
			mid = first + (high-first)*(want-low)/(above-low)
			mid = max(first, min(mid, high-1))
		}
		h, err := t.name(mid)
		if err != nil {
			return 0, 0, err
		}
		if bytes.Compare(h[:], prefix) < 0 {
			first, low = mid+1, min(want, spread(h[:]))
		} else {
			high, above = mid, max(want, spread(h[:]))+1
		}
	}
	return first, end, nil
}

// spread returns what follows the first byte of a name, as a number of 32 bits.
func spread(name []byte) int64 {
	var b [4]byte
	copy(b[:], name[1:])
	return int64(binary.BigEndian.Uint32(b[:]))
}

// number returns which of the names this one is.
func (t *table) number(h plumbing.Hash) (i int64, ok bool, err error) {
	i, end, err := t.search(h[:])
	if err != nil || i == end {
		return 0, false, err
	}
	name, err := t.name(i)
	return i, err == nil && name == h, err
}

// withPrefix returns the names that begin with the bytes.
func (t *table) withPrefix(prefix []byte) ([]plumbing.Hash, error) {
	i, end, err := t.search(prefix)
	if err != nil {
		return nil, err
	}
	var list []plumbing.Hash
	for ; i < end; i++ {
		h, err := t.name(i)
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
