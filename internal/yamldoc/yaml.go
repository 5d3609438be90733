package yamldoc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

const (
	// maxAliased bounds how many nodes aliases may add to a file.
	maxAliased = 100_000
	// maxDepth bounds how deep nodes may nest.
	maxDepth = 1_000
)

// Parse reads a YAML file. file is the name that positions have. The node is nil
// for a file with no value in it. The error is [Problems]; there may be a node
// beside it, of what could be read.
func Parse(file string, src []byte) (*Node, error) {
	p := &parser{src: newSource(file, src)}
	if bad := firstInvalid(src); bad >= 0 {
		p.problems = append(p.problems, problem(p.src.pos(bad), "no UTF-8 text (save the file as UTF-8)"))
		return nil, p.problems.Err()
	}
	root, err := p.decode(src)
	if err != nil {
		p.syntax(src, err)
		return nil, p.problems.Err()
	}
	if root == nil || len(root.Content) == 0 {
		return nil, p.problems.Err()
	}
	return p.node(root.Content[0], 0), p.problems.Err()
}

func firstInvalid(src []byte) int {
	for i := 0; i < len(src); {
		r, size := utf8.DecodeRune(src[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

type parser struct {
	src      *source
	problems Problems
	nodes    map[*yaml.Node]*Node // of anchors
	sizes    map[*Node]int        // how many nodes an anchor stands for
	open     map[*yaml.Node]bool  // anchors that are being read
	aliased  int
	tooMany  bool
}

// decode returns the only document of src.
func (p *parser) decode(src []byte) (root *yaml.Node, err error) {
	defer func() { // the library panics on some files instead of refusing them
		if r := recover(); r != nil {
			root, err = nil, fmt.Errorf("yaml: cannot be read: %v", r)
		}
	}()
	dec := yaml.NewDecoder(bytes.NewReader(src))
	root = new(yaml.Node)
	if err := dec.Decode(root); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, nil
		}
		return nil, err
	}
	var second yaml.Node
	switch err := dec.Decode(&second); {
	case errors.Is(err, io.EOF):
	case err != nil:
		return nil, err
	default:
		off := p.src.offset(second.Line, second.Column)
		p.problems = append(p.problems, problem(p.src.pos(off), "a second document begins here (keep one document in the file)"))
	}
	return root, nil
}

func (p *parser) node(y *yaml.Node, depth int) *Node {
	off := p.src.offset(y.Line, y.Column)
	n := &Node{Pos: p.src.pos(off), Offset: off, src: p.src}
	if depth > maxDepth {
		p.problems = append(p.problems, problem(n.Pos, "nested more than %d deep", maxDepth))
		return n
	}
	if y.Kind == yaml.AliasNode {
		return p.alias(y, n)
	}
	if y.Anchor != "" {
		if p.nodes == nil {
			p.nodes, p.sizes, p.open = map[*yaml.Node]*Node{}, map[*Node]int{}, map[*yaml.Node]bool{}
		}
		p.nodes[y], p.open[y] = n, true
		defer delete(p.open, y)
	}
	if y.Style&yaml.TaggedStyle != 0 {
		n.Tag = y.Tag
	}
	switch y.Kind {
	case yaml.MappingNode:
		n.Kind = Mapping
		p.collection(n, "!!map")
		p.mapping(n, y, depth)
	case yaml.SequenceNode:
		n.Kind = Sequence
		p.collection(n, "!!seq")
		for _, item := range y.Content {
			n.Items = append(n.Items, p.node(item, depth+1))
		}
	default:
		n.Text = y.Value
		n.Plain = y.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0
		v, why := tagged(n.Tag, n.Text, n.Plain)
		if why != "" {
			p.problems = append(p.problems, problem(n.Pos, "%s", why))
		}
		n.value = v
	}
	return n
}

// collection refuses a tag of YAML itself that n cannot have.
func (p *parser) collection(n *Node, own string) {
	if strings.HasPrefix(n.Tag, "!!") && n.Tag != own {
		p.problems = append(p.problems, problem(n.Pos, "the tag %s is not supported on %s", n.Tag, n.Kind))
	}
}

func (p *parser) alias(y *yaml.Node, n *Node) *Node {
	anchor := p.nodes[y.Alias]
	if anchor == nil || p.open[y.Alias] {
		p.problems = append(p.problems, problem(n.Pos, "*%s stands for a value that it is part of", y.Value))
		return n
	}
	p.aliased += p.size(anchor)
	if p.aliased > maxAliased {
		if !p.tooMany {
			p.problems = append(p.problems, problem(n.Pos, "aliases add more than %d values to the file", maxAliased))
		}
		p.tooMany = true
		return n
	}
	return anchor
}

// size counts the nodes of n, aliases included, up to a bound.
func (p *parser) size(n *Node) int {
	if size, ok := p.sizes[n]; ok {
		return size
	}
	size := 1
	for _, f := range n.Fields {
		size += p.size(f.Value)
	}
	for _, item := range n.Items {
		size += p.size(item)
	}
	size = min(size, math.MaxInt/4)
	p.sizes[n] = size
	return size
}

func (p *parser) mapping(n *Node, y *yaml.Node, depth int) {
	first := make(map[string]Pos, len(y.Content)/2)
	var merged []*Node
	for i := 0; i+1 < len(y.Content); i += 2 {
		key := p.node(y.Content[i], depth+1)
		value := p.node(y.Content[i+1], depth+1)
		if key.Kind != Scalar {
			p.problems = append(p.problems, problem(key.Pos, "%s cannot be a key", key.Kind))
			continue
		}
		if key.Plain && key.Text == "<<" && key.Tag == "" {
			merged = append(merged, value)
			continue
		}
		name := keyName(key)
		if before, twice := first[name]; twice {
			p.problems = append(p.problems, problem(key.Pos, "the key %q stands twice (the first is in line %d)", name, before.Line))
			continue
		}
		first[name] = key.Pos
		n.Fields = append(n.Fields, Field{Name: name, Pos: key.Pos, Value: value})
	}
	for _, m := range merged {
		p.merge(n, m, first)
	}
}

// merge adds the fields of the map or maps that "<<" names, where n has none.
func (p *parser) merge(n, from *Node, has map[string]Pos) {
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
			if _, ok := has[f.Name]; !ok {
				has[f.Name] = f.Pos
				n.Fields = append(n.Fields, f)
			}
		}
	}
}

// keyName returns a key as JavaScript names the property.
func keyName(n *Node) string {
	if !n.Plain || n.Tag == "!!str" {
		return n.Text
	}
	switch v := n.value.(type) {
	case nil:
		return "null"
	case float64:
		return FormatNumber(v)
	default:
		return fmt.Sprint(v)
	}
}

var yamlError = regexp.MustCompile(`(?s)^yaml: (?:line (\d+): )?(.*)$`)

// syntax adds the error of the YAML library. The library may name another line
// than the one that is wrong, so the line is looked for: it is the one behind
// the longest beginning of the file that can be read.
func (p *parser) syntax(src []byte, err error) {
	msg, line := err.Error(), 0
	if m := yamlError.FindStringSubmatch(msg); m != nil {
		msg = m[2]
		line, _ = strconv.Atoi(m[1])
	}
	const budget = 1 << 21 // bytes that may be read to find it
	spent := 0
	for k, end := range slices.Backward(p.src.yaml) {
		if spent += end; spent > budget {
			break
		}
		if _, err := (&parser{src: p.src}).decode(src[:end]); err == nil {
			line = k + 1
			break
		}
	}
	msg = strings.TrimSpace(msg)
	p.problems = append(p.problems, problem(p.src.pos(p.src.firstOfLine(line)), "YAML: %s%s", msg, remedy(msg)))
}
