package gitflow

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

// Whatever the texts: joining does not depend on which side is ours, a side
// that changed nothing adds nothing, and a hunk is in both texts.
func FuzzJoinLines(f *testing.F) {
	for _, s := range [][3]string{
		{"", "", ""},
		{"a", "b", "a\n"},
		{"1\n2\n3\n", "1\n3\n", "1\n2\n3\n4"},
		{"\r\n\n\r\n", "\n", "x\r\n"},
		{"a\na\na\n", "a\na\n", "a\na\na\na\n"},
		{"a\nb\n", "b\na\n", "a\nb\na\nb\n"},
		{"\x00", "\xff\n", ""},
	} {
		f.Add([]byte(s[0]), []byte(s[1]), []byte(s[2]))
	}
	f.Fuzz(func(t *testing.T, base, ours, theirs []byte) {
		ab, ba := joinLines(base, ours, theirs), joinLines(base, theirs, ours)
		hunks := ab.hunks()
		require.Equal(t, len(hunks) == 0, len(ba.hunks()) == 0)
		if len(hunks) == 0 {
			require.Equal(t, ab.text(nil), ba.text(nil))
		}
		for _, h := range hunks {
			require.True(t, bytes.Contains(ours, []byte(h.Ours)))
			require.True(t, bytes.Contains(theirs, []byte(h.Theirs)))
			require.NotEqual(t, h.Ours, h.Theirs)
		}
		alone := joinLines(base, base, theirs)
		require.Empty(t, alone.hunks())
		require.True(t, bytes.Equal(theirs, alone.text(nil)))
	})
}
