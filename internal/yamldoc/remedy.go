package yamldoc

import "strings"

// remedies say what to do about a syntax error, by how the YAML library calls it:
// its words are those of a parser, and not of a person who writes a file.
//
//nolint:gochecknoglobals // a table
var remedies = []struct{ words, hint string }{
	{"expected key", "indent the line like those it belongs to, or close what is open above it"},
	{"expected '-' indicator", "indent the line like the items above it, each of which begins with a dash"},
	{"expected ',' or '}'", "close the { with a }, separate what is in it by commas, and quote each ${…} in it"},
	{"expected ',' or ']'", "close the [ with a ], separate what is in it by commas, and quote each ${…} in it"},
	{"expected node content", "write a value here; quote a text that begins with one of , ] } % @ `"},
	{"expected ':'", `write "key: value"`},
	{"cannot start any token", "quote a text that begins with one of % @ `"},
	{"mapping values", `quote a text that holds ": ", or indent the line like those it belongs to`},
	{"block sequence entries", "put the list on lines of its own, below its key"},
	{"tab in the indentation", "indent by spaces and not by tabs"},
	{"behind the value", "quote all of it, with '' for a ' in single quotes"},
	{"quote is not closed", "close it in its line, or indent the lines that go on with it"},
	{"unexpected end of stream", "close the quote"},
	{"tab character", "indent by spaces and not by tabs"},
	{"unknown escape character", `within " " write \\ for a backslash, or use ' '`},
	{"incompatible YAML document", "leave out the line that begins with %YAML, or write 1.1"},
	{"unknown anchor", "write the & of this name before it"},
}

// remedy returns what to do about a syntax error, in parentheses and with a space
// before it, or "" if nothing is known.
func remedy(msg string) string {
	for _, r := range remedies {
		if strings.Contains(msg, r.words) {
			return " (" + r.hint + ")"
		}
	}
	return ""
}
