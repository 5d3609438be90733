package yamldoc

import (
	"cmp"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// manyFields is from how many on the fields of a mapping have an index.
const manyFields = 16

// mapping reads the keys and values of y.
func (p *parser) mapping(n *Node, y *yaml.Node, depth int) {
	n.Fields = p.fields.Make(len(y.Content) / 2)[:0]
	if len(y.Content)/2 >= manyFields {
		n.index = make(map[string]int, len(y.Content)/2)
	}
	var merged []*Node
	for i := 0; i+1 < len(y.Content); i += 2 {
		k, ok := p.key(y.Content[i], depth+1)
		value := p.node(y.Content[i+1], depth+1)
		p.inBrackets(y, value)
		switch before, twice := n.Find(k.name); {
		case !ok:
		case k.merge:
			merged = append(merged, value)
		case twice:
			p.problems = append(p.problems, problem(k.pos, "the key %q stands twice (the first is in line %d)", k.name, n.Fields[before].Pos.Line))
		default:
			n.add(Field{Name: k.name, Pos: k.pos, Value: value})
		}
	}
	for _, m := range merged {
		p.merge(n, m)
	}
}

// key is one of a mapping. merge is true for "<<".
type key struct {
	name  string
	pos   Pos
	merge bool
}

// key is false for one that no JSON object can have. Most keys are texts, for
// which no node is made.
func (p *parser) key(y *yaml.Node, depth int) (key, bool) {
	if plain := isPlain(y); y.Kind == yaml.ScalarNode && y.Anchor == "" && y.Style&yaml.TaggedStyle == 0 && isText("", y.Value, plain) {
		return key{y.Value, p.src.posIn(y.Line, p.at.move(p.src, y.Line, y.Column)), plain && y.Value == "<<"}, true
	}
	n := p.node(y, depth)
	if n.Kind != Scalar {
		p.problems = append(p.problems, problem(n.Pos, "%s cannot be a key", n.Kind))
		return key{}, false
	}
	return key{keyName(n), n.Pos, n.Plain && n.Text == "<<" && n.Tag == ""}, true
}

// keyName returns a key as JavaScript names the property.
func keyName(n *Node) string {
	if n.isText || !n.Plain {
		return n.Text
	}
	switch v := n.value.(type) {
	case nil:
		return cmp.Or(notFinite(n.Text), "null")
	case float64:
		return FormatNumber(v)
	default:
		return fmt.Sprint(v)
	}
}

// merge adds the fields of the map or maps that "<<" names, where n has none.
func (p *parser) merge(n, from *Node) {
	maps := []*Node{from}
	if from.Kind == Sequence {
		maps = from.Items
	}
	for _, m := range maps {
		if m.Kind != Mapping {
			p.problems = append(p.problems, problem(m.Pos, "<< wants a map, or a list of maps"))
			continue
		}
		for _, f := range m.Fields {
			if _, ok := n.Find(f.Name); !ok {
				n.add(f)
			}
		}
	}
}

// add adds a field, and an index from some number of them on.
func (n *Node) add(f Field) {
	n.Fields = append(n.Fields, f)
	if n.index == nil && len(n.Fields) == manyFields {
		n.index = make(map[string]int)
		for i, f := range n.Fields {
			n.index[f.Name] = i
		}
	}
	if n.index != nil {
		n.index[f.Name] = len(n.Fields) - 1
	}
}

// Find returns where the field name stands in n.Fields. It may be asked of any
// node, also a nil one.
func (n *Node) Find(name string) (i int, ok bool) {
	if n == nil {
		return 0, false
	}
	if n.index != nil {
		i, ok = n.index[name]
		return i, ok
	}
	for i := range n.Fields {
		if n.Fields[i].Name == name {
			return i, true
		}
	}
	return 0, false
}

// Index returns where each name stands in n.Fields, or nil if they are few. It
// must not be written.
func (n *Node) Index() map[string]int { return n.index }

// Field returns the value of the key name, or false.
func (n *Node) Field(name string) (*Node, bool) {
	if i, ok := n.Find(name); ok {
		return n.Fields[i].Value, true
	}
	return nil, false
}
