package variables

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/slsflow/slsflow/params"
)

var envName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// CLI returns the document as a JSON file for the command line ("serverless
// --config FILE", in the directory of the service), and the environment that it
// needs. The command line looks for variables in all that it reads; what it is
// given here resolves there to exactly the values of the result.
//
// A secret stands in the file as ${env:NAME}, where NAME is envPrefix and a
// number; so does a text that the command line has no way to write. A secret
// that is no text, and a variable that neither side can resolve, are [Errors].
// What was left to the command line is live in the file, with all in it resolved
// that can be. The params of other stages are left out, and so are the keys of
// the root that omit names, such as outputs.
func (r *Result) CLI(envPrefix string, omit ...string) (doc []byte, env map[string]params.Secret, err error) {
	if !envName.MatchString(envPrefix) {
		return nil, nil, fmt.Errorf("the prefix %q begins no name of an environment variable", envPrefix)
	}
	c := &forCLI{prefix: envPrefix, env: map[string]params.Secret{}, names: map[string]string{}}
	w := writer{leaf: c.leaf, skip: func(at *place) bool {
		if at.up == nil {
			return slices.Contains(omit, at.key)
		}
		return at.up.up == nil && isBlock(at.up.key) && at.item == 0 && at.key != r.stage && at.key != "default"
	}}
	doc, err = r.write(&w)
	if err != nil {
		return nil, nil, err
	}
	return doc, c.env, nil
}

// forCLI writes texts that the command line resolves to what they should be.
type forCLI struct {
	prefix string
	env    map[string]params.Secret
	names  map[string]string // of the variables, by what they hold
}

// variable returns a variable whose value is text. There must be no "${" in it,
// since the command line would look into that.
func (c *forCLI) variable(text string) (string, error) {
	if strings.ContainsRune(text, 0) {
		return "", errors.New("a NUL byte is in it, which no environment can hold")
	}
	name, ok := c.names[text]
	if !ok {
		name = c.prefix + strconv.Itoa(len(c.names)+1)
		c.names[text] = name
		c.env[name] = params.NewSecret(text)
	}
	return "${env:" + name + "}", nil
}

// hidden returns variables that together give text. It is cut between each "$"
// and "{", since no variable forms where two values meet.
func (c *forCLI) hidden(text string) (string, error) {
	var b strings.Builder
	for {
		i := strings.Index(text, "${")
		piece := text
		if i >= 0 {
			piece, text = text[:i+1], text[i+1:]
		}
		v, err := c.variable(piece)
		if err != nil {
			return "", err
		}
		b.WriteString(v)
		if i < 0 {
			return b.String(), nil
		}
	}
}

func (c *forCLI) leaf(n *node) (any, error) {
	switch n.kind {
	case textNode:
		return nil, errors.New("it is not resolved")
	case liveNode:
		return c.segments(n.live.segs)
	}
	if n.tainted {
		return nil, fmt.Errorf("a secret went into %s, and only a text can be handed over as a secret (use it as a text)", describe(n))
	}
	switch v := n.scalar.(type) {
	case params.Secret:
		return c.hidden(v.Reveal())
	case string:
		return c.literal(v)
	default:
		return v, nil
	}
}

// literal writes a text that is no secret.
func (c *forCLI) literal(text string) (string, error) {
	if parts, err := Parse(text); parts == nil && err == nil {
		return text, nil
	}
	if escaped := escape(text); unescaped(escaped) == text {
		return escaped, nil
	}
	// A "$" before the "\" or "${" changes what they mean. Each run of such
	// characters goes by the environment.
	return c.pieces([]string{text}, []bool{false})
}

// escape puts backslashes before each "${", and doubles those that are there.
func escape(text string) string {
	var b strings.Builder
	for {
		i := strings.Index(text, "${")
		if i < 0 {
			b.WriteString(text)
			return b.String()
		}
		slashes := i - len(strings.TrimRight(text[:i], `\`))
		b.WriteString(text[:i])
		b.WriteString(strings.Repeat(`\`, slashes+1))
		b.WriteString("${")
		text = text[i+2:]
	}
}

// unescaped returns what the command line makes of a text, or "" if it finds
// variables in it.
func unescaped(text string) string {
	parts, err := Parse(text)
	if err != nil {
		return ""
	}
	var b strings.Builder
	last := 0
	for _, p := range parts {
		if p.Sources != nil {
			return ""
		}
		b.WriteString(text[last:p.Start])
		b.WriteString(p.Escape)
		last = p.End
	}
	b.WriteString(text[last:])
	return b.String()
}

// segments writes a text with variables in it.
func (c *forCLI) segments(segs []seg) (string, error) {
	var texts []string
	var live []bool
	for _, s := range segs {
		if s.done == nil {
			v, err := c.call(s.calls)
			if err != nil {
				return "", err
			}
			texts, live = append(texts, v), append(live, true)
			continue
		}
		text, _ := revealed(s.done.scalar)
		if s.done.secret() {
			v, err := c.hidden(text)
			if err != nil {
				return "", err
			}
			texts, live = append(texts, v), append(live, true)
			continue
		}
		if last := len(texts) - 1; last >= 0 && !live[last] {
			texts[last] += text
			continue
		}
		texts, live = append(texts, text), append(live, false)
	}
	return c.pieces(texts, live)
}

// pieces joins texts and variables. A run of "\" and "$" before a variable, or
// before a brace, goes by the environment: there it means nothing.
func (c *forCLI) pieces(texts []string, live []bool) (string, error) {
	var b strings.Builder
	for i, text := range texts {
		if live[i] {
			b.WriteString(text)
			continue
		}
		for {
			end := strings.Index(text, "${") + 1
			if end == 0 {
				if i+1 < len(texts) { // a variable follows
					end = len(text)
				} else {
					b.WriteString(text)
					break
				}
			}
			start := len(strings.TrimRight(text[:end], `\$`))
			b.WriteString(text[:start])
			if start < end {
				v, err := c.variable(text[start:end])
				if err != nil {
					return "", err
				}
				b.WriteString(v)
			}
			if text = text[end:]; text == "" {
				break
			}
		}
	}
	return b.String(), nil
}

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
		return text, nil
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

// quote writes a text in double quotes, which the command line reads as JSON.
func quote(text string) (string, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(text)
	return strings.TrimSuffix(b.String(), "\n"), err
}
