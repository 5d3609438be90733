package variables

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"slices"

	"github.com/slsflow/slsflow/internal/yamldoc"
)

// Splice resolves the document in part and returns its bytes with each variable
// that has a value replaced at its place; every other byte is as it was. With
// [Resolver.Only] these are the variables of some types. What the command line
// makes of the bytes is what it would have made of the document, with these
// values: where a value holds "${", it is escaped. A variable that is left loses
// the sources before the first that can have a value: "${param:a, ssm:/b}" with
// no a becomes "${ssm:/b}".
//
// A text is left as it is written that a secret went into, that cannot be
// written without the environment, or that stands in a form in which its
// variables have no place of their own, such as one over several lines. The error
// is [Errors], as that of [Resolver.Resolve]; the texts that failed are left as
// they are written.
func (r *Resolver) Splice(ctx context.Context, d *Document) ([]byte, error) {
	memo := newMemory()
	at := r.stageOf(ctx, d, memo)
	var edits []edit
	s := r.rounds(ctx, d, at, memo, func(s *session) {
		s.spoil(ctx)
		root, _ := s.final(ctx, s.root, true)
		failed := make(map[string]bool)
		for _, c := range s.fails {
			failed[c.place().String()] = true
		}
		edits = s.edits(ctx, d, &Result{root: root, stage: at.name, doc: d}, failed)
	})
	out, spliceErr := d.splice(edits)
	if spliceErr != nil {
		return d.src, spliceErr
	}
	return out, s.errs.Err()
}

// edits returns those of all texts.
func (s *session) edits(ctx context.Context, d *Document, result *Result, failed map[string]bool) []edit {
	var list []edit
	type written struct { // by several places, if it has an anchor
		yaml *yamldoc.Node
		base int
	}
	seen := make(map[written]bool)
	d.root.walk(nil, func(n *node, at *place) {
		keys := at.keys()
		other := len(keys) > 1 && isBlock(keys[0]) && s.otherStage(keys[1])
		if n.kind != textNode || n.bad() != nil || n.yaml == nil || seen[written{n.yaml, n.base()}] || failed[at.String()] || other {
			return
		}
		seen[written{n.yaml, n.base()}] = true
		if n.parts().Whole(n.text()) {
			if !s.concerns(n.parts()[0]) {
				return
			}
			if v := result.root.along(keys); v != nil && (v.live == nil || v.live.written == nil) {
				list = append(list, d.whole(n, v)...)
			}
			return
		}
		list = append(list, s.pieces(ctx, d, n)...)
	})
	return list
}

// concerns reports whether p is a variable in which a type is that has a source.
func (s *session) concerns(p Part) (some bool) {
	eachVariable(&variable{}, []Part{p}, func(x *variable) {
		some = some || slices.ContainsFunc(x.p.Sources, func(c Call) bool { return c.Type != "" && s.known(c.Type) })
	})
	return some
}

// along returns the node at a path, or nil.
func (n *node) along(keys []string) *node {
	for _, key := range keys {
		if n = n.step(key); n == nil {
			return nil
		}
	}
	return n
}

// splice makes the edits, but for those of a text that would be read as another
// than it should be.
func (d *Document) splice(edits []edit) ([]byte, error) {
	slices.SortFunc(edits, func(a, b edit) int { return a.start - b.start })
	for {
		var b bytes.Buffer
		last := 0
		for _, e := range edits {
			if e.start < last {
				return nil, fmt.Errorf("%s: two variables at byte %d", d.file, e.start)
			}
			b.Write(d.src[last:e.start])
			b.WriteString(e.text)
			last = e.end
		}
		b.Write(d.src[last:])
		want := make(map[*node]any, len(edits))
		for _, e := range edits {
			want[e.node] = e.want
		}
		bad := make(map[*node]bool)
		again, _ := ParseDocument(d.file, b.Bytes()) // what was written wrongly is so still
		if again == nil {
			return nil, fmt.Errorf("%s: the values cannot be written in the form of the file", d.file)
		}
		d.root.walk(nil, func(n *node, at *place) {
			if v, edited := want[n]; edited {
				if got := again.root.along(at.keys()); got == nil || !reflect.DeepEqual(got.value(), v) {
					bad[n] = true
				}
			}
		})
		if len(bad) == 0 {
			return b.Bytes(), nil
		}
		edits = slices.DeleteFunc(edits, func(e edit) bool { return bad[e.node] })
	}
}
