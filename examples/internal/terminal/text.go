package terminal

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/jedib0t/go-pretty/v6/text"
)

// tab is the distance of the tab stops.
const tab = 8

// Clean returns one line of foreign text as it may be shown: escape sequences
// are taken out, of text that was overwritten after a carriage return only the
// last is left, tabs become spaces, and characters without a shape of their own
// (controls, marks that turn the direction of text, zero-width ones) are dropped
// or replaced. The result has no control character and is valid UTF-8.
func Clean(s string) string {
	s = overwritten(strings.TrimRight(s, "\r\n"))
	var b strings.Builder
	column := 0
	for len(s) > 0 {
		if n := escape(s); n > 0 {
			s = s[n:]
			continue
		}
		r, n := utf8.DecodeRuneInString(s)
		s = s[n:]
		switch {
		case r == '\t':
			n := tab - column%tab
			b.WriteString(strings.Repeat(" ", n))
			column += n
			continue
		case invisible(r):
			continue
		case r == '\n' || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r):
			r = ' '
		case !unicode.IsGraphic(r):
			r = utf8.RuneError
		}
		b.WriteRune(r)
		column += text.RuneWidth(r)
	}
	return b.String()
}

// overwritten returns what is left to see of a line with carriage returns.
func overwritten(s string) string {
	for part := range strings.SplitSeq(s, "\r") {
		if strings.TrimSpace(part) != "" {
			s = part
		}
	}
	return s
}

// invisible reports whether a character takes no place, or changes how others
// look.
func invisible(r rune) bool {
	return unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Variation_Selector, r) ||
		r == 0x115f || r == 0x1160 || r == 0x3164 || r == 0xffa0 // the Hangul fillers
}

// escape returns the length of the escape sequence that s begins with, or 0. One
// without an end is as long as it could be, so that what follows is still shown.
func escape(s string) int {
	r, n := utf8.DecodeRuneInString(s)
	if r == '\x1b' {
		if len(s) == n {
			return n
		}
		switch s[n] {
		case '[':
			return control(s, n+1)
		case ']', 'P', 'X', '^', '_':
			return command(s, n+1)
		case '(', ')', '*', '+', '-', '.', '/', '#', '%', ' ':
			return min(n+2, len(s))
		default:
			if s[n] >= 0x30 && s[n] < 0x7f {
				return n + 1
			}
			return n
		}
	}
	switch r { // the same as one character
	case 0x9b:
		return control(s, n)
	case 0x90, 0x98, 0x9d, 0x9e, 0x9f:
		return command(s, n)
	}
	return 0
}

// control returns the end of a control sequence, whose parameters begin at n.
func control(s string, n int) int {
	for n < len(s) && s[n] >= 0x20 && s[n] < 0x40 {
		n++
	}
	if n < len(s) && s[n] >= 0x40 && s[n] < 0x7f {
		n++
	}
	return n
}

// command returns the end of a sequence that holds a text, which begins at n. One
// that has no end is nothing but its introducer.
func command(s string, n int) int {
	for i, r := range s[n:] {
		switch r {
		case '\a', 0x9c:
			return n + i + utf8.RuneLen(r)
		case '\x1b':
			if strings.HasPrefix(s[n+i:], "\x1b\\") {
				return n + i + 2
			}
			return n + i
		}
	}
	return n
}

// cleanLines returns the lines of foreign text, without empty ones at the ends.
func cleanLines(s string) []string {
	var lines []string
	for l := range strings.SplitSeq(strings.Trim(s, "\r\n"), "\n") {
		lines = append(lines, strings.TrimRight(Clean(l), " "))
	}
	return lines
}

// width returns the columns that clean text takes. Where terminals disagree, it
// is the larger number.
func width(s string) int {
	n := 0
	for _, r := range s {
		n += text.RuneWidth(r)
	}
	return n
}

// cut shortens clean text to a width, with "…" at the end if it was longer.
func cut(s string, limit int) string {
	if width(s) <= limit {
		return s
	}
	if limit < 1 {
		return ""
	}
	head, _ := split(s, limit-width("…"))
	return strings.TrimRight(head, " ") + "…"
}

// split divides clean text after as many characters as fit a width.
func split(s string, limit int) (head, rest string) {
	n := 0
	for i, r := range s {
		if n += text.RuneWidth(r); n > limit {
			return s[:i], s[i:]
		}
	}
	return s, ""
}

// wrap divides clean text into lines of a width, between words if there is a
// space in the second half of a line. No character is lost but for that space.
func wrap(s string, limit int) []string {
	limit = max(limit, 2) // one wide character
	var lines []string
	for width(s) > limit {
		head, rest := split(s, limit)
		if rest[0] == ' ' {
			rest = rest[1:]
		} else if i := strings.LastIndexByte(head, ' '); i > 0 && i >= len(head)/2 {
			head, rest = head[:i], head[i+1:]+rest
		}
		lines = append(lines, head)
		s = rest
	}
	if s == "" && len(lines) > 0 {
		return lines
	}
	return append(lines, s)
}

// pad fills clean text with spaces up to a width, and cuts it to that.
func pad(s string, to int) string {
	s = cut(s, to)
	return s + strings.Repeat(" ", to-width(s))
}

// took writes how long something took: "0.1s", "12.3s", "1m05s", "2h03m".
func took(d time.Duration) string {
	d = max(d, 0)
	if d < time.Minute-50*time.Millisecond {
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return elapsed(d.Round(time.Second))
}

// elapsed writes how long something has run: "0s", "12s", "1m05s", "2h03m".
func elapsed(d time.Duration) string {
	s := int64(max(d, 0) / time.Second)
	switch {
	case s < 60:
		return fmt.Sprintf("%ds", s)
	case s < 3600:
		return fmt.Sprintf("%dm%02ds", s/60, s%60)
	default:
		return fmt.Sprintf("%dh%02dm", s/3600, s/60%60)
	}
}
