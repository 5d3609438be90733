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
func (b *builder) tagged(name string, y *yamldoc.Node, at *place) *node {
	key := "Fn::" + name
	switch {
	case !slices.Contains(functions(), name):
		b.errs = append(b.errs, &Error{
			Pos: fromYAML(y.Pos), Path: at.String(), Code: InvalidTag,
			Msg: "unknown tag !" + name, Hint: "known are !" + strings.Join(functions(), ", !"),
		})
	case name == "Ref" || name == "Condition":
		key = name
	}
	at = &place{up: at, key: key}
	var value *node
	switch {
	case y.Kind != yamldoc.Scalar:
		value = b.plain(y, at)
	case name == "GetAtt":
		first, rest, _ := strings.Cut(y.Text, ".")
		value = (&node{kind: listNode, yaml: y, kids: []*node{
			b.text(&node{yaml: y}, first, &place{up: at, item: 1}),
			b.text(&node{yaml: y, base: len(y.Text) - len(rest)}, rest, &place{up: at, item: 2}),
		}}).sealed()
	default:
		value = b.text(&node{yaml: y}, y.Text, at)
	}
	return (&node{kind: mapNode, yaml: y, keys: []string{key}, kids: []*node{value}}).sealed()
}
