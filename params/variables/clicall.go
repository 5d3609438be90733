package variables

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/slsflow/slsflow/params"
)

// call writes a variable that is left.
func (c *forCLI) call(calls []liveCall) (string, error) {
	var sources []string
	for _, call := range calls {
		var text string
		var err error
		if call.typ == "" {
			text, err = c.fallback(call.value)
		} else {
			text, err = c.source(call)
		}
		if err != nil {
			return "", err
		}
		sources = append(sources, text)
	}
	return "${" + strings.Join(sources, ", ") + "}", nil
}

// native reports whether the command line answers for a type as we do.
func native(typ string) bool {
	return slices.Contains([]string{"file", "opt", "self", "sls", "strToBool"}, typ)
}

func (c *forCLI) source(call liveCall) (string, error) {
	if call.ours && !native(call.typ) {
		return "", fmt.Errorf("a variable of the type %s needs a value that only the command line knows, and the command line does not know the type", call.typ)
	}
	var b strings.Builder
	b.WriteString(call.typ)
	if call.params != nil {
		list := make([]string, len(call.params))
		for i, p := range call.params {
			text, err := c.arg(p)
			if err != nil {
				return "", err
			}
			list[i] = text
		}
		b.WriteString("(" + strings.Join(list, ", ") + ")")
	}
	if call.address != nil || call.params == nil {
		b.WriteByte(':')
	}
	if call.address != nil {
		text, err := c.arg(*call.address)
		if err != nil {
			return "", err
		}
		b.WriteString(text)
	}
	return b.String(), nil
}

// bare are the texts that need no quotes in a param or an address.
var bare = regexp.MustCompile(`^[A-Za-z_./@~-][A-Za-z0-9_./@:~-]*$`)

func (c *forCLI) arg(a liveArg) (string, error) {
	if a.value == nil {
		return c.mixed(a.segs)
	}
	switch v := a.value.scalar.(type) {
	case params.Secret:
		return c.hidden(v.Reveal())
	case string:
		if _, typed := literal(v); bare.MatchString(v) && !typed {
			return v, nil
		}
		return quote(v)
	}
	if a.value.kind != scalarNode {
		return "", fmt.Errorf("%s cannot be handed over as a param or an address", describe(a.value))
	}
	if a.value.scalar == nil {
		return "null", nil
	}
	text, _ := scalarText(a.value.scalar)
	return text, nil
}

// mixed writes a param or an address with variables in it. There are no escapes
// there and no quotes: what could be misread goes by the environment.
func (c *forCLI) mixed(segs []seg) (string, error) {
	var b strings.Builder
	for _, s := range segs {
		if s.done == nil {
			v, err := c.call(s.calls)
			if err != nil {
				return "", err
			}
			b.WriteString(v)
			continue
		}
		text, _ := revealed(s.done.scalar)
		if !s.done.secret() && inside.MatchString(text) {
			b.WriteString(text)
			continue
		}
		v, err := c.hidden(text)
		if err != nil {
			return "", err
		}
		b.WriteString(v)
	}
	return b.String(), nil
}

// inside are the texts that mean themselves next to a variable.
var inside = regexp.MustCompile(`^[A-Za-z0-9_./@~-]*$`)

// fallback writes the value of a later source as a literal, the last one. The
// command line looks into it for variables.
func (c *forCLI) fallback(n *node) (string, error) {
	if n.kind != scalarNode || n.tainted {
		return "", fmt.Errorf("the fallback of a variable that is left to the command line is %s, want a text or a number that is not secret", describe(n))
	}
	switch v := n.scalar.(type) {
	case nil:
		return "null", nil
	case string:
		if unescaped(escape(v)) == v {
			return quote(escape(v))
		}
		return c.whole(v)
	case params.Secret:
		return c.whole(v.Reveal())
	default:
		text, _ := scalarText(v)
		return strings.Replace(text, "+", "", 1), nil // 1e21: a literal has no plus there
	}
}

// whole is hidden for a place where one variable must do.
func (c *forCLI) whole(text string) (string, error) {
	v, err := c.hidden(text)
	if err != nil {
		return "", err
	}
	name, isOne := strings.CutSuffix(strings.TrimPrefix(v, "${"), "}")
	if !isOne || strings.Contains(name, "}") {
		return "", errors.New(`the fallback of a variable that is left to the command line holds "${" and cannot be handed over`)
	}
	return name, nil
}
