package terminal_test

import (
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/examples/internal/terminal"
)

func TestClean(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"plain", "added 12 packages", "added 12 packages"},
		{"colours", "\x1b[1;31mred\x1b[0m", "red"},
		{"colours with colons", "\x1b[38:2:1:2:3mred\x1b[m", "red"},
		{"one-character introducer", "a\u009b2Jb", "ab"},
		{"cursor and screen", "\x1b[2J\x1b[H\x1b[?25l\x1b[3Aup", "up"},
		{"title", "\x1b]0;evil\x07text", "text"},
		{"link", "\x1b]8;;http://example.com\x1b\\link\x1b]8;;\x1b\\", "link"},
		{"device string", "\x1bP1$r0m\x1b\\x", "x"},
		{"title without an end keeps the text", "\x1b]0;evil", "0;evil"},
		{"title that another sequence ends", "\x1b]0;evil\x1b[31mred", "red"},
		{"sequence cut off", "text\x1b[31", "text"},
		{"lone escape", "a\x1b", "a"},
		{"escape before a control", "a\x1b\x07b", "a\ufffdb"},
		{"character set", "\x1b(0qqq\x1b(B", "qqq"},
		{"reset", "\x1bctext", "text"},
		{"bytes that are no text", "a\xffb", "a\ufffdb"},
		{"raw C1 byte", "a\x9bb", "a\ufffdb"},
		{"controls", "a\x00\x07\x08\x7fb", "a\ufffd\ufffd\ufffd\ufffdb"},
		{"carriage returns", "10 %\r50 %\rdone\r\n", "done"},
		{"carriage return before nothing", "50 %\r   \r", "50 %"},
		{"tabs", "a\tb\t\tc", "a       b               c"},
		{"tab after wide characters", "日本\tc", "日本    c"},
		{"direction", "\u202egnp.exe\u2066", "gnp.exe"},
		{"zero width", "a\u200bb\u2060\ufeff\u00ad", "ab"},
		{"emoji are taken apart", "👩\u200d👧\ufe0f", "👩👧"},
		{"accents stay", "e\u0301", "e\u0301"},
		{"line breaks", "a\nb\u2028c\u2029d", "a b c d"},
		{"private use", "a\ue000b", "a\ufffdb"},
	} {
		t.Run(c.name, func(t *testing.T) { require.Equal(t, c.want, terminal.Clean(c.in)) })
	}
}

// Whatever comes in, what goes out is text that stands in one line and is clean.
func FuzzClean(f *testing.F) {
	for _, s := range []string{
		"", "a\tb", "\x1b[31mred\x1b[0m", "\x1b]0;t\x07", "\x1b\x1b[[", "\x9b", "\u009b1m", "\r\r\n", "日\t", "\x1b]\x1b", "\xc2\x1b[",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := terminal.Clean(s)
		require.True(t, utf8.ValidString(got), "%q", got)
		for _, r := range got {
			require.False(t, r < ' ' || r >= 0x7f && r < 0xa0 || r == '\u2028' || r == '\u202e', "%U in %q", r, got)
		}
		require.Equal(t, got, terminal.Clean(got), "of %q", s)
	})
}
