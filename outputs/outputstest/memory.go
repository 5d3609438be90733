package outputstest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"github.com/slsflow/slsflow/outputs"
)

// Memory is an [outputs.Store] for tests. It keeps everything in memory, secrets
// too, and its hash of a secret is not fit for anything else. The zero Memory is
// empty and ready for use; do not copy it.
type Memory struct {
	mu      sync.Mutex
	records map[outputs.Instance][]entry // oldest first: the number is the index and one
}

var _ outputs.Batcher = (*Memory)(nil)

type entry struct {
	record  outputs.Record // as it is given out
	secrets map[string]json.RawMessage
}

// Begin adds r as the newest record of its instance.
func (m *Memory) Begin(ctx context.Context, r outputs.Record, after int64) (outputs.Record, error) {
	if err := ctx.Err(); err != nil {
		return outputs.Record{}, err
	}
	if err := r.CheckBegin(); err != nil {
		return outputs.Record{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if newest := int64(len(m.records[r.Instance])); newest != after {
		return outputs.Record{}, fmt.Errorf("begin %v after %d: %w: the newest is %d", r.Instance, after, outputs.ErrConflict, newest)
	}
	r.Number = after + 1
	kept, _ := r.Kept(r.Status == outputs.Removing, nil)
	if m.records == nil {
		m.records = make(map[outputs.Instance][]entry)
	}
	m.records[r.Instance] = append(m.records[r.Instance], entry{record: kept})
	return kept.Clone(), nil
}

// End replaces a record.
func (m *Memory) End(ctx context.Context, r outputs.Record) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	list := m.records[r.Instance]
	if r.Number < 1 || r.Number > int64(len(list)) {
		return fmt.Errorf("end %v, record %d: %w: there is none", r.Instance, r.Number, outputs.ErrConflict)
	}
	old := &list[r.Number-1]
	if err := r.CheckEnd(old.record.Removal); err != nil {
		return err
	}
	kept, secrets := r.Kept(old.record.Removal, hashSecret)
	if old.record.Done() {
		if !old.record.Equal(kept) {
			return fmt.Errorf("end %v, record %d: %w: %s", r.Instance, r.Number, outputs.ErrDone, old.record.Status)
		}
		return nil
	}
	*old = entry{kept, secrets}
	return nil
}

// hashSecret only looks different from [outputs.Hash].
func hashSecret(value json.RawMessage) string { return "memory-" + outputs.Hash(value) }

// History returns the records of an instance, newest first.
func (m *Memory) History(ctx context.Context, i outputs.Instance) ([]outputs.Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var history []outputs.Record
	for _, e := range slices.Backward(m.records[i]) {
		history = append(history, e.record.Clone())
	}
	return history, nil
}

// Latest returns the newest record of each instance that f lets through.
func (m *Memory) Latest(ctx context.Context, f outputs.Filter) ([]outputs.Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var latest []outputs.Record
	for i, list := range m.records {
		if f.Match(i) {
			latest = append(latest, list[len(list)-1].record.Clone())
		}
	}
	slices.SortFunc(latest, func(a, b outputs.Record) int { return a.Compare(b.Instance) })
	return latest, nil
}

// ListPublished returns the record of each instance whose outputs count now.
func (m *Memory) ListPublished(ctx context.Context, instances []outputs.Instance) ([]outputs.Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var published []outputs.Record
	for _, i := range instances {
		history, err := m.History(ctx, i)
		if err != nil {
			return nil, err
		}
		if r, ok := outputs.Published(history); ok {
			published = append(published, r)
		}
	}
	return published, nil
}

// Secret returns the value of a secret output.
func (m *Memory) Secret(ctx context.Context, i outputs.Instance, number int64, key string) (json.RawMessage, bool, error) {
	if err := ctx.Err(); err != nil {
		return nil, false, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	list := m.records[i]
	if number < 1 || number > int64(len(list)) {
		return nil, false, nil
	}
	v, ok := list[number-1].secrets[key]
	return slices.Clone(v), ok, nil
}
