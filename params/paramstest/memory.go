package paramstest

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/slsflow/slsflow/params"
)

// Memory is a [params.Store] for tests. It keeps everything in memory, secrets
// too. The zero Memory is empty and ready for use; do not copy it.
type Memory struct {
	// Now says when a param is put. By default it is time.Now.
	Now func() time.Time

	mu   sync.Mutex
	kept map[params.Key]kept
}

var _ params.Store = (*Memory)(nil)

type kept struct {
	secret  params.Secret
	json    []byte // nil: it is a secret
	updated time.Time
}

// Get returns the value that was last put under k.
func (m *Memory) Get(ctx context.Context, k params.Key) (params.Value, bool, error) {
	if err := firstError(ctx.Err(), k.Check()); err != nil {
		return nil, false, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.kept[k]
	switch {
	case !ok:
		return nil, false, nil
	case v.json == nil:
		return v.secret, true, nil
	}
	value, err := params.Decode(v.json)
	return value, err == nil, err
}

// Put replaces what is kept under k.
func (m *Memory) Put(ctx context.Context, k params.Key, v params.Value) error {
	if err := firstError(ctx.Err(), k.Check()); err != nil {
		return err
	}
	now := time.Now
	if m.Now != nil {
		now = m.Now
	}
	e := kept{updated: now().UTC()}
	if secret, ok := v.(params.Secret); ok {
		e.secret = secret
	} else {
		b, err := params.Encode(v)
		if err != nil {
			return err
		}
		e.json = b
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.kept == nil {
		m.kept = make(map[params.Key]kept)
	}
	m.kept[k] = e
	return nil
}

// Delete forgets k.
func (m *Memory) Delete(ctx context.Context, k params.Key) error {
	if err := firstError(ctx.Err(), k.Check()); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.kept, k)
	return nil
}

// List returns what is kept for an app and a profile.
func (m *Memory) List(ctx context.Context, app, profile string) ([]params.Entry, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []params.Entry
	for k, v := range m.kept {
		if k.App == app && k.Profile == profile {
			list = append(list, params.Entry{Key: k, Secret: v.json == nil, Updated: v.updated})
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
