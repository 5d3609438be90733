package odb

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
)

const (
	maxChain   = 4096 // deltas that one object may take; git makes fewer
	packHeader = 12
)

// pack is a pack and its index.
type pack struct {
	file  *file
	index *index
}

type offsetKey struct {
	pack *pack
	off  int64
}

// whole is an object that is not a difference to another one.
type whole struct {
	kind plumbing.ObjectType
	data []byte
}

// openPack opens the pack of an index. Both must have been made together.
func openPack(name string, x *index) (*pack, error) {
	f, err := x.file.store.newFile(name)
	if err != nil {
		return nil, err
	}
	p := &pack{file: f, index: x}
	var head [packHeader]byte
	if _, err := io.ReadFull(io.NewSectionReader(f, 0, f.size()), head[:]); err != nil {
		return nil, fmt.Errorf("%s: %w pack: %w", name, errMalformed, err)
	}
	version, count := binary.BigEndian.Uint32(head[4:]), binary.BigEndian.Uint32(head[8:])
	if string(head[:4]) != "PACK" || version != 2 && version != 3 {
		return nil, fmt.Errorf("%s: %w pack: begins with %q", name, errMalformed, head[:8])
	}
	want, err := x.checksum()
	if err != nil {
		return nil, err
	}
	var got plumbing.Hash
	if _, err := f.ReadAt(got[:], p.end()); err != nil {
		return nil, fmt.Errorf("%s: %w pack: %w", name, errMalformed, err)
	}
	if int64(count) != x.count() || got != want {
		return nil, fmt.Errorf("%s: %w: it is not the pack of its index (run `git fsck`)", name, errMalformed)
	}
	return p, nil
}

// end returns where the checksum of the pack begins.
func (p *pack) end() int64 { return p.file.size() - int64(hashSize) }

// entry is the head of an object in a pack.
type entry struct {
	off  int64
	kind plumbing.ObjectType
	size int64 // of what is deflated: the object, or the delta
	data int64 // where that is
	base int64 // of a delta: where the object is that it changes
}

func (e entry) isDelta() bool { return e.kind.IsDelta() }

func (p *pack) malformed(off int64, format string, args ...any) error {
	return fmt.Errorf("%s: %w object at offset %d: %w", p.file.name, errMalformed, off, fmt.Errorf(format, args...))
}

// entry reads the head of the object at an offset.
func (p *pack) entry(off int64) (entry, error) {
	if off < packHeader || off >= p.end() {
		return entry{}, p.malformed(off, "outside of the pack")
	}
	var buf [10 + 10 + hashSize]byte // two numbers of 64 bits and a name at most
	n, err := p.file.ReadAt(buf[:min(int64(len(buf)), p.end()-off)], off)
	if err != nil {
		return entry{}, err
	}
	head := buf[:n]
	e := entry{off: off, kind: plumbing.ObjectType(head[0] >> 4 & 7)}
	// The first four bits of the size stand beside the kind.
	more, used := uint64(0), 1
	if head[0] >= 0x80 {
		if more, used = binary.Uvarint(head[1:]); used <= 0 || more >= 1<<58 {
			return entry{}, p.malformed(off, "its size")
		}
		used++
	}
	e.size = int64(more<<4 | uint64(head[0]&15))
	head = head[used:]
	switch e.kind {
	case plumbing.CommitObject, plumbing.TreeObject, plumbing.BlobObject, plumbing.TagObject:
	case plumbing.OFSDeltaObject:
		back, n := distance(head)
		if n == 0 || back <= 0 || back > off-packHeader {
			return entry{}, p.malformed(off, "its base")
		}
		e.base = off - back
		used += n
	case plumbing.REFDeltaObject:
		if len(head) < hashSize {
			return entry{}, p.malformed(off, "cut off")
		}
		base, ok, err := p.index.find(plumbing.Hash(head[:hashSize]))
		if err != nil {
			return entry{}, err
		}
		if !ok {
			return entry{}, p.malformed(off, "its base is not in the pack")
		}
		e.base = base
		used += hashSize
	default:
		return entry{}, p.malformed(off, "kind %d", e.kind)
	}
	e.data = off + int64(used)
	return e, nil
}

// distance reads how far the base of a delta is before it.
func distance(b []byte) (back int64, n int) {
	for i, c := range b {
		if i > 0 {
			back++
		}
		if back > math.MaxInt64>>8 {
			return 0, 0
		}
		back = back<<7 | int64(c&0x7f)
		if c < 0x80 {
			return back, i + 1
		}
	}
	return 0, 0
}

// inflate returns the object or the delta whose head is e.
func (p *pack) inflate(e entry) ([]byte, error) {
	data, err := p.file.store.inflater.all(&cursor{file: p.file, off: e.data}, e.size, p.end()-e.data)
	if err != nil {
		return nil, p.malformed(e.off, "%w", err)
	}
	return data, nil
}

// read returns the object at an offset.
func (p *pack) read(off int64) (whole, error) {
	bases := &p.file.store.bases
	var chain []entry // of deltas, that of the object first
	at := off
	obj, ok := bases.get(offsetKey{p, at})
	for !ok {
		e, err := p.entry(at)
		if err != nil {
			return whole{}, err
		}
		if !e.isDelta() {
			if obj.data, err = p.inflate(e); err != nil {
				return whole{}, err
			}
			obj.kind = e.kind
			bases.put(offsetKey{p, at}, obj, len(obj.data))
			break
		}
		if len(chain) == maxChain {
			return whole{}, p.malformed(off, "more than %d deltas, or deltas in a circle", maxChain)
		}
		chain = append(chain, e)
		at = e.base
		obj, ok = bases.get(offsetKey{p, at})
	}
	for _, e := range slices.Backward(chain) {
		delta, err := p.inflate(e)
		if err != nil {
			return whole{}, err
		}
		if obj.data, err = patch(obj.data, delta); err != nil {
			return whole{}, p.malformed(e.off, "%w", err)
		}
		bases.put(offsetKey{p, e.off}, obj, len(obj.data))
	}
	return obj, nil
}

// size returns the size of the object at an offset. It reads no content.
func (p *pack) size(off int64) (int64, error) {
	e, err := p.entry(off)
	if err != nil || !e.isDelta() {
		return e.size, err
	}
	z := &p.file.store.inflater
	if err := z.reset(&cursor{file: p.file, off: e.data}); err != nil {
		return 0, p.malformed(off, "%w", err)
	}
	var head [20]byte // two numbers
	n, err := io.ReadFull(z.z, head[:min(int64(len(head)), e.size)])
	if err != nil {
		return 0, p.malformed(off, "%w", noEOF(err))
	}
	_, size, _, err := deltaHead(head[:n])
	if err != nil {
		return 0, p.malformed(off, "%w", err)
	}
	return size, nil
}

// stream returns the content of the object at an offset, piece by piece if it is
// stored whole.
func (p *pack) stream(off int64, h plumbing.Hash) (io.ReadCloser, error) {
	e, err := p.entry(off)
	if err != nil {
		return nil, err
	}
	if e.isDelta() {
		w, err := p.read(off)
		return io.NopCloser(bytes.NewReader(w.data)), err
	}
	f, err := p.file.open()
	if err != nil {
		return nil, err
	}
	z, err := zlib.NewReader(bufio.NewReader(io.NewSectionReader(f, e.data, p.end()-e.data)))
	if err != nil {
		return nil, errors.Join(p.malformed(off, "%w", err), f.Close())
	}
	return newChecked(z, f, h, e.kind, e.size), nil
}
