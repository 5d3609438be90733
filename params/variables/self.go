package variables

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/slsflow/slsflow/params"
)

// follow walks from a cell along keys, and resolves what is on the way and all
// below its end. For left the node is the one that the command line must give.
func (s *session) follow(ctx context.Context, c *cell, keys ...string) (*node, status) {
	for _, key := range keys {
		next, n, st := s.enter(ctx, c, key)
		if st != found {
			return n, st
		}
		c = next
	}
	return s.end(ctx, c)
}

// enter resolves a cell and returns what is in it at a key.
func (s *session) enter(ctx context.Context, c *cell, key string) (*cell, *node, status) {
	if st := s.settle(ctx, c); st != found {
		return nil, nil, st
	}
	if c.value.kind == liveNode {
		return nil, c.value, left
	}
	if c = s.child(c, key); c == nil {
		return nil, nil, absent
	}
	return c, nil, found
}

// end resolves all below the cell that an address leads to.
func (s *session) end(ctx context.Context, c *cell) (*node, status) {
	n, st := s.final(ctx, c, false)
	if st == found && n.kind == scalarNode && n.scalar == nil {
		return nil, absent
	}
	return n, st
}

// self is the source of ${self:a.b}.
func (s *session) self(ctx context.Context, x variable, a args) (*node, status, string) {
	address, ok := a.address.text()
	if !ok && a.address.value() != nil {
		s.fail(x, SourceFailed, nil, "", "the address of self is %s, want a text", kindName(a.address.value()))
		return nil, failed, ""
	}
	v, st := s.property(ctx, x, address)
	if st == absent {
		return s.none(func() string { return "the document has no " + a.String() })
	}
	return v, st, ""
}

// property returns the property at an address of self.
func (s *session) property(ctx context.Context, x variable, address string) (*node, status) {
	c, more := s.root, address != ""
	for key := ""; more; {
		key, address, more = strings.Cut(address, ".")
		next, v, st := s.enter(ctx, c, key)
		if st != found {
			return v, st
		}
		c = next
	}
	v, st := s.end(ctx, c)
	if st != found {
		return v, st
	}
	return s.again(x, v)
}

// again looks through a value that is resolved for variables, as is done with
// the value of every source: an escape is lost when another property refers to
// it.
func (s *session) again(x variable, v *node) (*node, status) {
	if v.weight > maxWeight {
		s.fail(x, TooLarge, nil, "", "the value is too large")
		return nil, failed
	}
	if !v.is(isScanned) {
		return v, found
	}
	from, part := x.origin()
	out, err := v.reparsed(from, part)
	if err == nil {
		return out, found
	}
	if syntax, ok := errors.AsType[*SyntaxError](err); ok {
		s.fail(x, syntax.Code, err, "", "its value is no variable: %v", err)
	}
	return nil, failed
}

// reparsed returns n itself if no text in it holds a variable.
func (n *node) reparsed(from *node, part *Part) (*node, error) {
	if !n.is(isScanned) {
		return n, nil
	}
	switch n.kind {
	case mapNode, listNode:
		kids, changed := make([]*node, len(n.kids)), false
		for i, kid := range n.kids {
			out, err := kid.reparsed(from, part)
			if err != nil {
				return nil, err
			}
			kids[i] = out
			changed = changed || out != kid
		}
		if changed {
			return (&node{kind: n.kind, names: n.names, kids: kids, from: from, part: part}).sealed(), nil
		}
	case scalarNode:
		if n.literal {
			return n, nil
		}
		out := &node{scalar: n.scalar, from: from, part: part, origins: n.origins}
		if err := out.rescan(); err != nil {
			return nil, err
		}
		if out.kind == textNode {
			return out.sealed(), nil
		}
	}
	return n, nil
}

// param is the source of ${param:name}. Names are flat: a dot has no meaning.
func (s *session) param(ctx context.Context, x variable, a args) (*node, status, string) {
	name, ok := a.address.text()
	if !ok || name == "" {
		s.fail(x, SourceFailed, nil, "", "no name, want ${param:name}")
		return nil, failed, ""
	}
	if s.stage == "" {
		s.fail(x, SourceFailed, nil, "name the stage of the run", "params depend on the stage, which is being looked for")
		return nil, failed, ""
	}
	var asked []string
	for i, layer := range s.layers {
		var v *node
		var st status
		label := layer.Name
		switch {
		case layer.Block != NoBlock:
			v, st, label = s.block(ctx, x, layer, name)
		case layer.Layer == nil:
			continue
		default:
			v, st = s.layer(ctx, x, i, name)
		}
		switch st {
		case found:
			return v, found, ""
		case failed, left:
			return nil, st, ""
		}
		asked = append(asked, label)
	}
	return s.none(func() string { return fmt.Sprintf("param %s is in none of %s", a, strings.Join(asked, ", ")) })
}

// block looks for a param in the document.
func (s *session) block(ctx context.Context, x variable, layer ParamLayer, name string) (v *node, st status, label string) {
	key := s.stage
	if layer.Block == DefaultBlock {
		key = "default"
	}
	label = "params." + key
	v, st = s.follow(ctx, s.root, "params", key, name)
	if _, has := s.has("stages"); st == absent && has {
		label = "stages." + key + ".params"
		v, st = s.follow(ctx, s.root, "stages", key, "params", name)
	}
	if st != found {
		return nil, st, label
	}
	v = v.withOrigins([]Origin{{Type: "param", Address: name, Layer: label, Secret: v.is(isSecret)}})
	v, st = s.again(x, v)
	return v, st, label
}

// has returns the cell of a key at the root, which is not resolved.
func (s *session) has(key string) (*cell, bool) {
	c := s.child(s.root, key)
	return c, c != nil
}

// layer looks for a param in a layer of the caller.
func (s *session) layer(ctx context.Context, x variable, i int, name string) (*node, status) {
	key := questionKey{typ: "param", address: name, params: strconv.Itoa(i)}
	r, ok := s.memo.replies[key]
	layer := s.layers[i]
	if !ok {
		r = new(reply)
		r.value, r.found, r.err = layer.Layer.Lookup(ctx, name)
		s.memo.replies[key] = r
	}
	if r.err != nil {
		return nil, s.refused(ctx, x, args{}, fmt.Errorf("param %q of %s: %w", name, layer.Name, r.err))
	}
	if !r.found || r.value == nil {
		return nil, absent
	}
	o := Origin{Type: "param", Address: name, Layer: layer.Name, Secret: holdsSecret(r.value)}
	return s.made(x, r.value, []Origin{o})
}

func holdsSecret(v any) bool {
	switch v := v.(type) {
	case params.Secret:
		return true
	case []any:
		return slices.ContainsFunc(v, holdsSecret)
	case map[string]any:
		for _, item := range v {
			if holdsSecret(item) {
				return true
			}
		}
	}
	return false
}

// file is the source of ${file(path):a.b}. The keys may lead through variables
// of the file.
func (s *session) file(ctx context.Context, x variable, f *fileSource, a args) (*node, status, string) {
	if f.programs != nil {
		list, _ := a.values()
		if name, err := f.name(list); err == nil && f.programs.Runs(name) {
			return s.program(ctx, x, f, name, a)
		}
	}
	key := ""
	if len(a.params) > 0 {
		var isText bool
		if key, isText = a.params[0].text(); !isText {
			key = fmt.Sprintf("\x00%v", a.params[0].value()) // as no path is
		}
	}
	root, ok := s.files[key]
	if !ok {
		tree, err := s.memo.load(f, key, a)
		if err != nil {
			return nil, s.refused(ctx, x, a, err), ""
		}
		if tree != nil {
			root = &cell{n: tree, file: true}
		}
		s.files[key] = root
	}
	if root == nil {
		return s.none(func() string { return "there is no file " + a.params[0].String() })
	}
	keys, err := addressText("the address of file", a.address.value())
	if err != nil {
		return nil, s.refused(ctx, x, a, err), ""
	}
	c := root
	for more := keys != ""; more; {
		var key string
		key, keys, more = strings.Cut(keys, ".")
		next, _, st := s.enter(ctx, c, key)
		if st == absent {
			return s.none(func() string { return fmt.Sprintf("%s has no %s", a.params[0], a.address) })
		}
		if st != found {
			return nil, st, ""
		}
		c = next
	}
	if c.n.kind == scalarNode && c.n.scalar == nil {
		return s.none(func() string { return fmt.Sprintf("%s holds null there", a.params[0]) })
	}
	return c.n, found, ""
}
