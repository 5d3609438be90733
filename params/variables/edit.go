package variables

import (
	"bytes"
	"context"
	"encoding/json"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/slsflow/slsflow/params"
)

// edit replaces bytes of a document.
type edit struct {
	start, end int
	text       string
	node       *node // the text that it is a part of
	want       any   // what that text is then
}

// unquoted are the texts that may stand in a plain scalar, beside others.
func unquoted(text string) bool {
	if strings.ContainsAny(text, "\n\r\t,\"'`") || strings.Contains(text, ": ") || strings.Contains(text, " #") || strings.TrimSpace(text) != text {
		return false
	}
	return text == "" || !strings.ContainsAny(text[:1], "-?:,[]{}#&*!|>'\"%@` ") && !strings.HasSuffix(text, ":")
}

// forSplice writes a value for the command line, or is false if it must not
// stand in a file.
func forSplice(n *node) (v any, ok bool) {
	if n.is(isSecret) || n.kind != liveNode && n.is(isLive) {
		return nil, false
	}
	c := &forCLI{prefix: "P", env: map[string]params.Secret{}, names: map[string]string{}}
	var tree func(*node) any
	tree = func(n *node) any {
		switch n.kind {
		case mapNode:
			m := make(map[string]any, len(n.keys()))
			for i, key := range n.keys() {
				m[key] = tree(n.kids[i])
			}
			return m
		case listNode:
			list := make([]any, len(n.kids))
			for i, kid := range n.kids {
				list[i] = tree(kid)
			}
			return list
		}
		leaf, err := c.leaf(n)
		ok = ok && err == nil
		return leaf
	}
	ok = true
	v = tree(n)
	return v, ok && len(c.env) == 0
}

// whole replaces a variable that is all of a value, with the quotes around it.
func (d *Document) whole(n, value *node) []edit {
	v, ok := forSplice(value)
	start, end, found := d.span(n, n.parts()[0])
	if !ok || !found || v == n.plain() {
		return nil
	}
	if start > 0 && end < len(d.src) && strings.IndexByte(`'"`, d.src[start-1]) >= 0 && d.src[end] == d.src[start-1] {
		start, end = start-1, end+1
	}
	text := d.scalar(v)
	raw, isText := v.(string)
	block := blockHead.FindSubmatchIndex(d.src[min(n.yaml.Offset, start):start])
	switch {
	case isText && value.kind == liveNode && n.yaml.Plain && unquoted(raw):
		text = raw
	case block != nil && isText && raw != "" && raw == strings.TrimSpace(raw) && !strings.ContainsAny(raw, breaks):
		text = raw
	case block != nil: // in its place
		start = n.yaml.Offset + block[2]
	}
	return []edit{{start, end, text, n, v}}
}

// blockHead is what stands before the text of a block.
var blockHead = regexp.MustCompile(`(?:^|\s)([|>][-+0-9]*[ \t]*\r?\n *)$`)

// breaks are what a line of YAML cannot hold.
const breaks = "\n\r\t\u0085\u2028\u2029"

// scalar writes a value in one line.
func (d *Document) scalar(v any) string {
	if path.Ext(d.file) != ".json" {
		switch v.(type) {
		case map[string]any, []any:
		default:
			return yamlScalar(v)
		}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return "null" // never: all kinds of values have a JSON form
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// pieces replaces variables inside of a text, each at its place.
func (s *session) pieces(ctx context.Context, d *Document, n *node) []edit {
	var list []edit
	var want strings.Builder
	last, left, escaped := 0, false, false
	for i, p := range n.parts() {
		want.WriteString(n.text()[last:p.Start])
		last = p.End
		written := n.text()[p.Start:p.End]
		if !s.concerns(p) {
			left = left || p.Sources != nil
			want.WriteString(written)
			continue
		}
		// The property does not matter: what fails in it was told before.
		value, st := s.join(ctx, &variable{n: n, c: s.root}, 0, n.parts()[i:i+1], p.Start, p.End)
		if st != found {
			return nil
		}
		v, ok := forSplice(value)
		text, isText := v.(string)
		start, end, placed := d.span(n, p)
		if !ok || !isText || !placed {
			return nil
		}
		if next := n.text()[p.End:]; next != "" && strings.ContainsAny(text[max(len(text)-1, 0):], `$\`) && strings.ContainsAny(next[:1], `$\{`) {
			return nil // together they would mean something else
		}
		if strings.HasPrefix(text, "{") && strings.HasSuffix(want.String(), "$") {
			return nil
		}
		left = left || value.is(isLive)
		escaped = escaped || !value.is(isLive) && strings.Contains(text, "${")
		want.WriteString(text)
		if text != written {
			list = append(list, edit{start: start, end: end, text: text, node: n})
		}
	}
	want.WriteString(n.text()[last:])
	switch parts, err := Parse(want.String()); {
	case strings.Contains(want.String(), "$${"): // the command line would lose the "$"
		return nil
	case escaped && left: // it loses an escape beside a variable whose value holds another
		return nil
	case err != nil || parts.Whole(want.String()): // it would have the type of what it stands for
		return nil
	}
	return d.fit(n, list, want.String())
}

// fit writes the texts of edits in the form of the scalar that they stand in. A
// plain scalar that they make something else of is put in quotes.
func (d *Document) fit(n *node, list []edit, want string) []edit {
	if len(list) == 0 {
		return nil
	}
	if n.yaml.Plain && slices.ContainsFunc(list, func(e edit) bool { return !unquoted(e.text) }) {
		live := n.parts()[slices.IndexFunc(n.parts(), func(p Part) bool { return p.Sources != nil })]
		at, _, ok := d.span(n, live)
		begin := at - live.Start
		if !ok || n.base() != 0 || begin < 0 || !bytes.HasPrefix(d.src[begin:], []byte(n.text())) {
			return nil // on several lines
		}
		return []edit{{begin, begin + len(n.text()), d.scalar(want), n, want}}
	}
	for i := range list {
		list[i].want = want
		switch d.src[n.yaml.ContentOffset()] {
		case '"':
			quoted := d.scalar(list[i].text + "\n") // in quotes in any case
			list[i].text = strings.TrimSuffix(quoted[1:len(quoted)-1], `\n`)
		case '\'':
			list[i].text = strings.ReplaceAll(list[i].text, "'", "''")
		}
		if strings.ContainsAny(list[i].text, breaks) {
			return nil
		}
	}
	return list
}

// span returns the bytes of a variable, if they are those of the text but for the
// quotes that the form of the scalar makes of others.
func (d *Document) span(n *node, p Part) (start, end int, ok bool) {
	start, ok = n.yaml.OffsetAt(n.base() + p.Start)
	if !ok {
		return 0, 0, false
	}
	written := n.text()[p.Start:p.End]
	switch d.src[n.yaml.ContentOffset()] {
	case '"':
		written = d.scalar(written + "\n")
		written = strings.TrimSuffix(written[1:len(written)-1], `\n`)
	case '\'':
		written = strings.ReplaceAll(written, "'", "''")
	}
	return start, start + len(written), bytes.HasPrefix(d.src[start:], []byte(written))
}
