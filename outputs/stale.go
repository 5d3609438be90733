package outputs

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
)

// Stale is an instance that was deployed with a value of another instance's
// output that is another one now. To deploy it again mends that.
type Stale struct {
	// Record is the one that counts, as [Published] has it.
	Record Record `json:"record"`
	// Changes has one element or more, in the order of Record.Reads.
	Changes []Change `json:"changes"`
}

// ChangeKind says what became of an output that was read.
type ChangeKind string

// The kinds of a [Change].
const (
	// Changed: it has another value.
	Changed ChangeKind = "changed"
	// Dropped: its instance is deployed and does not publish it any more, so
	// that its reader cannot be deployed again as it is.
	Dropped ChangeKind = "dropped"
	// Gone: its instance has been removed, or its removal has begun.
	Gone ChangeKind = "gone"
)

// Change is an output that was read and is not the same now.
type Change struct {
	Kind ChangeKind `json:"kind"`
	// Read is what was read.
	Read Read `json:"read"`
	// Number is that of the producer's record that counts now, or 0 if it is
	// Gone.
	Number int64 `json:"number,omitempty"`
	// Secret says that one of the values is secret. Then Was and Now are nil.
	Secret bool `json:"secret,omitempty"`
	// Was is the value that was read, or nil if its record is not kept any more.
	Was json.RawMessage `json:"was,omitempty"`
	// Now is the value that counts now, or nil if the kind is not Changed.
	Now json.RawMessage `json:"now,omitempty"`
}

// ListStale returns the deployed instances that the filter lets through and that
// are stale, in the order of [Store.Latest]. The filter is about the readers:
// what they read may be anywhere. Values are compared by their hash: an output
// that was published again with the same value makes nobody stale. An instance
// whose last deployment failed or is under way counts as it was before that; one
// that has been removed does not count.
//
// A stale instance may itself be read by others: these are stale only when it has
// been deployed again and its own outputs have changed by that.
func ListStale(ctx context.Context, s Store, f Filter) ([]Stale, error) {
	list, err := listStale(ctx, s, f)
	if err != nil {
		return nil, fmt.Errorf("list stale instances: %w", err)
	}
	return list, nil
}

func listStale(ctx context.Context, s Store, f Filter) ([]Stale, error) {
	latest, err := s.Latest(ctx, f)
	if err != nil {
		return nil, err
	}
	readers := make([]Instance, len(latest))
	for i, r := range latest {
		readers[i] = r.Instance
	}
	published, err := ListPublished(ctx, s, readers)
	if err != nil {
		return nil, err
	}
	var read []Instance
	for _, r := range published {
		for _, from := range r.Reads {
			read = append(read, from.Instance)
		}
	}
	producers, err := ListPublished(ctx, s, read)
	if err != nil {
		return nil, err
	}
	known := histories{store: s, kept: make(map[Instance][]Record)}
	var list []Stale
	for _, reader := range readers {
		r := published[reader]
		var changes []Change
		for _, read := range r.Reads {
			now := producers[read.Instance]
			if out, ok := now.Outputs[read.Key]; ok && out.Hash == read.Hash {
				continue
			}
			history, err := known.of(ctx, read.Instance) // for the value that was read
			if err != nil {
				return nil, err
			}
			changes = append(changes, changed(read, valueOf(history, read), now))
		}
		if len(changes) > 0 {
			list = append(list, Stale{Record: r, Changes: changes})
		}
	}
	return list, nil
}

// histories asks for each history once.
type histories struct {
	store Store
	kept  map[Instance][]Record
}

func (h histories) of(ctx context.Context, i Instance) ([]Record, error) {
	if list, ok := h.kept[i]; ok {
		return list, nil
	}
	list, err := h.store.History(ctx, i)
	if err != nil {
		return nil, err
	}
	h.kept[i] = list
	return list, nil
}

// changed says what became of an output that was read. now is what its instance
// publishes, the zero Record if nothing.
func changed(read Read, was Output, now Record) Change {
	c := Change{Kind: Gone, Read: read, Number: now.Number, Was: was.Value, Secret: was.Secret}
	out, ok := now.Outputs[read.Key]
	switch {
	case ok:
		c.Kind, c.Now = Changed, out.Value
	case now.Number > 0:
		c.Kind = Dropped
	}
	if c.Secret = c.Secret || out.Secret; c.Secret {
		c.Was, c.Now = nil, nil
	}
	return c
}

// valueOf returns what was read, if that record is still in the history.
func valueOf(history []Record, read Read) Output {
	i := slices.IndexFunc(history, func(r Record) bool { return r.Number == read.Number })
	if i < 0 {
		return Output{}
	}
	return history[i].Outputs[read.Key]
}
