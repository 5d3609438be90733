package outputs

import (
	"cmp"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Compare orders instances by app, stage, region and service.
func (i Instance) Compare(j Instance) int {
	return cmp.Or(
		cmp.Compare(i.App, j.App),
		cmp.Compare(i.Stage.String(), j.Stage.String()),
		cmp.Compare(i.Region, j.Region),
		cmp.Compare(i.Service, j.Service),
	)
}

// Clone returns a copy of r that shares no memory with it.
func (r Record) Clone() Record {
	r.Outputs = maps.Clone(r.Outputs)
	for key, out := range r.Outputs {
		out.Value = slices.Clone(out.Value)
		r.Outputs[key] = out
	}
	r.Reads = slices.Clone(r.Reads)
	return r
}

// Equal reports whether two records say the same, whatever the spaces and the
// order of keys in the JSON of their outputs.
func (r Record) Equal(s Record) bool {
	a, _ := r.Kept(r.Removal, nil)
	b, _ := s.Kept(s.Removal, nil)
	return reflect.DeepEqual(a, b)
}

// Kept returns r in the one form that a [Store] keeps and gives out, and the
// values of its secrets apart: times in UTC and without a monotonic reading, the
// JSON of values canonical, hashes computed, Removal set, empty lists nil, and
// the error, which may quote a program's output, in UTF-8 and of 16 KB at most.
// The hash of a secret is hashSecret of its canonical value; if hashSecret is
// nil, secrets and hashes stay as they are. It is for who writes a Store, and
// shares no memory with r.
func (r Record) Kept(removal bool, hashSecret func(value json.RawMessage) string) (Record, map[string]json.RawMessage) {
	r = r.Clone()
	r.Removal = removal
	r.Error = cut(strings.ToValidUTF8(r.Error, "\uFFFD"))
	r.Started, r.Ended = r.Started.Round(0).UTC(), r.Ended.Round(0).UTC()
	if r.Ended.IsZero() {
		r.Ended = time.Time{}
	}
	if len(r.Reads) == 0 {
		r.Reads = nil
	}
	if len(r.Outputs) == 0 {
		r.Outputs = nil
	}
	var secrets map[string]json.RawMessage
	for key, out := range r.Outputs {
		out.Value = Canonical(out.Value)
		switch {
		case hashSecret == nil:
		case out.Secret:
			if secrets == nil {
				secrets = make(map[string]json.RawMessage)
			}
			secrets[key] = out.Value
			out.Hash = hashSecret(out.Value)
			out.Value = nil
		default:
			out.Hash = Hash(out.Value)
		}
		r.Outputs[key] = out
	}
	return r, secrets
}
