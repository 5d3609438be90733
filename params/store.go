package params

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrInvalid is wrapped by the error about a [Key] or a [Value] that no [Store]
// keeps.
var ErrInvalid = errors.New("invalid param")

// Key names a param of a [Store]. Keys are comparable.
type Key struct {
	App     string `json:"app"`
	Profile string `json:"profile"`
	// Name is flat: a dot in it has no meaning.
	Name string `json:"name"`
}

// String returns "app/profile/name", for people: it cannot be parsed.
func (k Key) String() string { return k.App + "/" + k.Profile + "/" + k.Name }

// Check returns an error that wraps [ErrInvalid] if a part of k is empty, or is
// not UTF-8, or holds a control character.
func (k Key) Check() error {
	for _, part := range []struct{ what, text string }{{"app", k.App}, {"profile", k.Profile}, {"name", k.Name}} {
		switch {
		case part.text == "":
			return fmt.Errorf("%w %q: no %s", ErrInvalid, k, part.what)
		case !isText(part.text):
			return fmt.Errorf("%w %q: %s is not plain text", ErrInvalid, k, part.what)
		}
	}
	return nil
}

// Store keeps the params of apps and profiles. One that also keeps what they were
// before is a [Versioned]. It is safe for concurrent use,
// by several processes too. What it returns belongs to the caller, and so does
// what it was given. Each call returns soon after its ctx is done.
type Store interface {
	// Get returns the value that was last put under k, with its type: a Secret
	// comes back as a Secret. An absent one is no error; a store that cannot
	// tell returns an error, never absent.
	Get(ctx context.Context, k Key) (Value, bool, error)
	// Put replaces what is kept under k. It keeps a Secret encrypted, whatever
	// the bytes of its text; other values are plain, see [CheckValue]. The error
	// wraps [ErrInvalid] if k or v cannot be kept.
	Put(ctx context.Context, k Key, v Value) error
	// Delete forgets k. That it is absent is no error.
	Delete(ctx context.Context, k Key) error
	// List returns what is kept for an app and a profile, in the order of names,
	// and no values. None is no error.
	List(ctx context.Context, app, profile string) ([]Entry, error)
}

// Entry is a param without its value.
type Entry struct {
	Key
	Secret bool `json:"secret"`
	// Version counts the changes of a param in a [Versioned] store, from 1. In
	// others it is 0.
	Version int64 `json:"version,omitempty"`
	// Updated is when it was last put, in UTC.
	Updated time.Time `json:"updated"`
}

// Batcher is a [Store] that gets many params in fewer calls than one for each.
type Batcher interface {
	// GetMany returns the values of those keys that are there. It promises what
	// Get does for each of them; an error is about all.
	GetMany(ctx context.Context, keys []Key) (map[Key]Value, error)
}

// GetMany returns the values of those keys that s has: together if s is a
// [Batcher], else one by one.
func GetMany(ctx context.Context, s Store, keys []Key) (map[Key]Value, error) {
	if b, ok := s.(Batcher); ok {
		return b.GetMany(ctx, keys)
	}
	found := make(map[Key]Value, len(keys))
	for _, k := range keys {
		v, ok, err := s.Get(ctx, k)
		if err != nil {
			return nil, err
		}
		if ok {
			found[k] = v
		}
	}
	return found, nil
}
