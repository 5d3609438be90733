package workflow

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/slsflow/slsflow/internal/similar"
	"github.com/slsflow/slsflow/internal/yamldoc"
	"github.com/slsflow/slsflow/stage"
)

// strict reads the nodes of a workflow file, and keeps what is wrong with them
// and where things stand.
type strict struct {
	file string
	errs Errors
	pos  map[string]position
}

func (d *strict) fail(at yamldoc.Pos, path, msg, hint string) {
	d.errs = append(d.errs, &Error{File: at.File, Line: at.Line, Col: at.Col, Path: path, Msg: msg, Hint: hint})
}

// syntax adds the problems of the YAML itself.
func (d *strict) syntax(err error) {
	list, ok := errors.AsType[yamldoc.Problems](err)
	if !ok {
		d.errs = append(d.errs, &Error{File: d.file, Msg: err.Error(), Err: err})
	}
	for _, p := range list {
		d.fail(p.Pos, "", p.Msg, "")
	}
}

// at remembers where a path stands.
func (d *strict) at(path string, p yamldoc.Pos) { d.pos[path] = position{p.Line, p.Col} }

// want reports whether n is of a kind, and fails if it is not.
func (d *strict) want(n *yamldoc.Node, path string, kind yamldoc.Kind, what string) bool {
	switch {
	case n == nil:
		return false
	case n.Tag != "":
		d.fail(n.Pos, path, fmt.Sprintf("the tag %s has no meaning here", n.Tag), "leave it out")
		return false
	case n.Kind != kind:
		d.fail(n.Pos, path, fmt.Sprintf("it is %s, want %s", described(n), what), "")
		return false
	}
	return true
}

func described(n *yamldoc.Node) string {
	if n.Kind == yamldoc.Scalar && n.Scalar() == nil {
		return "empty"
	}
	if n.Kind == yamldoc.Scalar {
		return fmt.Sprintf("the value %s", short(n.Text))
	}
	return n.Kind.String()
}

// short quotes the beginning of a text.
func short(s string) string {
	if len(s) > 60 {
		s = strings.ToValidUTF8(s[:60], "") + "…"
	}
	return fmt.Sprintf("%q", s)
}

// fields are the fields of a map by name. A key that is not among keys fails.
func (d *strict) fields(n *yamldoc.Node, path string, keys []string) (map[string]*yamldoc.Node, bool) {
	if !d.want(n, path, yamldoc.Mapping, "a map of "+strings.Join(keys, ", ")) {
		return nil, false
	}
	m := make(map[string]*yamldoc.Node, len(n.Fields))
	for _, f := range n.Fields {
		if !slices.Contains(keys, f.Name) {
			hint := "there are: " + strings.Join(keys, ", ")
			if near, ok := nearest(f.Name, keys); ok {
				hint = fmt.Sprintf("did you mean %q?", near)
			}
			d.fail(f.Pos, join(path, f.Name), "unknown key", hint)
			continue
		}
		d.at(join(path, f.Name), f.Value.Pos)
		m[f.Name] = f.Value
	}
	return m, true
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// text returns a text that is not empty.
func (d *strict) text(n *yamldoc.Node, path string) (string, bool) {
	if !d.want(n, path, yamldoc.Scalar, "a text") {
		return "", false
	}
	s, ok := n.Scalar().(string)
	switch {
	case !ok && n.Scalar() == nil:
		d.fail(n.Pos, path, "it is empty", "give it a value, or leave the key out")
	case !ok:
		d.fail(n.Pos, path, fmt.Sprintf("%s is no text", n.Text), fmt.Sprintf("write it in quotes: %q", n.Text))
	case strings.TrimSpace(s) == "":
		d.fail(n.Pos, path, "it is an empty text", "give it a value, or leave the key out")
	case strings.ContainsRune(s, 0):
		d.fail(n.Pos, path, "it holds a NUL character", "leave it out")
	default:
		return s, true
	}
	return "", false
}

// matching returns a text of a form.
func (d *strict) matching(n *yamldoc.Node, path string, form *regexp.Regexp, what string) (string, bool) {
	s, ok := d.text(n, path)
	if ok && !form.MatchString(s) {
		d.fail(n.Pos, path, fmt.Sprintf("%q is no %s", s, what), "want "+form.String())
		return "", false
	}
	return s, ok
}

// boolean returns true or false. The words on and off count too, since they look
// like it in a file that a person reads.
func (d *strict) boolean(n *yamldoc.Node, path string) (value, ok bool) {
	if !d.want(n, path, yamldoc.Scalar, "on or off") {
		return false, false
	}
	switch n.Scalar() {
	case true, "on":
		return true, true
	case false, "off":
		return false, true
	}
	d.fail(n.Pos, path, fmt.Sprintf("it is %s, want on or off", described(n)), "")
	return false, false
}

// item is one text of a list, and where it stands.
type item struct {
	text string
	pos  yamldoc.Pos
}

// list returns the texts of a list; one text alone is a list of one. An element
// that is none is an empty text.
func (d *strict) list(n *yamldoc.Node, path string) []item {
	if n != nil && n.Kind == yamldoc.Scalar {
		s, _ := d.text(n, path)
		return []item{{s, n.Pos}}
	}
	if !d.want(n, path, yamldoc.Sequence, "a text or a list of texts") {
		return nil
	}
	items := make([]item, 0, len(n.Items))
	for i, child := range n.Items {
		s, _ := d.text(child, fmt.Sprintf("%s[%d]", path, i))
		items = append(items, item{s, child.Pos})
	}
	return items
}

// set is a list in which no text may stand twice.
func (d *strict) set(n *yamldoc.Node, path string) []item {
	items := d.list(n, path)
	seen := make(map[string]bool, len(items))
	for i, it := range items {
		if it.text != "" && seen[it.text] {
			d.fail(it.pos, fmt.Sprintf("%s[%d]", path, i), fmt.Sprintf("%q stands twice", it.text), "leave one out")
		}
		seen[it.text] = true
	}
	return slices.DeleteFunc(items, func(it item) bool { return it.text == "" })
}

// commands are shell commands, in their order.
func (d *strict) commands(n *yamldoc.Node, path string) []string {
	items := d.list(n, path)
	list := make([]string, len(items))
	for i, it := range items {
		list[i] = it.text
	}
	return list
}

func (d *strict) stageName(s string, at yamldoc.Pos, path string) (stage.Name, bool) {
	n, err := stage.Parse(s)
	if err != nil {
		d.fail(at, path, err.Error(), "")
		return stage.Name{}, false
	}
	return n, true
}

// nearest returns the key that s was meant to be.
func nearest(s string, keys []string) (string, bool) {
	best := similar.To(s, keys)
	return best, best != ""
}
