//go:build linux

package process

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseStat(t *testing.T) {
	s, ok, err := parseStat("42 (a) b (c)) S 1 40 7 0 -1 4 5 6 7 8 9 10 11 12 20 0 1 0 98765 1 2 3\n")
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, stat{state: "S", group: 40, start: "98765"}, s)
	for _, bad := range []string{"", "42 (a) S 1 40", "42 (a) S 1 x 7 0 -1 4 5 6 7 8 9 10 11 12 20 0 1 0 98765 1"} {
		_, _, err := parseStat(bad)
		require.Error(t, err)
	}
}
