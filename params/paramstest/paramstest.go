// Package paramstest checks that a params.Store keeps its promises, and has one
// for tests, [Memory].
//
// Call [TestStore] from a test of your store, and [TestVersioned] if it keeps what
// was. Each rule is a subtest, and a
// failure quotes the reason of the rule.
package paramstest

import (
	"context"
	"errors"
	"testing"

	"github.com/slsflow/slsflow/params"
)

// TestStore checks that the store made by newStore keeps the promises of
// [params.Store], each in a subtest with a store of its own. newStore gets the
// subtest's t, for t.TempDir and t.Cleanup, and returns an empty store. Other
// stores made for the same test need not see the same params.
//
// A store whose Put of a [params.Secret] returns an error that wraps
// [errors.ErrUnsupported] is taken to keep no secrets: the rules about them are
// skipped, by name.
func TestStore(t *testing.T, newStore func(t *testing.T) params.Store) {
	t.Helper()
	test(t, rules, newStore)
}

// TestVersioned is [TestStore] for the promises that a [params.Versioned] makes
// beside those of a [params.Store]. A store passes both.
func TestVersioned(t *testing.T, newStore func(t *testing.T) params.Versioned) {
	t.Helper()
	test(t, versionedRules, newStore)
}

func test[S params.Store](t *testing.T, rules []rule[S], newStore func(t *testing.T) S) {
	t.Helper()
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			s := newStore(t)
			if r.secrets && !keepsSecrets(t.Context(), newStore(t)) {
				t.Skip("the store keeps no secrets")
			}
			if err := r.check(t.Context(), s); err != nil {
				t.Errorf("%v\n\tthe rule: %s", err, r.why)
			}
		})
	}
}

func keepsSecrets(ctx context.Context, s params.Store) bool {
	probe := params.Key{App: "probe", Profile: "probe", Name: "probe"}
	return !errors.Is(s.Put(ctx, probe, params.NewSecret("probe")), errors.ErrUnsupported)
}
