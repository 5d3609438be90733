package yamldoc

import (
	"bytes"
	"sort"
	"sync"
	"unicode/utf8"
)

// source is the bytes of a file and where its lines begin: yaml counts more
// characters as the end of a line than an editor does.
type source struct {
	file  string
	text  []byte
	bom   int   // bytes of a byte order mark, which yaml does not count
	lines []int // where each line begins for an editor: after "\n"
	yaml  []int // where each line begins for YAML

	mu      sync.Mutex
	dollars map[*Node]dollars // of the scalars that were asked for
}

func newSource(file string, text []byte) *source {
	s := &source{file: file, text: text}
	if bytes.HasPrefix(text, []byte("\ufeff")) {
		s.bom = 3
	}
	count := 1 + bytes.Count(text, []byte("\n"))
	s.lines = append(make([]int, 0, count), 0)
	for i := 0; ; {
		next := bytes.IndexByte(text[i:], '\n')
		if next < 0 {
			break
		}
		i += next + 1
		s.lines = append(s.lines, i)
	}
	s.yaml = s.lines
	if s.bom > 0 || bytes.IndexByte(text, '\r') >= 0 || bytes.Contains(text, []byte("\u0085")) ||
		bytes.Contains(text, []byte("\u2028")) || bytes.Contains(text, []byte("\u2029")) {
		s.yaml = s.yamlLines()
	}
	return s
}

// yamlLines returns where each line begins for YAML, in a file in which that may
// be elsewhere than for an editor.
func (s *source) yamlLines() []int {
	lines := append(make([]int, 0, len(s.lines)), s.bom)
	for i := s.bom; i < len(s.text); i++ {
		switch rest := s.text[i:]; {
		case rest[0] == '\n':
			lines = append(lines, i+1)
		case rest[0] == '\r' && (len(rest) == 1 || rest[1] != '\n'):
			lines = append(lines, i+1)
		case rest[0] == 0xc2 && bytes.HasPrefix(rest, []byte("\u0085")):
			lines = append(lines, i+2)
		case rest[0] == 0xe2 && (bytes.HasPrefix(rest, []byte("\u2028")) || bytes.HasPrefix(rest, []byte("\u2029"))):
			lines = append(lines, i+3)
		}
	}
	return lines
}

// pos returns the position of a byte.
func (s *source) pos(offset int) Pos {
	offset = min(max(offset, 0), len(s.text))
	line := sort.SearchInts(s.lines, offset+1)
	return Pos{File: s.file, Line: line, Col: offset - s.lines[line-1] + 1}
}

// posIn returns the position of a byte in a line of YAML, which is also one for
// an editor in most files: then it need not be looked for.
func (s *source) posIn(line, offset int) Pos {
	same := len(s.yaml) == len(s.lines) && 1 <= line && line <= len(s.lines) && s.lines[line-1] <= offset
	if !same || line < len(s.lines) && s.lines[line] <= offset {
		return s.pos(offset)
	}
	return Pos{File: s.file, Line: line, Col: offset - s.lines[line-1] + 1}
}

// cursor is a place in a file as YAML counts: the line and the column from 1,
// the latter in characters.
type cursor struct{ line, col, offset int }

// move goes to a line and column and returns the byte there. To go on in the same line
// costs what lies between, so that a file of one long line is read in linear
// time.
func (c *cursor) move(s *source, line, col int) int {
	line = min(max(line, 1), len(s.yaml))
	if line != c.line || col < c.col {
		*c = cursor{line, 1, s.yaml[line-1]}
	}
	for ; c.col < col && c.offset < len(s.text); c.col++ {
		_, size := utf8.DecodeRune(s.text[c.offset:])
		c.offset += size
	}
	return c.offset
}

// firstOfLine returns the first byte of a YAML line that is no blank.
func (s *source) firstOfLine(line int) int {
	i := s.yaml[min(max(line, 1), len(s.yaml))-1]
	for i < len(s.text) && (s.text[i] == ' ' || s.text[i] == '\t') {
		i++
	}
	return i
}
