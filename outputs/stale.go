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
	latest, err := s.Latest(ctx, f)
	if err != nil {
		return nil, fmt.Errorf("list stale instances: %w", err)
	}
	known := histories{store: s, kept: make(map[Instance][]Record)}
	var list []Stale
	for _, r := range latest {
		if r.Status == Removed || r.Removal {
			continue
		}
		if r.Status != Deployed {
			history, err := known.of(ctx, r.Instance)
			if err != nil {
				return nil, fmt.Errorf("list stale instances: %w", err)
			}
			var ok bool
			if r, ok = Published(history); !ok {
				continue
			}
		}
		changes, err := known.changes(ctx, r)
		if err != nil {
			return nil, fmt.Errorf("list stale instances: %v: %w", r.Instance, err)
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
		return nil, fmt.Errorf("history of %v: %w", i, err)
	}
	h.kept[i] = list
	return list, nil
}

// changes returns what r read and is not the same now.
func (h histories) changes(ctx context.Context, r Record) ([]Change, error) {
	var list []Change
	for _, read := range r.Reads {
		history, err := h.of(ctx, read.Instance)
		if err != nil {
			return nil, err
		}
		c := Change{Read: read, Kind: Gone}
		was := valueOf(history, read)
		c.Was, c.Secret = was.Value, was.Secret
		if now, ok := Published(history); ok {
			out, ok := now.Outputs[read.Key]
			if ok && out.Hash == read.Hash {
				continue
			}
			c.Kind, c.Number = Dropped, now.Number
			if ok {
				c.Kind, c.Now = Changed, out.Value
			}
			c.Secret = c.Secret || out.Secret
		}
		if c.Secret {
			c.Was, c.Now = nil, nil
		}
		list = append(list, c)
	}
	return list, nil
}

// valueOf returns what was read, if that record is still in the history.
func valueOf(history []Record, read Read) Output {
	i := slices.IndexFunc(history, func(r Record) bool { return r.Number == read.Number })
	if i < 0 {
		return Output{}
	}
	return history[i].Outputs[read.Key]
}
