package variables

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
	v, st := s.settle(ctx, c)
	if st != found {
		return nil, nil, st
	}
	if v.n.kind == liveNode {
		return nil, v.n, left
	}
	if c = v.step(key); c == nil {
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
func (s *session) self(ctx context.Context, n *node, at *place, p Part, a args) (*node, status, string) {
	address := ""
	if a.address != nil && (a.address.kind != scalarNode || a.address.scalar != nil) {
		text, ok := revealedText(a.address)
		if !ok {
			s.fail(n, at, p, SourceFailed, nil, "", "the address of self is %s, want a text", describe(a.address))
			return nil, failed, ""
		}
		address = text
	}
	v, st := s.property(ctx, n, at, p, address)
	if st == absent {
		return nil, st, "the document has no " + shown(a)
	}
	return v, st, ""
}

// property returns the property at an address of self.
func (s *session) property(ctx context.Context, n *node, at *place, p Part, address string) (*node, status) {
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
	return s.again(n, at, p, v)
}

// revealedText returns a node that is a text, and no number or bool.
func revealedText(n *node) (string, bool) {
	switch v := n.scalar.(type) {
	case string:
		return v, n.kind == scalarNode
	case params.Secret:
		return v.Reveal(), n.kind == scalarNode
	}
	return "", false
}

// again looks through a value that is resolved for variables, as is done with
// the value of every source: an escape is lost when another property refers to
// it.
func (s *session) again(n *node, at *place, p Part, v *node) (*node, status) {
	if v.weight > maxWeight {
		s.fail(n, at, p, TooLarge, nil, "", "the value is too large")
		return nil, failed
	}
	if !v.scan {
		return v, found
	}
	pos, via := n.origin(p)
	out, err := v.reparsed(pos, via)
	if err == nil {
		return out, found
	}
	if syntax, ok := errors.AsType[*SyntaxError](err); ok {
		s.fail(n, at, p, syntax.Code, err, "", "its value is no variable: %v", err)
	}
	return nil, failed
}

// reparsed returns n itself if no text in it holds a variable.
func (n *node) reparsed(pos Pos, via string) (*node, error) {
	switch n.kind {
	case mapNode, listNode:
		var kids []*node
		for i, kid := range n.kids {
			out, err := kid.reparsed(pos, via)
			if err != nil {
				return nil, err
			}
			if out != kid && kids == nil {
				kids = append(make([]*node, 0, len(n.kids)), n.kids...)
			}
			if kids != nil {
				kids[i] = out
			}
		}
		if kids == nil {
			return n, nil
		}
		return (&node{kind: n.kind, keys: n.keys, index: n.index, kids: kids, pos: pos, via: via}).sealed(), nil
	case scalarNode:
		text, ok := n.scalar.(string)
		if !ok || n.literal || !strings.Contains(text, "${") {
			return n, nil
		}
		out := &node{scalar: text, pos: pos, via: via, origins: n.origins}
		if err := out.rescan(); err != nil {
			return nil, err
		}
		if out.kind == scalarNode {
			return n, nil
		}
		return out.sealed(), nil
	}
	return n, nil
}

// param is the source of ${param:name}. Names are flat: a dot has no meaning.
func (s *session) param(ctx context.Context, n *node, at *place, p Part, a args) (*node, status, string) {
	name, ok := "", a.address != nil
	if ok {
		name, ok = revealedText(a.address)
	}
	if !ok || name == "" {
		s.fail(n, at, p, SourceFailed, nil, "", "no name, want ${param:name}")
		return nil, failed, ""
	}
	if s.stage == "" {
		s.fail(n, at, p, SourceFailed, nil, "name the stage of the run", "params depend on the stage, which is being looked for")
		return nil, failed, ""
	}
	var asked []string
	for i, layer := range s.layers {
		var v *node
		var st status
		label := layer.Name
		switch {
		case layer.Block != NoBlock:
			v, st, label = s.block(ctx, layer, name)
		case layer.Layer == nil:
			continue
		default:
			v, st = s.layer(ctx, n, at, p, i, name)
		}
		switch st {
		case found:
			return v, found, ""
		case failed, left:
			return nil, st, ""
		}
		asked = append(asked, label)
	}
	return nil, absent, fmt.Sprintf("param %s is in none of %s", shown(a), strings.Join(asked, ", "))
}

// block looks for a param in the document.
func (s *session) block(ctx context.Context, layer ParamLayer, name string) (v *node, st status, label string) {
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
	ask := s.askers[len(s.askers)-1]
	v = v.withOrigins([]Origin{{Type: "param", Address: name, Layer: label, Secret: v.holdsSecret()}})
	v, st = s.again(ask.n, ask.at, ask.p, v)
	return v, st, label
}

// has returns the cell of a key at the root, which is not resolved.
func (s *session) has(key string) (*cell, bool) {
	c := s.root.step(key)
	return c, c != nil
}

// layer looks for a param in a layer of the caller.
func (s *session) layer(ctx context.Context, n *node, at *place, p Part, i int, name string) (*node, status) {
	key := fmt.Sprintf("param\x00%d\x00%s", i, name)
	r, ok := s.memo.replies[key]
	layer := s.layers[i]
	if !ok {
		r.value, r.found, r.err = layer.Layer.Lookup(ctx, name)
		s.memo.replies[key] = r
	}
	if r.err != nil {
		return nil, s.refused(ctx, n, at, p, args{}, fmt.Errorf("param %q of %s: %w", name, layer.Name, r.err))
	}
	if !r.found || r.value == nil {
		return nil, absent
	}
	o := Origin{Type: "param", Address: name, Layer: layer.Name, Secret: holdsSecret(r.value)}
	return s.made(n, at, p, r.value, []Origin{o})
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
func (s *session) file(ctx context.Context, n *node, at *place, p Part, f *fileSource, a args) (*node, status, string) {
	list, address := a.values()
	var written any
	if len(list) > 0 {
		written = list[0]
	}
	key := fmt.Sprint(written)
	root, ok := s.files[key]
	if !ok {
		tree, name, err := s.memo.load(f, key, list)
		if err != nil {
			return nil, s.refused(ctx, n, at, p, a, err), ""
		}
		if tree != nil {
			tree = tree.withOrigins([]Origin{{Type: "file", Address: name, Object: name}})
			root = &cell{n: tree, at: (*place)(nil).field("file(" + name + ")")}
		}
		s.files[key] = root
	}
	if root == nil {
		return nil, absent, "there is no file " + shownNode(a.params[0])
	}
	keys, err := addressText("the address of file", address)
	if err != nil {
		return nil, s.refused(ctx, n, at, p, a, err), ""
	}
	c := root
	if keys != "" {
		for key := range strings.SplitSeq(keys, ".") {
			v, st := s.settle(ctx, c)
			if st != found {
				return nil, st, ""
			}
			if v.n.kind == liveNode {
				return nil, left, ""
			}
			if c = v.step(key); c == nil {
				return nil, absent, fmt.Sprintf("%s has no %s", shownNode(a.params[0]), shownNode(a.address))
			}
		}
	}
	if c.n.kind == scalarNode && c.n.scalar == nil {
		return nil, absent, fmt.Sprintf("%s holds null there", shownNode(a.params[0]))
	}
	return c.n, found, ""
}
