package plainvalue_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/plainvalue"
)

func TestWalk(t *testing.T) {
	v := map[string]any{"a": []any{"x", map[string]any{"b": int64(1)}}, "n": nil}
	for keys, want := range map[string]any{"a.0": "x", "a.1.b": int64(1), "n": nil} {
		got, ok := plainvalue.Walk(v, keys)
		require.True(t, ok, keys)
		require.Equal(t, want, got, keys)
	}
	for _, keys := range []string{"", "b", "a.2", "a.-1", "a.01", "a.length", "a.0.length", "n.x", "a."} {
		_, ok := plainvalue.Walk(v, keys)
		require.False(t, ok, keys)
	}
}
