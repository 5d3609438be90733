package terminal

import (
	"io"
	"slices"
	"strconv"
	"strings"
)

// Styles of text on a live screen: parameters of the escape code, "" for none.
const (
	normal = ""
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
	cyan   = "36"
)

// span is a piece of clean text in one style.
type span struct{ text, style string }

// row is one line of a live screen.
type row []span

// render returns a row as it is written, cut to a width.
func (r row) render(limit int) string {
	var b strings.Builder
	for _, s := range r {
		t := cut(s.text, limit)
		limit -= width(t)
		if s.style == normal || t == "" {
			b.WriteString(t)
		} else {
			b.WriteString("\x1b[" + s.style + "m" + t + "\x1b[0m")
		}
	}
	return b.String()
}

func (r row) width() int {
	n := 0
	for _, s := range r {
		n += width(s.text)
	}
	return n
}

// screen is the end of a terminal: rows that stay, and below them a few that are
// drawn anew. Each change is one write, after which the cursor is at the
// beginning of the line below the last one and everything is switched back, so
// that a program may be killed at any time.
type screen struct {
	w     io.Writer
	size  func() (columns, rows int)
	lines []string // drawn last, as they were written
	wide  []int    // how wide those are
	err   error    // the first of w
}

func (s *screen) dimensions() (columns, rows int) {
	if s.size != nil {
		columns, rows = s.size()
	}
	if columns <= 0 {
		columns = 80
	}
	if rows <= 0 {
		rows = 24
	}
	return columns, rows
}

// draw writes the rows that stay, and then the live ones, in place of those that
// were there.
func (s *screen) draw(stay, live []row) {
	columns, _ := s.dimensions()
	lines := make([]string, len(live))
	wide := make([]int, len(live))
	for i, r := range live {
		lines[i], wide[i] = r.render(columns), min(r.width(), columns)
	}
	if len(stay) == 0 && slices.Equal(lines, s.lines) {
		return
	}
	var b strings.Builder
	b.WriteString(s.back(columns))
	for _, r := range stay {
		b.WriteString("\x1b[K" + r.render(columns) + "\n")
	}
	if len(lines) > 0 {
		// A character that the terminal takes for wider than we do must not
		// begin a new line: nothing wraps in here.
		b.WriteString("\x1b[?7l")
		for _, l := range lines {
			b.WriteString("\x1b[K" + l + "\n")
		}
		b.WriteString("\x1b[?7h")
	}
	b.WriteString("\x1b[J")
	s.lines, s.wide = lines, wide
	s.write(b.String())
}

// back returns the code that moves the cursor to the first live row. A terminal
// that has become narrower has wrapped the longer ones.
func (s *screen) back(columns int) string {
	n := 0
	for _, w := range s.wide {
		n += max(1, (w+columns-1)/columns)
	}
	if n == 0 {
		return ""
	}
	return "\x1b[" + strconv.Itoa(n) + "A\r"
}

func (s *screen) write(text string) {
	if _, err := io.WriteString(s.w, text); err != nil && s.err == nil {
		s.err = err
	}
}
