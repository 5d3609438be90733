package params

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
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
		case !utf8.ValidString(part.text) || strings.ContainsFunc(part.text, func(r rune) bool { return r < ' ' || r == 0x7f }):
			return fmt.Errorf("%w %q: %s is not plain text", ErrInvalid, k, part.what)
		}
	}
	return nil
}

// Store keeps the params of apps and profiles. It is safe for concurrent use,
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
	// Updated is when it was last put, in UTC.
	Updated time.Time `json:"updated"`
}

// FromStore returns the params that s keeps for an app and a profile as a
// [Layer]. An empty name is absent. s must not be nil; the layer may be used
// concurrently.
func FromStore(s Store, app, profile string) Layer {
	return storeLayer{s, app, profile}
}

type storeLayer struct {
	store        Store
	app, profile string
}

func (l storeLayer) Lookup(ctx context.Context, name string) (Value, bool, error) {
	if name == "" {
		return nil, false, nil
	}
	return l.store.Get(ctx, Key{App: l.app, Profile: l.profile, Name: name})
}
