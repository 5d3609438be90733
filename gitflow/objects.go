package gitflow

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"sync"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/storage/filesystem"
)

// objects reads and writes the objects of a repository. go-git's storage keeps
// the list of packs it saw first and is not safe for concurrent use: this type
// reads the list again when an object is missing, and serialises the calls.
type objects struct {
	mu    *sync.Mutex
	store *filesystem.Storage
	extra map[plumbing.Hash]plumbing.EncodedObject // not written; seen by get and size
}

func newObjects(dir string) *objects {
	return &objects{
		mu:    &sync.Mutex{},
		store: filesystem.NewStorage(osfs.New(dir), cache.NewObjectLRUDefault()),
	}
}

// with returns the same objects and some more, which are not written.
func (o *objects) with(more []plumbing.EncodedObject) *objects {
	extra := maps.Clone(o.extra)
	if extra == nil {
		extra = map[plumbing.Hash]plumbing.EncodedObject{}
	}
	for _, obj := range more {
		extra[obj.Hash()] = obj
	}
	return &objects{mu: o.mu, store: o.store, extra: extra}
}

// get returns an object of type t, which nobody may change. The error wraps
// ErrNotFound if there is no such object.
func (o *objects) get(t plumbing.ObjectType, h plumbing.Hash) (plumbing.EncodedObject, error) {
	if obj, ok := o.extra[h]; ok && (t == plumbing.AnyObject || t == obj.Type()) {
		return obj, nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	obj, err := o.store.EncodedObject(t, h)
	if err != nil {
		o.store.Reindex() // another process may have packed it, or fetched it
		obj, err = o.store.EncodedObject(t, h)
	}
	if errors.Is(err, plumbing.ErrObjectNotFound) {
		return nil, fmt.Errorf("%v %s %w", t, h, ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("%v %s: %w", t, h, err)
	}
	return obj, nil
}

// size returns the length of a blob without reading it.
func (o *objects) size(h plumbing.Hash) (int64, error) {
	if obj, ok := o.extra[h]; ok {
		return obj.Size(), nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	n, err := o.store.EncodedObjectSize(h)
	if err != nil {
		o.store.Reindex()
		n, err = o.store.EncodedObjectSize(h)
	}
	if err != nil {
		return 0, fmt.Errorf("blob %s: %w", h, err)
	}
	return n, nil
}

// has reports whether the object was there when the list of packs was last
// read, see refresh.
func (o *objects) has(h plumbing.Hash) (bool, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	err := o.store.HasEncodedObject(h)
	if errors.Is(err, plumbing.ErrObjectNotFound) {
		return false, nil
	}
	return err == nil, err
}

// refresh makes the next call read the list of packs again.
func (o *objects) refresh() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.store.Reindex()
}

// put writes one object.
func (o *objects) put(obj plumbing.EncodedObject) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.store.HasEncodedObject(obj.Hash()) == nil {
		return nil
	}
	if _, err := o.store.SetEncodedObject(obj); err != nil {
		return fmt.Errorf("write %v %s: %w", obj.Type(), obj.Hash(), err)
	}
	return nil
}

// withPrefix returns the names of all objects that begin with the bytes.
func (o *objects) withPrefix(prefix []byte) ([]plumbing.Hash, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.store.Reindex()
	return o.store.HashesWithPrefix(prefix)
}

// blob returns the content of a blob.
func (o *objects) blob(h plumbing.Hash) ([]byte, error) {
	obj, err := o.get(plumbing.BlobObject, h)
	if err != nil {
		return nil, err
	}
	in, err := obj.Reader()
	if err != nil {
		return nil, fmt.Errorf("blob %s: %w", h, err)
	}
	text, err := io.ReadAll(in)
	return text, errors.Join(err, in.Close())
}

// commit returns a commit, decoded.
func (o *objects) commit(h plumbing.Hash) (*object.Commit, error) {
	obj, err := o.get(plumbing.CommitObject, h)
	if err != nil {
		return nil, err
	}
	c := &object.Commit{}
	if err := c.Decode(obj); err != nil {
		return nil, fmt.Errorf("commit %s: %w", h, err)
	}
	return c, nil
}

// tree returns the entries of a tree in the order in which they are kept. The
// empty tree is always there, as in git.
func (o *objects) tree(h plumbing.Hash) ([]object.TreeEntry, error) {
	if h == emptyTree() {
		return nil, nil
	}
	obj, err := o.get(plumbing.TreeObject, h)
	if err != nil {
		return nil, err
	}
	t := &object.Tree{}
	if err := t.Decode(obj); err != nil {
		return nil, fmt.Errorf("tree %s: %w", h, err)
	}
	return t.Entries, nil
}

// emptyTree is the name of the tree without entries.
func emptyTree() plumbing.Hash { return plumbing.ComputeHash(plumbing.TreeObject, nil) }
