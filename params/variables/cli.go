package variables

import (
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
		if s.done.secret() || text == "" { // a variable alone would be more than a text
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
