package odb

import (
	"compress/zlib"
	"crypto/sha1"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/go-git/go-git/v5/plumbing"
)

const (
	maxObject   = 512 << 20 // bytes in memory; git stores larger ones whole
	maxRatio    = 1032      // of a deflated stream, by its format
	streamAbove = 4 << 20
)

var errTooLarge = fmt.Errorf("larger than %d MiB, and not stored whole (run `git repack -a -d -f --window=0`)", maxObject>>20)

// inflater inflates one stream after the other.
type inflater struct{ z io.ReadCloser }

// reset begins a stream.
func (i *inflater) reset(in io.Reader) (err error) {
	if i.z == nil {
		i.z, err = zlib.NewReader(in)
		return err
	}
	return i.z.(zlib.Resetter).Reset(in, nil)
}

// all inflates a stream that holds size bytes. left is how many bytes it can take
// at most: a size that they cannot give is not believed.
func (i *inflater) all(in io.Reader, size, left int64) ([]byte, error) {
	if size > maxObject {
		return nil, errTooLarge
	}
	if size > left*maxRatio {
		return nil, fmt.Errorf("%w: %d bytes cannot come from %d", errMalformed, size, left)
	}
	if err := i.reset(in); err != nil {
		return nil, err
	}
	return readSized(i.z, size)
}

// readSized reads all, which must be size bytes.
func readSized(in io.Reader, size int64) ([]byte, error) {
	data := make([]byte, size)
	if _, err := io.ReadFull(in, data); err != nil {
		return nil, noEOF(err)
	}
	return data, atEnd(in)
}

// atEnd checks that nothing more comes; it reads the checksum of the stream, too.
func atEnd(in io.Reader) error {
	var more [1]byte
	switch n, err := io.ReadFull(in, more[:]); {
	case n > 0:
		return fmt.Errorf("%w: longer than it says", errMalformed)
	case !errors.Is(err, io.EOF):
		return err
	}
	return nil
}

func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// nameOf returns the hash over an object.
func nameOf(kind plumbing.ObjectType, data []byte) (h plumbing.Hash) {
	sum := newName(kind, int64(len(data)))
	_, _ = sum.Write(data) // never fails
	sum.Sum(h[:0])
	return h
}

func newName(kind plumbing.ObjectType, size int64) hash.Hash {
	sum := sha1.New()
	_, _ = fmt.Fprintf(sum, "%s %d\x00", kind, size)
	return sum
}

// checked is a stream whose content must have a name; an error comes at its end.
type checked struct {
	in   io.Reader
	want plumbing.Hash
	sum  hash.Hash
	left int64
	file io.Closer
}

func newChecked(in io.Reader, file io.Closer, h plumbing.Hash, kind plumbing.ObjectType, size int64) *checked {
	return &checked{in: in, want: h, sum: newName(kind, size), left: size, file: file}
}

// Read implements [io.Reader].
func (c *checked) Read(p []byte) (int, error) {
	if c.left == 0 {
		if err := atEnd(c.in); err != nil {
			return 0, err
		}
		if got := plumbing.Hash(c.sum.Sum(nil)); got != c.want {
			return 0, errWrongName(c.want, got)
		}
		return 0, io.EOF
	}
	n, err := c.in.Read(p[:min(int64(len(p)), c.left)])
	_, _ = c.sum.Write(p[:n])
	c.left -= int64(n)
	if errors.Is(err, io.EOF) && c.left > 0 {
		return n, io.ErrUnexpectedEOF
	}
	if errors.Is(err, io.EOF) {
		err = nil // what follows is checked by the next call
	}
	return n, err
}

// Close implements [io.Closer].
func (c *checked) Close() error { return c.file.Close() }

func errWrongName(want, got plumbing.Hash) error {
	return fmt.Errorf("%s: %w: its content has the name %s", want, errMalformed, got)
}
