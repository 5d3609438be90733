package terminal

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWidthCutAndPad(t *testing.T) {
	require.Equal(t, 4, width("日本"))
	require.Equal(t, 1, width("e\u0301"))
	require.Equal(t, "日…", cut("日本語", 4))
	require.Equal(t, "日本語", cut("日本語", 6))
	require.Equal(t, "…", cut("日本語", 1))
	require.Empty(t, cut("日本語", 0))
	require.Equal(t, "ab  ", pad("ab", 4))
	require.Equal(t, "日… ", pad("日本語", 4))
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		in    string
		limit int
		want  []string
	}{
		{"", 5, []string{""}},
		{"one two", 7, []string{"one two"}},
		{"one two three", 8, []string{"one two", "three"}},
		{"one two three", 7, []string{"one two", "three"}},
		{"abcdefgh", 3, []string{"abc", "def", "gh"}},
		{"a bcdefgh", 6, []string{"a bcde", "fgh"}},
		{"日本語", 4, []string{"日本", "語"}},
		{"日本語", 0, []string{"日", "本", "語"}},
	} {
		require.Equal(t, c.want, wrap(c.in, c.limit), "%q", c.in)
	}
}

// No line is too wide, and nothing but single spaces at the breaks is lost.
func FuzzWrap(f *testing.F) {
	f.Add("one two  three", 5)
	f.Add("000000 ", 3)
	f.Add("\t", -24)
	f.Add("日本 語e\u0301", 3)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		limit = max(2, limit%200)
		s = Clean(s)
		lines := wrap(s, limit)
		for _, line := range lines {
			require.LessOrEqual(t, width(line), limit)
		}
		all := strings.Join(lines, "")
		require.Equal(t, strings.ReplaceAll(s, " ", ""), strings.ReplaceAll(all, " ", ""))
		require.Less(t, len(s)-len(all), len(lines)+1)
		require.LessOrEqual(t, width(cut(s, limit)), limit)
	})
}

func TestTimes(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0.0s", 0: "0.0s", 123 * time.Millisecond: "0.1s", 59940 * time.Millisecond: "59.9s",
		59970 * time.Millisecond: "1m00s", 61 * time.Second: "1m01s", 2*time.Hour + 3*time.Minute: "2h03m", 100 * time.Hour: "100h00m",
	} {
		require.Equal(t, want, took(d))
	}
	require.Equal(t, "59s", elapsed(59990*time.Millisecond))
	require.Equal(t, "0s", elapsed(-time.Second))
}

func TestSpeaks(t *testing.T) {
	for _, c := range []struct {
		env  map[string]string
		want bool
	}{
		{map[string]string{"TERM": "xterm-256color"}, true},
		{map[string]string{"TERM": "xterm", "CI": "true"}, false},
		{map[string]string{"TERM": "xterm", "NO_COLOR": "1"}, false},
		{map[string]string{"TERM": "dumb"}, false},
		{map[string]string{}, false},
	} {
		require.Equal(t, c.want, speaks(func(name string) string { return c.env[name] }), "%v", c.env)
	}
}
