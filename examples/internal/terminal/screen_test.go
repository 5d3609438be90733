package terminal_test

import (
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/jedib0t/go-pretty/v6/text"
)

// virtual is a terminal of a fixed size with all that has scrolled out of it. It
// knows only the codes that are meant to be used, and fails the test on others,
// and on text that is wrapped or lost at the right edge.
type virtual struct {
	t             *testing.T
	mu            sync.Mutex
	columns, rows int
	lines         [][]rune // from the first one ever written
	row, column   int      // of the cursor; row counts from the first line ever
	wrap          bool
	raw           strings.Builder
	writes        int
}

func newVirtual(t *testing.T, columns, rows int) *virtual {
	t.Helper()
	return &virtual{t: t, columns: columns, rows: rows, lines: make([][]rune, 1), wrap: true}
}

func (v *virtual) size() (columns, rows int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.columns, v.rows
}

// Write shows a frame.
func (v *virtual) Write(p []byte) (int, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.writes++
	v.raw.Write(p)
	for s := string(p); s != ""; {
		if code, ok := strings.CutPrefix(s, "\x1b["); ok {
			n := strings.IndexFunc(code, func(r rune) bool { return r >= '@' })
			if n < 0 {
				v.t.Errorf("unfinished code %q", s)
				return len(p), nil
			}
			v.code(code[:n], code[n])
			s = code[n+1:]
			continue
		}
		r := []rune(s)[0]
		v.char(r)
		s = s[len(string(r)):]
	}
	if v.column != 0 || !v.wrap {
		v.t.Errorf("a frame leaves the cursor in column %d and wrapping %v: %q", v.column, v.wrap, p)
	}
	return len(p), nil
}

func (v *virtual) code(param string, final byte) {
	switch string(final) {
	case "A":
		n, _ := strconv.Atoi(param)
		top := max(0, len(v.lines)-v.rows)
		if v.row-n < top {
			v.t.Errorf("the cursor goes %d rows up, above the screen", n)
		}
		v.row = max(v.row-n, top)
	case "K":
		v.lines[v.row] = v.lines[v.row][:min(v.column, len(v.lines[v.row]))]
	case "J":
		v.lines[v.row] = v.lines[v.row][:min(v.column, len(v.lines[v.row]))]
		for i := v.row + 1; i < len(v.lines); i++ {
			v.lines[i] = nil
		}
	case "l", "h":
		if param != "?7" {
			v.t.Errorf("unexpected mode %q", param)
		}
		v.wrap = final == 'h'
	case "m":
	default:
		v.t.Errorf("unexpected code %q%c", param, final)
	}
}

func (v *virtual) char(r rune) {
	switch {
	case r == '\n':
		v.row, v.column = v.row+1, 0
		if v.row == len(v.lines) {
			v.lines = append(v.lines, nil)
		}
	case r == '\r':
		v.column = 0
	case r < ' ' || r >= 0x7f && r < 0xa0:
		v.t.Errorf("control character %U on the screen", r)
	default:
		w := text.RuneWidth(r)
		if v.column+w > v.columns {
			v.t.Errorf("line is too long: %q", string(v.lines[v.row])+string(r))
		}
		// A wide character is one element here: good enough to read a line.
		v.lines[v.row] = append(v.lines[v.row], r)
		v.column += w
	}
}

// String returns all lines, also those that have scrolled out.
func (v *virtual) String() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	var b strings.Builder
	for _, l := range v.lines {
		b.WriteString(strings.TrimRight(string(l), " ") + "\n")
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}
