package variables

import (
	"errors"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/slsflow/slsflow/internal/slab"
	"github.com/slsflow/slsflow/internal/yamldoc"
)

// Document is a serverless.yml as it is written, with positions. It is not
// changed by anything, and safe for concurrent use.
type Document struct {
	file  string
	src   []byte
	root  *node
	needs counts
}

// counts are how many values a document will need in a session, about: cells, nodes
// that take the place of others, and lists with how many values in all.
type counts struct{ cells, nodes, lists, kids int }

// ParseDocument reads a serverless.yml, or a serverless.json if the name ends so.
// file is the name in positions. The tags of CloudFormation, such as !Ref, become
// the maps that they stand for. The error is [Errors]: all that is wrong with the
// YAML and with the grammar of the variables. If only the latter is wrong, the
// document is returned too: a text that is written wrongly fails when it is
// resolved, and the rest can be.
func ParseDocument(file string, src []byte) (*Document, error) {
	root, needs, errs := readTree(file, src, nil)
	switch {
	case root == nil && len(errs) == 0:
		errs = Errors{{Pos: Pos{File: file, Line: 1, Col: 1}, Code: BadConfig, Msg: "nothing in the file", Hint: "begin with: service: NAME"}}
	case root != nil && root.kind != mapNode:
		errs = append(errs, &Error{Pos: root.pos(), Code: BadConfig, Msg: "a service is a map", Hint: "begin with: service: NAME"})
		root = nil
	}
	if root == nil {
		return nil, errs.Err()
	}
	return &Document{file: file, src: src, root: root, needs: needs}, errs.Err()
}

// readTree reads a file of either format, of which all values have some origins.
// The node is nil for an empty file, and for one in which more is wrong than
// variables in its texts.
func readTree(file string, src []byte, from *origins) (root *node, needs counts, errs Errors) {
	parse := yamldoc.Parse
	if ext := path.Ext(file); ext == ".json" || ext == ".tfstate" {
		parse = yamldoc.ParseJSON
	}
	tree, err := parse(file, src)
	b := builder{origins: from}
	if problems, ok := errors.AsType[yamldoc.Problems](err); ok {
		for _, p := range problems {
			b.errs = append(b.errs, &Error{Pos: fromYAML(p.Pos), Code: InvalidYAML, Msg: p.Msg})
		}
	}
	if tree == nil {
		return nil, counts{}, b.errs
	}
	root = b.node(tree)
	if slices.ContainsFunc(b.errs, func(e *Error) bool { return !e.syntax }) {
		return nil, counts{}, b.errs
	}
	return root, b.needs, b.errs
}

// builder makes nodes of a file.
type builder struct {
	errs      Errors
	origins   *origins
	steps     []place // where it is
	parser    parser
	needs     counts
	nodes     slab.Slab[node]
	templates slab.Slab[template]
	kids      slab.Slab[*node]
	names     slab.Slab[names]
	keys      slab.Slab[string]
}

func (b *builder) node(y *yamldoc.Node) *node {
	if name, ok := strings.CutPrefix(y.Tag, "!"); ok && !strings.HasPrefix(name, "!") {
		return b.tagged(name, y)
	}
	return b.plain(y)
}

// plain makes the node of y without looking at its tag.
func (b *builder) plain(y *yamldoc.Node) *node {
	n := b.nodes.New()
	n.yaml = y
	switch y.Kind {
	case yamldoc.Mapping:
		n.kind, n.names, n.kids = mapNode, b.names.New(), b.kids.Make(len(y.Fields))
		keys := b.keys.Make(len(y.Fields))
		for i, f := range y.Fields {
			keys[i] = f.Name
			b.below(place{key: f.Name}, func() { n.kids[i] = b.node(f.Value) })
		}
		n.names.set(keys, y.Index())
	case yamldoc.Sequence:
		n.kind, n.kids = listNode, b.kids.Make(len(y.Items))
		for i, item := range y.Items {
			b.below(place{item: i + 1}, func() { n.kids[i] = b.node(item) })
		}
	default:
		if text, ok := y.AsText(); ok {
			return b.text(n, text)
		}
		n.scalar, n.origins = y.Scalar(), b.origins
	}
	if n.sealed().is(isOpen) {
		b.needs.cells++
		b.needs.nodes++
		b.needs.lists++
		if len(n.kids) < manyKeys { // else it gets memory of its own
			b.needs.kids += len(n.kids)
		}
	}
	return n
}

// below does something one step further down. The place is kept as steps, since
// few nodes need to know theirs.
func (b *builder) below(step place, do func()) {
	b.steps = append(b.steps, step)
	do()
	b.steps = b.steps[:len(b.steps)-1]
}

func (b *builder) place() (at *place) {
	for _, step := range b.steps {
		at = &place{up: at, key: step.key, item: step.item}
	}
	return at
}

// text makes n the node of a string, with the variables in it.
func (b *builder) text(n *node, text string) *node {
	n.origins = b.origins
	parts, err := b.parser.parse(text)
	if parts == nil && err == nil {
		n.scalar = text
		return n.sealed()
	}
	b.needs.cells++
	if !parts.Whole(text) {
		b.needs.nodes++
	}
	n.kind, n.template = textNode, b.templates.New()
	n.template.text, n.template.parts = text, parts
	if err != nil {
		pos := fromYAML(n.yaml.PosAt(n.base() + err.Start))
		n.template.bad = &Error{Pos: pos, Path: b.place().String(), Expr: text[err.Start:], Code: err.Code, Msg: err.Msg, syntax: true}
		b.errs = append(b.errs, n.template.bad)
	}
	return n.sealed()
}

// At returns the value at a path as [Document.Value] has it, and where it
// stands. Each step is the key of a map, or the index of a list in decimal.
func (d *Document) At(steps ...string) (value any, pos Pos, ok bool) {
	n := d.root.along(steps)
	if n == nil {
		return nil, Pos{}, false
	}
	return n.value(), n.pos(), true
}

// step returns the child at a key or index, or nil.
func (n *node) step(key string) *node {
	if i := n.find(key); i >= 0 {
		return n.kids[i]
	}
	return nil
}

// listIndex reads a decimal index of a list of a length. It is -1 for none.
func listIndex(key string, length int) int {
	i, err := strconv.Atoi(key)
	if err != nil || i < 0 || i >= length || strconv.Itoa(i) != key {
		return -1
	}
	return i
}

// Value returns the document as it is written, with its variables as text:
// map[string]any, []any, string, int64, float64, bool and nil. It belongs to the
// caller.
func (d *Document) Value() any { return d.root.value() }

// File returns the name of the file, as positions have it.
func (d *Document) File() string { return d.file }
