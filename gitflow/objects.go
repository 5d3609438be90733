package gitflow

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/storage/filesystem"

	"github.com/slsflow/slsflow/gitflow/internal/odb"
)

// objects reads the objects of a repository where they lie, and writes them with
// go-git. It is safe for concurrent use.
type objects struct {
	db    *odb.Store
	dir   string
	extra map[plumbing.Hash]plumbing.EncodedObject // not written; seen by get and size
}

func newObjects(dir string) *objects {
	return &objects{db: odb.New(filepath.Join(dir, "objects")), dir: dir}
}

// writer returns go-git's storage, which is not safe for concurrent use. It is
// never read: it would read the indexes of all packs.
func (o *objects) writer() *filesystem.Storage {
	return filesystem.NewStorage(osfs.New(o.dir), cache.NewObjectLRUDefault())
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
	return &objects{db: o.db, dir: o.dir, extra: extra}
}

// get returns an object of type t, which nobody may change. The error wraps
// ErrNotFound if there is no such object.
func (o *objects) get(t plumbing.ObjectType, h plumbing.Hash) (plumbing.EncodedObject, error) {
	obj, ok := o.extra[h]
	if !ok {
		var err error
		if obj, err = o.db.Get(h); errors.Is(err, plumbing.ErrObjectNotFound) {
			return nil, fmt.Errorf("%v %s %w", t, h, ErrNotFound)
		} else if err != nil {
			return nil, fmt.Errorf("%v %s: %w", t, h, err)
		}
	}
	if t != plumbing.AnyObject && t != obj.Type() {
		return nil, fmt.Errorf("%v %s %w: it is a %v", t, h, ErrNotFound, obj.Type())
	}
	return obj, nil
}

// size returns the length of a blob without reading it.
func (o *objects) size(h plumbing.Hash) (int64, error) {
	if obj, ok := o.extra[h]; ok {
		return obj.Size(), nil
	}
	n, err := o.db.Size(h)
	if err != nil {
		return 0, fmt.Errorf("blob %s: %w", h, err)
	}
	return n, nil
}

// has reports whether the object was there when the list of packs was last
// read, see refresh.
func (o *objects) has(h plumbing.Hash) (bool, error) { return o.db.Has(h) }

// refresh makes the next call read the list of packs again.
func (o *objects) refresh() { o.db.Refresh() }

// put writes one object.
func (o *objects) put(obj plumbing.EncodedObject) error {
	there, err := o.has(obj.Hash())
	if err != nil || there {
		return err
	}
	if _, err := o.writer().SetEncodedObject(obj); err != nil {
		return fmt.Errorf("write %v %s: %w", obj.Type(), obj.Hash(), err)
	}
	return nil
}

// withPrefix returns the names of all objects that begin with the bytes.
func (o *objects) withPrefix(prefix []byte) ([]plumbing.Hash, error) { return o.db.WithPrefix(prefix) }

// blob returns the content of a blob, which nobody may change.
func (o *objects) blob(h plumbing.Hash) ([]byte, error) {
	obj, err := o.get(plumbing.BlobObject, h)
	if err != nil {
		return nil, err
	}
	text, err := bytesOf(obj)
	if err != nil {
		return nil, fmt.Errorf("blob %s: %w", h, err)
	}
	return text, nil
}

// bytesOf returns the content of an object, which nobody may change.
func bytesOf(obj plumbing.EncodedObject) ([]byte, error) {
	if o, ok := obj.(*odb.Object); ok {
		return o.Bytes()
	}
	in, err := obj.Reader()
	if err != nil {
		return nil, err
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

// node returns what of a commit the shape of the history is made of, and the commit
// itself if it had to be read.
func (o *objects) node(ref odb.Ref) (c odb.Commit, text []byte, err error) {
	if obj, ok := o.extra[ref.Hash]; ok {
		if text, err = bytesOf(obj); err == nil {
			c, err = odb.ParseCommit(ref.Hash, text)
		}
	} else {
		c, text, err = o.db.Commit(ref)
	}
	if errors.Is(err, plumbing.ErrObjectNotFound) {
		return odb.Commit{}, nil, fmt.Errorf("commit %s %w", ref.Hash, ErrNotFound)
	}
	if err != nil {
		return odb.Commit{}, nil, fmt.Errorf("commit %s: %w", ref.Hash, err)
	}
	return c, text, nil
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
	text, err := bytesOf(obj)
	if err != nil {
		return nil, fmt.Errorf("tree %s: %w", h, err)
	}
	entries, err := parseTree(text)
	if err != nil {
		return nil, fmt.Errorf("tree %s: %w", h, err)
	}
	return entries, nil
}

// emptyTree is the name of the tree without entries.
func emptyTree() plumbing.Hash { return plumbing.ComputeHash(plumbing.TreeObject, nil) }
