package params

import (
	"context"
	"slices"
	"sync"
)

// FromStore returns the params that s keeps for an app and a profile as a
// [Layer]. An empty name is absent. s must not be nil; the layer may be used
// concurrently.
//
// The names are those that will be asked for. If s is a [Batcher], they are
// fetched together when the first is, and kept: use such a layer for one
// deployment. All others are asked for each time.
func FromStore(s Store, app, profile string, names ...string) Layer {
	l := storeLayer{s, app, profile}
	if b, ok := s.(Batcher); ok && len(names) > 0 {
		return &batchLayer{storeLayer: l, batcher: b, names: names}
	}
	return l
}

type storeLayer struct {
	store        Store
	app, profile string
}

func (l storeLayer) key(name string) Key { return Key{App: l.app, Profile: l.profile, Name: name} }

func (l storeLayer) Lookup(ctx context.Context, name string) (Value, bool, error) {
	if name == "" {
		return nil, false, nil
	}
	return l.store.Get(ctx, l.key(name))
}

// batchLayer fetches all of its names with the first that is asked for. An error
// is not kept: the next one who asks tries again.
type batchLayer struct {
	storeLayer
	batcher Batcher
	names   []string

	mu    sync.Mutex
	found map[Key]Value // nil: not fetched yet
}

func (l *batchLayer) Lookup(ctx context.Context, name string) (Value, bool, error) {
	if !slices.Contains(l.names, name) {
		return l.storeLayer.Lookup(ctx, name)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.found == nil {
		keys := make([]Key, 0, len(l.names))
		for _, n := range l.names {
			if k := l.key(n); n != "" && !slices.Contains(keys, k) {
				keys = append(keys, k)
			}
		}
		found, err := l.batcher.GetMany(ctx, keys)
		if err != nil {
			return nil, false, err
		}
		l.found = found
	}
	v, ok := l.found[l.key(name)]
	return v, ok, nil
}
