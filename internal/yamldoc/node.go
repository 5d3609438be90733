// Package yamldoc reads a YAML or JSON file as a tree in which everything has a
// position. Call [Parse] or [ParseJSON], then walk from the [Node] it returns.
//
// Plain scalars have the types that the Serverless command line gives them, and
// not those of a Go library: 0777 is 777, 1_000 is a text, and a date stays a
// text. Duplicate keys, several documents in one file and aliases that would
// grow without bound are problems; all [Problems] that can be found come back at
// once. This is the only package that knows which YAML library is used.
package yamldoc

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Kind is what a [Node] is.
type Kind uint8

// The kinds. An alias is not one of them: its node is that of the anchor.
const (
	Scalar Kind = iota
	Sequence
	Mapping
)

// String returns the word for messages: "a value", "a list" or "a map".
func (k Kind) String() string {
	switch k {
	case Sequence:
		return "a list"
	case Mapping:
		return "a map"
	default:
		return "a value"
	}
}

// Pos is a place in a file. Line and Col count from 1, Col in bytes.
type Pos struct {
	File string
	Line int
	Col  int
}

// String returns "file:line:col".
func (p Pos) String() string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col) }

// Compare orders positions by file, line and column.
func (p Pos) Compare(q Pos) int {
	return cmp.Or(strings.Compare(p.File, q.File), cmp.Compare(p.Line, q.Line), cmp.Compare(p.Col, q.Col))
}

// Node is a value of the file. Nodes are not written after they were parsed, so
// that they are safe for concurrent use. The nodes of an alias are shared with
// its anchor.
type Node struct {
	Kind Kind
	// Plain is true for a scalar without quotes that is no block.
	Plain bool
	// isText is true for a scalar that stands for its Text.
	isText bool
	json   bool
	// Tag is the tag as it is written, such as "!Ref", or "" for none.
	Tag string
	// Text is the text of a scalar, without quotes, escapes and indentation.
	Text string
	// Fields are those of a mapping, in the order of the file, and after them
	// those that a "<<" brought in. Their names are unique.
	Fields []Field
	// Items are those of a sequence.
	Items []*Node
	// Pos is where the node begins; its tag or anchor is a part of it.
	Pos Pos
	// Offset is the byte of the file that Pos stands for.
	Offset int

	value any            // of a scalar that is no text
	index map[string]int // of Fields, if they are many
	src   *source
}

// Field is one key of a mapping and its value.
type Field struct {
	Name  string
	Pos   Pos // of the key
	Value *Node
}

// Scalar returns what a scalar stands for: nil, bool, int64, float64 or string.
// It is nil for other kinds and for a nil node.
func (n *Node) Scalar() any {
	switch {
	case n == nil:
		return nil
	case n.isText:
		return n.Text
	default:
		return n.value
	}
}

// AsText returns the text that a scalar stands for, or false if it is no text.
func (n *Node) AsText() (string, bool) { return n.Text, n.isText }

// NotFinite reports whether a scalar is .inf or .nan, which is null by way of JSON.
func (n *Node) NotFinite() bool {
	return n != nil && n.Kind == Scalar && !n.isText && n.value == nil && notFinite(n.Text) != ""
}

// Value returns the node and all below it as map[string]any, []any and what
// [Node.Scalar] returns. Tags other than those of YAML itself are not looked at.
// The value belongs to the caller.
func (n *Node) Value() any {
	if n == nil {
		return nil
	}
	switch n.Kind {
	case Mapping:
		m := make(map[string]any, len(n.Fields))
		for _, f := range n.Fields {
			m[f.Name] = f.Value.Value()
		}
		return m
	case Sequence:
		l := make([]any, len(n.Items))
		for i, item := range n.Items {
			l[i] = item.Value()
		}
		return l
	default:
		return n.Scalar()
	}
}

// Problem is one thing that is wrong with a file.
type Problem struct {
	Pos Pos
	Msg string
}

// Error returns "file:line:col: message".
func (p *Problem) Error() string { return p.Pos.String() + ": " + p.Msg }

// Problems are all that were found in a file, sorted by position.
type Problems []*Problem

// Error returns the problems, one on a line.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, q := range p {
		lines[i] = q.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns each problem, for errors.AsType.
func (p Problems) Unwrap() []error {
	errs := make([]error, len(p))
	for i, q := range p {
		errs[i] = q
	}
	return errs
}

// Err sorts p and returns it, or nil if there is no problem, so that an empty
// list never becomes an error that is not nil.
func (p Problems) Err() error {
	if len(p) == 0 {
		return nil
	}
	slices.SortStableFunc(p, func(a, b *Problem) int {
		return cmp.Or(a.Pos.Compare(b.Pos), strings.Compare(a.Msg, b.Msg))
	})
	return p
}

// problem makes a Problem.
func problem(pos Pos, format string, args ...any) *Problem {
	return &Problem{Pos: pos, Msg: fmt.Sprintf(format, args...)}
}
