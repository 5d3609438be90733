package yamldoc

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
)

// dollars are the places of each "${" of a scalar: in its Text, and in the file.
// Where a "${" has none in the file, the list of the file ends.
type dollars struct{ text, file []int }

// Text returns the node of a file that is all one text, in no format.
func Text(file string, src []byte) *Node {
	n := &Node{Text: string(src), isText: true, Pos: Pos{file, 1, 1}, src: newSource(file, src)}
	list := appendDollars(nil, src, 0, len(src))
	n.src.dollars = map[*Node]dollars{n: {list, list}}
	return n
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
// begins. The first question about a scalar costs as much as its text is long,
// and all others little.
func (n *Node) OffsetAt(i int) (int, bool) {
	if n.src == nil || n.Kind != Scalar || i < 0 || i >= len(n.Text) || !strings.HasPrefix(n.Text[i:], "${") {
		return 0, false
	}
	n.src.mu.Lock()
	defer n.src.mu.Unlock()
	d, known := n.src.dollars[n]
	if !known {
		if n.src.dollars == nil {
			n.src.dollars = make(map[*Node]dollars)
		}
		d = n.findDollars()
		n.src.dollars[n] = d
	}
	// No style of scalar adds or removes a "${" on the way to its text, but for
	// the escapes of double quotes. So the k-th of the text is the k-th there.
	if k, ok := slices.BinarySearch(d.text, i); ok && k < len(d.file) {
		return d.file[k], true
	}
	return 0, false
}

func (n *Node) findDollars() dollars {
	d := dollars{text: appendDollars(nil, []byte(n.Text), 0, len(n.Text))}
	text, start := n.src.text, n.contentStart()
	if start < len(text) && text[start] == '"' {
		d.file = dollarsInQuotes(text, start+1)
		return d
	}
	d.file = appendDollars(make([]int, 0, len(d.text)), text[start:], start, len(d.text))
	return d
}

// appendDollars appends where the first "${" of a text begin, counted from base.
func appendDollars(list []int, text []byte, base, most int) []int {
	for i := 0; len(list) < most; {
		next := bytes.Index(text[i:], []byte("${"))
		if next < 0 {
			break
		}
		list = append(list, base+i+next)
		i += next + 2
	}
	return list
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

// dollarsInQuotes returns the bytes where each "${" of a double quoted text
// begins, which may be written with escapes.
func dollarsInQuotes(text []byte, i int) []int {
	var list []int
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
			list = append(list, dollar)
		}
		dollar = -1
		if c == '$' {
			dollar = at
		}
	}
	return list
}
