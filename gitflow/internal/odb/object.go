package odb

import (
	"bytes"
	"errors"
	"io"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
)

var errReadOnly = errors.New("an object that was read cannot be changed")

// Object is an object, which nobody may change. It implements
// [plumbing.EncodedObject]. The content of a large blob is not in memory: its
// Reader gives it piece by piece.
type Object struct {
	hash plumbing.Hash
	kind plumbing.ObjectType
	size int64
	data []byte
	from *Store // of what is not in data
}

// NewObject returns an object that is not in a repository. It keeps data.
func NewObject(kind plumbing.ObjectType, data []byte) *Object {
	return &Object{hash: nameOf(kind, data), kind: kind, size: int64(len(data)), data: data}
}

// Hash implements [plumbing.EncodedObject].
func (o *Object) Hash() plumbing.Hash { return o.hash }

// Type implements [plumbing.EncodedObject].
func (o *Object) Type() plumbing.ObjectType { return o.kind }

// Size implements [plumbing.EncodedObject].
func (o *Object) Size() int64 { return o.size }

// Reader implements [plumbing.EncodedObject].
func (o *Object) Reader() (io.ReadCloser, error) {
	if o.from != nil {
		return o.from.stream(o.hash)
	}
	return io.NopCloser(bytes.NewReader(o.data)), nil
}

// Bytes returns the whole content, which nobody may change.
func (o *Object) Bytes() ([]byte, error) {
	if o.from == nil {
		return slices.Clip(o.data), nil
	}
	in, err := o.Reader()
	if err != nil {
		return nil, err
	}
	data, err := readSized(in, o.size)
	return data, errors.Join(err, in.Close())
}

// SetType implements [plumbing.EncodedObject] and does nothing.
func (o *Object) SetType(plumbing.ObjectType) {}

// SetSize implements [plumbing.EncodedObject] and does nothing.
func (o *Object) SetSize(int64) {}

// Writer implements [plumbing.EncodedObject] and fails.
func (o *Object) Writer() (io.WriteCloser, error) { return nil, errReadOnly }
