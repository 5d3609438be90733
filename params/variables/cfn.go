package variables

import (
	"slices"
	"strings"

	"github.com/slsflow/slsflow/internal/yamldoc"
)

// functions are the tags of CloudFormation that the command line knows.
func functions() []string {
	return []string{
		"And", "Base64", "Cidr", "Condition", "Equals", "FindInMap", "GetAtt", "GetAZs", "GetStackOutput", "If",
		"ImportValue", "Join", "Not", "Or", "Ref", "Select", "Split", "Sub", "Transform",
	}
}

// tagged makes the map that a tag stands for: "!Ref x" is {Ref: x}, and
// "!GetAtt A.B.C" is {Fn::GetAtt: [A, B.C]}. A scalar behind a tag is a text,
// whatever it looks like.
func (b *builder) tagged(name string, y *yamldoc.Node) *node {
	key := "Fn::" + name
	switch {
	case !slices.Contains(functions(), name):
		b.errs = append(b.errs, &Error{
			Pos: fromYAML(y.Pos), Path: b.place().String(), Code: InvalidTag,
			Msg: "unknown tag !" + name, Hint: "known are !" + strings.Join(functions(), ", !"),
		})
	case name == "Ref" || name == "Condition":
		key = name
	}
	var value *node
	b.below(place{key: key}, func() {
		switch {
		case y.Kind != yamldoc.Scalar:
			value = b.plain(y)
		case name == "GetAtt":
			first, rest, _ := strings.Cut(y.Text, ".")
			value = &node{kind: listNode, yaml: y, kids: make([]*node, 2)}
			b.below(place{item: 1}, func() { value.kids[0] = b.text(&node{yaml: y}, first) })
			b.below(place{item: 2}, func() { value.kids[1] = b.text(&node{yaml: y, spot: &spot{base: len(y.Text) - len(rest)}}, rest) })
			value.sealed()
		default:
			value = b.text(&node{yaml: y}, y.Text)
		}
	})
	return (&node{kind: mapNode, yaml: y, names: newNames([]string{key}), kids: []*node{value}}).sealed()
}
