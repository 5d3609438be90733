package yamldoc_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/yamldoc"
)

// What people get wrong: the error is at the character, and says what to do.
func TestSyntaxErrors(t *testing.T) {
	const (
		quote   = "this quote is not closed (close it in its line, or indent the lines that go on with it)"
		tab     = "a tab in the indentation (indent by spaces and not by tabs)"
		behind  = "more text behind the value (quote all of it, with '' for a ' in single quotes)"
		list    = "did not find expected ',' or ']' (close the [ with a ], separate what is in it by commas, and quote each ${…} in it)"
		object  = "did not find expected ',' or '}' (close the { with a }, separate what is in it by commas, and quote each ${…} in it)"
		colon   = "could not find expected ':' (write \"key: value\")"
		key     = "did not find expected key (indent the line like those it belongs to, or close what is open above it)"
		dash    = "did not find expected '-' indicator (indent the line like the items above it, each of which begins with a dash)"
		mapping = "mapping values are not allowed in this context (quote a text that holds \": \", or indent the line like those it belongs to)"
		token   = "found character that cannot start any token (quote a text that begins with one of % @ `)"
		escape  = "found unknown escape character (within \" \" write \\\\ for a backslash, or use ' ')"
	)
	for _, row := range [][2]string{
		{"a: 1\nb: \"x\nc: 2\n", "2:4: " + quote},
		{"a: \"x\nb: \"y\"\n", "1:4: " + quote},
		{"a:\n  - \"x\n  - y\n", "2:5: " + quote},
		{"a: {b: 'c\n  d: e}\n", "1:8: " + quote},
		{"a: 'it's'\n", "1:8: " + behind},
		{"a: \"x\" y\n", "1:8: " + behind},
		{"a: [1, 2]]\n", "1:10: " + behind},
		{"a:\n\tb: 1\n", "2:1: " + tab},
		{"a:\n  b: 1\n\tc: 2\n", "3:1: " + tab},
		{"a: 1\n\tb: 2\n", "2:1: " + tab},
		{"a: 1\nb 2\nc: 3\n", "2:1: " + colon},
		{"a: 1\nb\n", "2:1: " + colon},
		{"a: 1\nb: [1, 2\nc: 3\n", "2:4: " + list},
		{"a: [1, 2}\n", "1:9: " + list},
		{"a: [${self:b}, 2]\n", "1:5: " + list},
		{"a: [", "1:4: " + list},
		{"a: {b: [1], ", "1:4: " + object},
		{"a: {b: 1\nc: 2\n", "1:4: " + object},
		{"a: {b: 1, c: ${self:x}}\n", "1:14: " + object},
		{"a: b: c\n", "1:5: " + mapping},
		{"é: text with: colon\nb: 2\n", "1:14: " + mapping},
		{"a:\n- b: 1\n   c: 2\n", "3:5: " + mapping},
		{"a: @x\n", "1:4: " + token},
		{"a: `x`\n", "1:4: " + token},
		{"a: - 1\n", "1:4: block sequence entries are not allowed in this context (put the list on lines of its own, below its key)"},
		{"a:\n  b: 1\n c: 2\n", "3:2: " + key},
		{"k: |\n  text\n less\n", "3:2: " + key},
		{"a:\n  - b: 1\n  c: 2\n", "3:3: " + dash},
		{"- a\nb: 1\n", "2:1: " + dash},
		{"a: \"\\q\"\n", "1:5: " + escape},
		{"a: \"\\t\\\\ then \\s here\"\n", "1:15: " + escape},
		{"a: \"x\n  y \\s here\"\n", "2:5: " + escape},
		{"a: *x\n", "1:4: unknown anchor 'x' referenced (write the & of this name before it)"},
		{"k: ,x\n", "1:4: did not find expected node content (write a value here; quote a text that begins with one of , ] } % @ `)"},
		{"%YAML 1.2\n---\na: 1\n", "1:1: found incompatible YAML document (leave out the line that begins with %YAML, or write 1.1)"},
		{"a: 1\nb: \x01\n", "2:4: control characters are not allowed"},
		{"\ufeffa: 1\r\nb: [1\r\nc: 2\r\n", "2:4: " + list},
	} {
		_, err := yamldoc.Parse("f.yml", []byte(row[0]))
		place, msg, _ := strings.Cut(row[1], ": ")
		require.EqualError(t, err, "f.yml:"+place+": YAML: "+msg, row[0])
	}
}

// In a long line, and in a large file, the place is not looked for at any price: it is
// the line then.
func TestSyntaxErrorsOfLargeFiles(t *testing.T) {
	_, err := yamldoc.Parse("f.yml", []byte(strings.Repeat("- k: 1\n", 1000)+"- 'it's'\n"))
	require.ErrorContains(t, err, "f.yml:1001:7: YAML: more text behind the value")
	_, err = yamldoc.Parse("f.yml", []byte(strings.Repeat("- k: 1\n", 3000)+"- \"x"+strings.Repeat(" y", 1000)+"\n"))
	require.ErrorContains(t, err, "f.yml:3001:1: YAML: found unexpected end of stream (close the quote)")
}
