package yamldoc

import (
	"bytes"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// maxSought is how many bytes may be read to find the place of an error.
const maxSought = 1 << 21

var yamlError = regexp.MustCompile(`(?s)^yaml: (?:line (\d+): )?(.*)$`)

// syntax adds the error of the YAML library. The library may name another line
// than the one that is wrong, and no column, so the place is looked for: it is
// behind the longest beginning of the file that can be read.
func (p *parser) syntax(src []byte, err error) {
	msg, line := err.Error(), 1
	if m := yamlError.FindStringSubmatch(msg); m != nil {
		msg = strings.TrimSpace(m[2])
		line = max(1, atoi(m[1]))
	}
	sought := seeker{p: p, src: src, left: maxSought}
	for k, end := range slices.Backward(p.src.yaml) {
		if sought.reads(end, "") {
			line = k + 1
			break
		}
	}
	at := sought.column(line)
	before := bytes.TrimRight(src[:at], " \t")
	switch {
	case at < len(src) && src[at] == '\t':
		msg = "a tab in the indentation"
	case strings.Contains(msg, "escape"):
		if bad := badEscape.FindIndex(src[at:]); bad != nil {
			at += bad[1] - 2
		}
	case at < len(src) && (src[at] == '"' || src[at] == '\''):
		msg = "this quote is not closed"
	case at < len(src) && strings.Contains(msg, "node content") && src[at] == '[':
		msg = "did not find expected ',' or ']'"
	case at < len(src) && strings.Contains(msg, "node content") && src[at] == '{':
		msg = "did not find expected ',' or '}'"
	case (strings.Contains(msg, "expected key") || strings.Contains(msg, "expected '-'")) && bytes.ContainsAny(before[max(0, len(before)-1):], "'\"]}"):
		msg = "more text behind the value"
	}
	p.problems = append(p.problems, problem(p.src.pos(at), "YAML: %s%s", msg, remedy(msg)))
}

// badEscape finds a backslash within double quotes that is none of YAML's.
var badEscape = regexp.MustCompile(`^(?:[^\\]|\\[0abtnvfre "/\\N_LPxuU\n\t])*?\\[^0abtnvfre "/\\N_LPxuU\n\t]`)

func atoi(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// seeker looks for the place of an error.
type seeker struct {
	p    *parser
	src  []byte
	left int // bytes that may still be read
}

// reads reports whether the beginning of the file can be read, with something behind
// it. It is false if too much was read already.
func (s *seeker) reads(end int, behind string) bool {
	if s.left -= end; s.left < 0 {
		return false
	}
	_, err := (&parser{src: s.p.src}).decode(append(bytes.Clone(s.src[:end]), behind...))
	return err == nil
}

// column returns the byte of a line that cannot be read any more.
func (s *seeker) column(line int) int {
	first := s.p.src.firstOfLine(line)
	begin, end := s.p.src.yaml[min(line, len(s.p.src.yaml))-1], len(s.src)
	if line < len(s.p.src.yaml) {
		end = s.p.src.yaml[line] - 1
	}
	at := end
	for at > begin && !s.reads(at, "") {
		at--
	}
	if tab := bytes.IndexByte(s.src[begin:first], '\t'); tab >= 0 && at <= first {
		return begin + tab
	}
	if at <= begin || s.left < 0 {
		return first
	}
	for at < end && (s.src[at] == ' ' || s.src[at] == '\t') {
		at++
	}
	if at == end || s.src[at] != '[' && s.src[at] != '{' {
		return at
	}
	// A bracket is open. What is wrong is in it, unless it could be closed at the end.
	for in := end; in > at; in-- {
		for _, closed := range []string{"]", "}", "]]", "}]", "]}", "}}"} {
			switch {
			case !s.reads(in, closed):
			case in == end || s.left < 0:
				return at
			case s.src[in] == '{' && s.src[in-1] == '$':
				return in - 1
			default:
				return in
			}
		}
	}
	return at
}
