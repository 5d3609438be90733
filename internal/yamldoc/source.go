package yamldoc

import (
	"bytes"
	"sort"
	"strconv"
	"strings"
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
}

func newSource(file string, text []byte) *source {
	s := &source{file: file, text: text, lines: []int{0}}
	if bytes.HasPrefix(text, []byte("\ufeff")) {
		s.bom = 3
	}
	s.yaml = []int{s.bom}
	for i := s.bom; i < len(text); i++ {
		switch {
		case text[i] == '\n':
			s.lines = append(s.lines, i+1)
			s.yaml = append(s.yaml, i+1)
		case text[i] == '\r' && (i+1 == len(text) || text[i+1] != '\n'):
			s.yaml = append(s.yaml, i+1)
		case text[i] == 0xc2 && bytes.HasPrefix(text[i:], []byte("\u0085")):
			s.yaml = append(s.yaml, i+2)
		case text[i] == 0xe2 && (bytes.HasPrefix(text[i:], []byte("\u2028")) || bytes.HasPrefix(text[i:], []byte("\u2029"))):
			s.yaml = append(s.yaml, i+3)
		}
	}
	return s
}

// pos returns the position of a byte.
func (s *source) pos(offset int) Pos {
	offset = min(max(offset, 0), len(s.text))
	line := sort.SearchInts(s.lines, offset+1)
	return Pos{File: s.file, Line: line, Col: offset - s.lines[line-1] + 1}
}

// offset returns the byte at a line and column as YAML counts them: both from
// 1, the column in characters.
func (s *source) offset(line, col int) int {
	line = min(max(line, 1), len(s.yaml))
	i := s.yaml[line-1]
	for ; col > 1 && i < len(s.text); col-- {
		_, size := utf8.DecodeRune(s.text[i:])
		i += size
	}
	return i
}

// firstOfLine returns the first byte of a YAML line that is no blank.
func (s *source) firstOfLine(line int) int {
	i := s.offset(line, 1)
	for i < len(s.text) && (s.text[i] == ' ' || s.text[i] == '\t') {
		i++
	}
	return i
}

// PosAt returns the position of the byte i of a scalar's Text, where a "${"
// begins. For a byte where none does, it is the position of the node.
func (n *Node) PosAt(i int) Pos {
	if off, ok := n.OffsetAt(i); ok {
		return n.src.pos(off)
	}
	return n.Pos
}

// OffsetAt is [Node.PosAt] as a byte of the file. It is false where no "${"
// begins.
func (n *Node) OffsetAt(i int) (int, bool) {
	if n.src == nil || n.Kind != Scalar || i < 0 || i >= len(n.Text) || !strings.HasPrefix(n.Text[i:], "${") {
		return 0, false
	}
	// No style of scalar adds or removes a "${" on the way to its text, but for
	// the escapes of double quotes. So the k-th of the text is the k-th here.
	k := strings.Count(n.Text[:i], "${")
	start := n.contentStart()
	if start < len(n.src.text) && n.src.text[start] == '"' {
		return dollarsInQuotes(n.src.text, start+1, k)
	}
	for ; ; k-- {
		next := bytes.Index(n.src.text[start:], []byte("${"))
		if next < 0 {
			return 0, false
		}
		if k == 0 {
			return start + next, true
		}
		start += next + 2
	}
}

// ContentOffset returns the byte of the file where a scalar itself begins, behind
// its tag and anchor: its quote if it has one.
func (n *Node) ContentOffset() int { return min(n.contentStart(), len(n.src.text)-1) }

// contentStart returns where a scalar itself begins, behind its tag and anchor,
// comments between them, and the header of a block.
func (n *Node) contentStart() int {
	text, i := n.src.text, n.Offset
	if n.json {
		return i
	}
	skipLine := func() {
		for i < len(text) && text[i] != '\n' && text[i] != '\r' {
			i++
		}
	}
	for i < len(text) {
		switch text[i] {
		case ' ', '\t', '\n', '\r':
			i++
		case '#':
			skipLine()
		case '!', '&':
			for i < len(text) && !strings.ContainsRune(" \t\r\n", rune(text[i])) {
				i++
			}
		case '|', '>':
			skipLine()
			return i
		default:
			return i
		}
	}
	return i
}

// dollarsInQuotes returns the byte where the k-th "${" of a double quoted text
// begins, which may be written with escapes.
func dollarsInQuotes(text []byte, i, k int) (int, bool) {
	dollar := -1 // where the character before was a "$"
	for i < len(text) && text[i] != '"' {
		at, c := i, rune(text[i])
		i++
		if c == '\\' && i < len(text) {
			c = rune(text[i])
			i++
			switch c {
			case 'x', 'u', 'U':
				digits := map[rune]int{'x': 2, 'u': 4, 'U': 8}[c]
				end := min(i+digits, len(text))
				n, _ := strconv.ParseUint(string(text[i:end]), 16, 32)
				c, i = rune(n), end
			case '\n', '\r': // a line that goes on: nothing stands here
				if c == '\r' && i < len(text) && text[i] == '\n' {
					i++
				}
				for i < len(text) && (text[i] == ' ' || text[i] == '\t') {
					i++
				}
				continue
			default:
				c = -1 // no other escape stands for "$" or "{"
			}
		}
		if c == '{' && dollar >= 0 {
			if k == 0 {
				return dollar, true
			}
			k--
		}
		dollar = -1
		if c == '$' {
			dollar = at
		}
	}
	return 0, false
}
