package variables

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Snippet returns the error and below it the line that it is about, with a mark
// under the variable. src is the file of e.Pos; if it is empty or has no such line,
// only the error is returned. It does not end in a newline.
func (e *Error) Snippet(src []byte) string {
	lines := bytes.SplitAfter(src, []byte("\n"))
	if len(src) == 0 || e.Pos.Line < 1 || e.Pos.Line > len(lines) {
		return e.Error()
	}
	line := strings.TrimRight(string(lines[e.Pos.Line-1]), "\r\n")
	col := min(max(e.Pos.Col-1, 0), len(line))
	width := 1
	if strings.HasPrefix(line[col:], "${") {
		expr, _, _ := strings.Cut(e.Expr, "\n")
		width = max(1, utf8.RuneCountInString(expr))
		width = min(width, utf8.RuneCountInString(line[col:]))
	}
	// Tabs stay tabs, so that the mark stands where it should at any width.
	indent := strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, line[:col])
	number := strconv.Itoa(e.Pos.Line)
	return fmt.Sprintf("%s\n%s | %s\n%s | %s^%s", e.Error(), number, line,
		strings.Repeat(" ", len(number)), indent, strings.Repeat("~", width-1))
}
