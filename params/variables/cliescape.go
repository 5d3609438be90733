package variables

import (
	"encoding/json"
	"strings"
)

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

// quote writes a text in double quotes, which the command line reads as JSON.
func quote(text string) (string, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(text)
	return strings.TrimSuffix(b.String(), "\n"), err
}
