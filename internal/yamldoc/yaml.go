package yamldoc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/slsflow/slsflow/internal/slab"
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
	if utf8.Valid(src) { // which is a lot faster than to look for the place
		return -1
	}
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
	at       cursor
	made     slab.Slab[Node]
	items    slab.Slab[*Node]
	fields   slab.Slab[Field]
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
		off := p.at.move(p.src, second.Line, second.Column)
		p.problems = append(p.problems, problem(p.src.pos(off), "a second document begins here (keep one document in the file)"))
	}
	return root, nil
}

func (p *parser) node(y *yaml.Node, depth int) *Node {
	n := p.made.New()
	n.Offset, n.src = p.at.move(p.src, y.Line, y.Column), p.src
	n.Pos = p.src.posIn(y.Line, n.Offset)
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
		n.Items = p.items.Make(len(y.Content))
		for i, item := range y.Content {
			n.Items[i] = p.node(item, depth+1)
			p.inBrackets(y, n.Items[i])
		}
	default:
		n.Text, n.Plain = y.Value, isPlain(y)
		if n.isText = isText(n.Tag, n.Text, n.Plain); n.isText {
			break
		}
		v, why := tagged(n.Tag, n.Text, n.Plain)
		if why != "" {
			p.problems = append(p.problems, problem(n.Pos, "%s", why))
		}
		_, n.isText = v.(string)
		n.value = v
	}
	return n
}

// inBrackets refuses a value of y that the library takes for a text, and js-yaml
// for something else or for nothing, if y is written in brackets.
func (p *parser) inBrackets(y *yaml.Node, n *Node) {
	if y.Style&yaml.FlowStyle != 0 && n.Plain && (n.Text == "-" || strings.HasSuffix(n.Text, ":")) {
		p.problems = append(p.problems, problem(n.Pos, "%s is no text in brackets (quote it)", n.Text))
	}
}

// isPlain reports whether a scalar has no quotes and is no block.
func isPlain(y *yaml.Node) bool {
	return y.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0
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
