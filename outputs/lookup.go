package outputs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/slsflow/slsflow/internal/plainvalue"
)

// Published returns the record whose outputs count now, of the history of an
// instance, newest first, as [Store.History] gives it. That is the newest that
// was Deployed; a deployment that failed or is under way does not hide it, but
// every removal does that has begun, whatever became of it.
func Published(history []Record) (Record, bool) {
	for _, r := range history {
		switch {
		case r.Removal || r.Status == Removing || r.Status == Removed:
			return Record{}, false
		case r.Status == Deployed:
			return r, true
		}
	}
	return Record{}, false
}

// Found is what [Lookup] found.
type Found struct {
	// Value is a string, bool, int64, float64, []any or map[string]any, and
	// belongs to the caller. It may be printed only if not Secret.
	Value  any
	Secret bool
	// Record is the producer's.
	Record Record
	// Read is what the reader's record says about it.
	Read Read
}

// Lookup returns the value that ref names as it is published now. It has three
// results: the value, absent (false) if there is no such instance, output or
// value inside it, or an error, which means that it could not tell. A null inside
// a value is absent.
func Lookup(ctx context.Context, s Store, ref Ref) (Found, bool, error) {
	published, err := ListPublished(ctx, s, []Instance{ref.Instance})
	if err != nil {
		return Found{}, false, fmt.Errorf("output %v: %w", ref, err)
	}
	return LookupIn(ctx, s, published[ref.Instance], ref)
}

// LookupIn is [Lookup] for who has the record that counts now already: r is what
// [ListPublished] or [Published] gave, and absent if it is the zero Record. The
// store is asked for the value of a secret alone.
func LookupIn(ctx context.Context, s Store, r Record, ref Ref) (Found, bool, error) {
	out, ok := r.Outputs[ref.Key]
	if !ok {
		return Found{}, false, nil
	}
	value := out.Value
	if out.Secret {
		var err error
		if value, ok, err = s.Secret(ctx, ref.Instance, r.Number, ref.Key); err == nil && !ok {
			err = fmt.Errorf("record %d has no value of the secret", r.Number)
		}
		if err != nil {
			return Found{}, false, fmt.Errorf("output %v: %w", ref, err)
		}
	}
	whole, err := plainvalue.Decode(value)
	if err != nil {
		return Found{}, false, fmt.Errorf("output %v: record %d: %w", ref, r.Number, err)
	}
	v, ok := walk(whole, ref.Path)
	if !ok {
		return Found{}, false, nil
	}
	return Found{
		Value:  v,
		Secret: out.Secret,
		Record: r,
		Read:   Read{Instance: ref.Instance, Key: ref.Key, Number: r.Number, Hash: out.Hash},
	}, true, nil
}

// walk steps into v.
func walk(v any, path []string) (any, bool) {
	for _, part := range path {
		switch in := v.(type) {
		case map[string]any:
			v = in[part] // nil if there is none
		case []any:
			i, ok := parseIndex(part)
			if !ok || i >= len(in) {
				return nil, false
			}
			v = in[i]
		default:
			return nil, false
		}
	}
	return v, v != nil
}

// Hash returns the SHA-256 of a value's JSON, in hexadecimal: the same for the
// same value, whatever the spaces and the order of keys. Text that is no value
// that a [Store] keeps has the hash of its bytes.
func Hash(value json.RawMessage) string {
	sum := sha256.Sum256(Canonical(value))
	return hex.EncodeToString(sum[:])
}

// Canonical returns the JSON of a value in the form that [Hash] is taken of:
// without spaces, keys sorted. Text that is no value comes back as it is. It is
// for who writes a [Store].
func Canonical(value json.RawMessage) json.RawMessage {
	v, err := plainvalue.Decode(value)
	if err != nil {
		return value
	}
	b, err := plainvalue.Encode(v)
	if err != nil {
		return value
	}
	return b
}
