package variables

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/slsflow/slsflow/internal/yamldoc"
)

// Pos is a place in a file. Line and Col count from 1, Col in bytes. The zero
// Pos is no place.
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

func fromYAML(p yamldoc.Pos) Pos { return Pos(p) }

// place is where a value stands in a document, as a list from the inside out, so
// that paths share what they have in common. The nil path is the root.
type place struct {
	up   *place
	key  string
	item int // the index of a list if key is "", counted from 1
}

func (p *place) field(key string) *place { return &place{up: p, key: key} }

func (p *place) index(i int) *place { return &place{up: p, item: i + 1} }

// step returns the key, or the index in decimal.
func (p *place) step() string {
	if p.item > 0 {
		return strconv.Itoa(p.item - 1)
	}
	return p.key
}

// keys returns the path as an address has it, from the root.
func (p *place) keys() []string {
	if p == nil {
		return nil
	}
	return append(p.up.keys(), p.step())
}

// String returns the path as people write it: "provider.vpc.subnetIds[0]".
func (p *place) String() string {
	if p == nil {
		return ""
	}
	up := p.up.String()
	switch {
	case p.item > 0:
		return up + "[" + p.step() + "]"
	case p.key == "" || strings.ContainsAny(p.key, ".[]\" \n"):
		return up + "[" + strconv.Quote(p.key) + "]"
	case up == "":
		return p.key
	default:
		return up + "." + p.key
	}
}
