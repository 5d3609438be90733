package variables

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/slsflow/slsflow/params"
)

// param is the source of ${param:name}. Names are flat: a dot has no meaning.
func (s *session) param(ctx context.Context, x *variable, a *args) (*node, status, string) {
	name, ok := scalarText(a.address.value())
	if !ok || name == "" {
		s.fail(x, SourceFailed, nil, "", "no name, want ${param:name}")
		return nil, failed, ""
	}
	if st := s.knowsStage(ctx, x); st != found {
		return nil, st, ""
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
		case hidden:
			return s.none(func() string { return fmt.Sprintf("param %s is null in %s", a.String(), label) })
		}
		asked = append(asked, label)
	}
	return s.none(func() string { return fmt.Sprintf("param %s is in none of %s", a.String(), strings.Join(asked, ", ")) })
}

// block looks for a param in the document.
func (s *session) block(ctx context.Context, x *variable, layer ParamLayer, name string) (v *node, st status, label string) {
	key := layer.Block.key(s.stage)
	label = "params." + key
	keys := []string{"params", key, name}
	v, st = s.follow(ctx, s.root, keys...)
	if s.child(s.root, "stages") != nil && st == absent && !layer.Block.v3() {
		label = "stages." + key + ".params"
		keys = []string{"stages", key, "params", name}
		v, st = s.follow(ctx, s.root, keys...)
	}
	if st == absent && layer.Block.v4() && s.holdsNull(keys) {
		return nil, hidden, label
	}
	if st != found {
		return nil, st, label
	}
	v = v.withOrigins(&origins{[]Origin{{Type: "param", Address: name, Layer: label, Secret: v.is(isSecret)}}})
	v, st = s.again(x, v)
	return v, st, label
}

// holdsNull reports whether what was looked for at keys is there, and null.
func (s *session) holdsNull(keys []string) bool {
	c := s.root
	for _, key := range keys {
		if c.value == nil {
			return false
		}
		if c = s.child(c, key); c == nil {
			return false
		}
	}
	return true
}

// layer looks for a param in a layer of the caller.
func (s *session) layer(ctx context.Context, x *variable, i int, name string) (*node, status) {
	key := questionKey{typ: "param", address: name, params: strconv.Itoa(i)}
	r, ok := s.memo.replies[key]
	layer := s.layers[i]
	if !ok {
		r = new(reply)
		r.value, r.found, r.err = layer.Layer.Lookup(ctx, name)
		s.memo.replies[key] = r
	}
	if r.err != nil {
		return nil, s.refused(ctx, x, new(args), fmt.Errorf("param %q of %s: %w", name, layer.Name, r.err))
	}
	if !r.found || r.value == nil {
		return nil, absent
	}
	o := Origin{Type: "param", Address: name, Layer: layer.Name, Secret: holdsSecret(r.value)}
	return s.made(x, r.value, &origins{[]Origin{o}})
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
