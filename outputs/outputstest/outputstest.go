// Package outputstest checks that an outputs.Store keeps its promises, and has
// one for tests, [Memory].
//
// Call [TestStore] from a test of your store. Each rule is a subtest, and a
// failure quotes the reason of the rule.
package outputstest

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/slsflow/slsflow/outputs"
)

// TestStore checks that the store made by newStore keeps the promises of
// [outputs.Store], each in a subtest with a store of its own. newStore gets the
// subtest's t, for t.TempDir and t.Cleanup, and returns an empty store. Other
// stores made for the same test need not see the same records.
//
// A store whose End of a record with a secret output returns an error that wraps
// [errors.ErrUnsupported] is taken to keep no secrets: the rules about them are
// skipped, by name, and so are those about batches if the store is no
// [outputs.Batcher].
func TestStore(t *testing.T, newStore func(t *testing.T) outputs.Store) {
	t.Helper()
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			s := newStore(t)
			if r.secrets && !keepsSecrets(t.Context(), newStore(t)) {
				t.Skip("the store keeps no secrets")
			}
			if _, ok := s.(outputs.Batcher); r.batches && !ok {
				t.Skip("the store is no outputs.Batcher")
			}
			if err := r.check(t.Context(), s); err != nil {
				t.Errorf("%v\n\tthe rule: %s", err, r.why)
			}
		})
	}
}

func keepsSecrets(ctx context.Context, s outputs.Store) bool {
	r := deploying("probe", "probe", "probe", "probe")
	if _, err := s.Begin(ctx, r, 0); err != nil {
		return true // and the rules say what is wrong
	}
	r = deployed(r, 1, map[string]outputs.Output{"k": {Value: json.RawMessage(`"v"`), Secret: true}})
	return !errors.Is(s.End(ctx, r), errors.ErrUnsupported)
}
