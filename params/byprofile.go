package params

import (
	"context"
	"fmt"
	"maps"
	"sync"
)

// ByProfile returns a store in which each profile has a store of its own, such as
// the one of its account. open is called with the name of a profile when it is first
// needed, and again only after an error.
func ByProfile(open func(ctx context.Context, profile string) (Store, error)) Store {
	return &byProfile{open: open, stores: make(map[string]Store)}
}

type byProfile struct {
	open func(context.Context, string) (Store, error)

	mu     sync.Mutex
	stores map[string]Store
}

var _ Batcher = (*byProfile)(nil)

func (b *byProfile) of(ctx context.Context, profile string) (Store, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s, ok := b.stores[profile]; ok {
		return s, nil
	}
	s, err := b.open(ctx, profile)
	if err != nil {
		return nil, fmt.Errorf("params of profile %q: %w", profile, err)
	}
	b.stores[profile] = s
	return s, nil
}

// at returns the store of a key.
func (b *byProfile) at(ctx context.Context, k Key) (Store, error) {
	if err := k.Check(); err != nil {
		return nil, err
	}
	return b.of(ctx, k.Profile)
}

func (b *byProfile) Get(ctx context.Context, k Key) (Value, bool, error) {
	s, err := b.at(ctx, k)
	if err != nil {
		return nil, false, err
	}
	return s.Get(ctx, k)
}

// GetMany asks each store for its keys together.
func (b *byProfile) GetMany(ctx context.Context, keys []Key) (map[Key]Value, error) {
	apart := make(map[string][]Key)
	for _, k := range keys {
		apart[k.Profile] = append(apart[k.Profile], k)
	}
	all := make(map[Key]Value, len(keys))
	for _, list := range apart {
		s, err := b.at(ctx, list[0])
		if err != nil {
			return nil, err
		}
		found, err := GetMany(ctx, s, list)
		if err != nil {
			return nil, err
		}
		maps.Copy(all, found)
	}
	return all, nil
}

func (b *byProfile) Put(ctx context.Context, k Key, v Value) error {
	s, err := b.at(ctx, k)
	if err != nil {
		return err
	}
	return s.Put(ctx, k, v)
}

func (b *byProfile) Delete(ctx context.Context, k Key) error {
	s, err := b.at(ctx, k)
	if err != nil {
		return err
	}
	return s.Delete(ctx, k)
}

func (b *byProfile) List(ctx context.Context, app, profile string) ([]Entry, error) {
	s, err := b.of(ctx, profile)
	if err != nil {
		return nil, err
	}
	return s.List(ctx, app, profile)
}
