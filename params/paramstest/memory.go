package paramstest

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/slsflow/slsflow/params"
)

// Memory is a [params.Versioned] store for tests. It keeps everything in memory,
// secrets too. The zero Memory is empty and ready for use; do not copy it.
type Memory struct {
	// Now says when a param is put. By default it is time.Now.
	Now func() time.Time

	mu   sync.Mutex
	kept map[params.Key][]kept // all versions, the newest last
}

var _ params.Versioned = (*Memory)(nil)

// kept is one version of a param.
type kept struct {
	params.Change
	secret params.Secret
	json   []byte // of a plain value
	gone   bool   // the value is forgotten
}

func (k kept) value() (params.Value, error) {
	if k.Secret {
		return k.secret, nil
	}
	return params.Decode(k.json)
}

// Get returns the value that was last put under k.
func (m *Memory) Get(ctx context.Context, k params.Key) (params.Value, bool, error) {
	v, _, ok, err := m.At(ctx, k, 0)
	return v, ok, err
}

// At returns the value of a version.
func (m *Memory) At(ctx context.Context, k params.Key, version int64) (params.Value, params.Change, bool, error) {
	if err := firstError(ctx.Err(), k.Check()); err != nil {
		return nil, params.Change{}, false, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	all := m.kept[k]
	if version == 0 {
		version = int64(len(all))
	}
	if version < 1 || version > int64(len(all)) || all[version-1].gone {
		return nil, params.Change{}, false, nil
	}
	v, err := all[version-1].value()
	return v, all[version-1].Change, err == nil, err
}

// History returns the changes of k, the newest first.
func (m *Memory) History(ctx context.Context, k params.Key) ([]params.Change, error) {
	if err := firstError(ctx.Err(), k.Check()); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []params.Change
	for _, v := range slices.Backward(m.kept[k]) {
		list = append(list, v.Change)
	}
	return list, nil
}

// Put replaces what is kept under k.
func (m *Memory) Put(ctx context.Context, k params.Key, v params.Value) error {
	if err := firstError(ctx.Err(), k.Check(), params.CheckValue(v)); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	_, err := m.add(k, v, "")
	return err
}

// Delete forgets k.
func (m *Memory) Delete(ctx context.Context, k params.Key) error {
	if err := firstError(ctx.Err(), k.Check()); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.current(k) == 0 {
		return nil
	}
	_, err := m.add(k, nil, "")
	return err
}

// Swap puts or deletes k if its version is e.After.
func (m *Memory) Swap(ctx context.Context, k params.Key, v params.Value, e params.Edit) (params.Change, error) {
	if err := firstError(ctx.Err(), k.Check(), e.Check(v)); err != nil {
		return params.Change{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if now := m.current(k); now != e.After {
		c := &params.Conflict{Key: k, After: e.After}
		if all := m.kept[k]; len(all) > 0 {
			c.Now = all[len(all)-1].Change
		}
		return params.Change{}, c
	}
	return m.add(k, v, e.By)
}

// current returns the version of k, 0 if it is absent.
func (m *Memory) current(k params.Key) int64 {
	all := m.kept[k]
	if len(all) == 0 || all[len(all)-1].Deleted {
		return 0
	}
	return int64(len(all))
}

// add makes the next version, without a value if v is nil.
func (m *Memory) add(k params.Key, v params.Value, by string) (params.Change, error) {
	now := time.Now
	if m.Now != nil {
		now = m.Now
	}
	all := m.kept[k]
	next := kept{Change: params.Change{Version: int64(len(all)) + 1, By: by, Time: now().UTC()}}
	switch v := v.(type) {
	case nil:
		next.Deleted, next.gone = true, true
		for i := range all {
			all[i] = kept{Change: all[i].Change, gone: true}
		}
	case params.Secret:
		next.secret, next.Secret = v, true
	default:
		b, err := params.Encode(v)
		if err != nil {
			return params.Change{}, err
		}
		next.json = b
	}
	if m.kept == nil {
		m.kept = make(map[params.Key][]kept)
	}
	m.kept[k] = append(all, next)
	return next.Change, nil
}

// List returns what is kept for an app and a profile.
func (m *Memory) List(ctx context.Context, app, profile string) ([]params.Entry, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []params.Entry
	for k, all := range m.kept {
		last := all[len(all)-1]
		if k.App == app && k.Profile == profile && !last.Deleted {
			list = append(list, params.Entry{Key: k, Secret: last.Secret, Version: last.Version, Updated: last.Time})
		}
	}
	slices.SortFunc(list, func(a, b params.Entry) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
