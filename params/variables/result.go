package variables

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/slsflow/slsflow/params"
)

// Result is a document with its variables resolved. It is not changed by
// anything, and safe for concurrent use. What could not be resolved, what is
// left to the command line, and the params of other stages are as written.
type Result struct {
	root  *node
	stage string
	doc   *Document

	failures []Failure
	trails   map[string][]Step
}

// Stage returns the stage that it was resolved for.
func (r *Result) Stage() string { return r.stage }

// Value returns the whole document: map[string]any, []any, string, int64,
// float64, bool, nil, and params.Secret for every value that a secret went into,
// also if it would be a number or a bool. It belongs to the caller.
func (r *Result) Value() any { return r.root.value() }

// At returns the value at a path, as [Result.Value] has it. Each step is the key
// of a map, or the index of a list in decimal.
func (r *Result) At(steps ...string) (value any, ok bool) {
	n := r.root
	for _, step := range steps {
		if n = n.step(step); n == nil {
			return nil, false
		}
	}
	return n.value(), true
}

// Leaf is one value of a [Result] that is neither a map nor a list.
type Leaf struct {
	// Keys is where it stands, and Path the same for people, such as
	// "provider.vpc.subnetIds[0]".
	Keys []string
	Path string
	// Pos is where it is written, or the variable that it is a part of.
	Pos Pos
	// Value is as [Result.Value] has it.
	Value any
	// Secret is true if a secret is in it.
	Secret bool
	// Written is true if it is as it was written, with variables in it.
	Written bool
	// Origins are the places that it came from. None means that it is written
	// in the document.
	Origins []Origin
}

// Leaves returns all values of the document in its order.
func (r *Result) Leaves() []Leaf {
	var leaves []Leaf
	r.root.walk(nil, func(n *node, at *place) {
		if n.kind == mapNode || n.kind == listNode {
			return
		}
		leaves = append(leaves, Leaf{
			Keys: at.keys(), Path: at.String(), Pos: n.pos(), Value: n.value(), Secret: n.secret(),
			Written: n.kind == textNode || n.kind == liveNode, Origins: n.origins.all(),
		})
	})
	return leaves
}

// JSON returns the document in the order that it is written in, indented, with
// each secret as REDACTED.
func (r *Result) JSON() ([]byte, error) {
	return r.write(&writer{leaf: func(n *node) (any, error) {
		if n.secret() && n.kind != liveNode {
			return params.Redacted, nil
		}
		return n.value(), nil
	}})
}

// RevealedJSON is [Result.JSON] with the secrets in the clear. It is for a file
// that nobody else can read, and never for a log.
func (r *Result) RevealedJSON() ([]byte, error) {
	return r.write(&writer{leaf: func(n *node) (any, error) {
		if n.kind == liveNode {
			return n.live.raw, nil
		}
		return reveal(n), nil
	}})
}

// Below returns what stands at a path as a result of its own, as it would be handed
// to the command line: see [Result.CLI].
func (r *Result) Below(steps ...string) (*Result, bool) {
	n := r.root.along(steps)
	if n == nil {
		return nil, false
	}
	below := *r
	below.root = n
	return &below, true
}

// Decode stores the document, or what stands at a path of it, in what v points to,
// by the rules of encoding/json. Secrets are in the clear in it; a variable that is
// not resolved is a text. Without a value at the path it is an error.
func (r *Result) Decode(v any, steps ...string) error {
	below, ok := r.Below(steps...)
	if !ok {
		return fmt.Errorf("%s: no value at %s", r.doc.file, strings.Join(steps, "."))
	}
	src, err := below.RevealedJSON()
	if err != nil {
		return err
	}
	if err := json.Unmarshal(src, v); err != nil {
		return fmt.Errorf("%s: %w", below.root.pos(), err)
	}
	return nil
}

func (r *Result) write(w *writer) ([]byte, error) {
	w.node(r.root, nil, 0)
	if err := w.errs.Err(); err != nil {
		return nil, err
	}
	w.b.WriteByte('\n')
	return w.b.Bytes(), nil
}

// writer writes JSON in the order of the document.
type writer struct {
	b    bytes.Buffer
	leaf func(*node) (any, error)
	skip func(*place) bool
	errs Errors
}

func (w *writer) node(n *node, at *place, depth int) {
	if n.kind != mapNode && n.kind != listNode {
		v, err := w.leaf(n)
		if err != nil {
			w.errs = append(w.errs, &Error{Pos: n.pos(), Path: at.String(), Code: NotForCLI, Msg: err.Error()})
			return
		}
		w.scalar(v)
		return
	}
	open, end := byte('{'), byte('}')
	if n.kind == listNode {
		open, end = '[', ']'
	}
	w.b.WriteByte(open)
	some := false
	for i, kid := range n.kids {
		kidAt := at.index(i)
		if n.kind == mapNode {
			kidAt = at.field(n.keys()[i])
		}
		if w.skip != nil && w.skip(kidAt) {
			continue
		}
		if some {
			w.b.WriteByte(',')
		}
		some = true
		w.line(depth + 1)
		if n.kind == mapNode {
			w.scalar(n.keys()[i])
			w.b.WriteString(": ")
		}
		w.node(kid, kidAt, depth+1)
	}
	if some {
		w.line(depth)
	}
	w.b.WriteByte(end)
}

func (w *writer) line(depth int) {
	w.b.WriteByte('\n')
	w.b.WriteString(strings.Repeat("  ", depth))
}

func (w *writer) scalar(v any) {
	enc := json.NewEncoder(&w.b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		w.errs = append(w.errs, &Error{Code: BadResult, Msg: err.Error(), Err: err})
		return
	}
	w.b.Truncate(w.b.Len() - 1) // the newline
}
