package deploy

import (
	"context"
	"fmt"
	"sync"

	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/profile"
)

// RecordStores are the records of profiles that each keep their own, as in a table
// of the profile's account. [RecordStores.Of] is for [Executor].RecordsOf: it opens
// each store when it is first needed, and once. Set Open before the first call; then
// it is safe for concurrent use. It must not be copied.
type RecordStores struct {
	// Open returns the store of a profile. [AWS.As] gives what a store in AWS
	// needs: the access of the profile, or an error before its first call.
	Open func(ctx context.Context, p profile.Profile) (outputs.Store, error)

	mu     sync.Mutex
	stores map[string]outputs.Store // by profile
}

// Of returns the store of a profile.
func (r *RecordStores) Of(ctx context.Context, p profile.Profile) (outputs.Store, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s, ok := r.stores[p.Name]; ok {
		return s, nil
	}
	s, err := r.Open(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("records of profile %q: %w", p.Name, err)
	}
	if r.stores == nil {
		r.stores = make(map[string]outputs.Store)
	}
	r.stores[p.Name] = s
	return s, nil
}

// recordsOf returns the store that a profile's records are in.
func (e *Executor) recordsOf(ctx context.Context, p profile.Profile) (outputs.Store, error) {
	if e.RecordsOf == nil {
		return e.Records, nil
	}
	return e.RecordsOf(ctx, p)
}
