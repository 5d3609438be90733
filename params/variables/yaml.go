package variables

import (
	"bytes"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/slsflow/slsflow/internal/yamldoc"
	"github.com/slsflow/slsflow/params"
)

// YAML returns the document in the order that it is written in, with each secret
// as REDACTED. Every YAML reader reads the same values from it, and so does
// [ParseDocument].
func (r *Result) YAML() ([]byte, error) {
	return r.writeYAML(func(n *node) any {
		if n.secret() && n.kind != liveNode {
			return params.Redacted
		}
		return n.value()
	})
}

// RevealedYAML is [Result.YAML] with the secrets in the clear. It is for a file
// that nobody else can read, and never for a log.
func (r *Result) RevealedYAML() ([]byte, error) {
	return r.writeYAML(func(n *node) any {
		if n.kind == liveNode {
			return n.live.raw
		}
		return reveal(n)
	})
}

func (r *Result) writeYAML(leaf func(*node) any) ([]byte, error) {
	w := yamlWriter{leaf: leaf}
	w.node(r.root, 0, false)
	return w.b.Bytes(), nil
}

// yamlWriter writes YAML in block style.
type yamlWriter struct {
	b    bytes.Buffer
	leaf func(*node) any
}

// node writes a value behind "key:" or "-", or at the beginning of the file.
// inline is true behind a "-", where the first line of a map needs no other.
func (w *yamlWriter) node(n *node, depth int, inline bool) {
	indent := strings.Repeat("  ", depth)
	if len(n.kids) == 0 || n.kind != mapNode && n.kind != listNode {
		switch n.kind {
		case mapNode:
			w.b.WriteString("{}\n")
		case listNode:
			w.b.WriteString("[]\n")
		default:
			w.b.WriteString(yamlScalar(w.leaf(n)) + "\n")
		}
		return
	}
	for i, kid := range n.kids {
		if i > 0 || !inline {
			w.b.WriteString(indent)
		}
		below := len(kid.kids) > 0
		if n.kind == listNode {
			w.b.WriteString("- ")
			w.node(kid, depth+1, below)
			continue
		}
		w.b.WriteString(yamlScalar(n.keys()[i]) + ":")
		if !below {
			w.b.WriteByte(' ')
			w.node(kid, depth+1, false)
			continue
		}
		w.b.WriteByte('\n')
		w.node(kid, depth+1, false)
	}
}

// plainText are the texts that may stand without quotes, if they are no words
// that some reader of YAML has another meaning for.
var plainText = regexp.MustCompile(`^[A-Za-z_/.][A-Za-z0-9_./@*+-]*( [A-Za-z0-9_./@*+-]+)*$`)

// yamlScalar writes a scalar so that it is read as it is, by any version of YAML.
func yamlScalar(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case float64:
		text := yamldoc.FormatNumber(v)
		if !strings.ContainsAny(text, ".") {
			// Some readers want a point before an exponent.
			if mantissa, exponent, ok := strings.Cut(text, "e"); ok {
				return mantissa + ".0e" + exponent
			}
			return text + ".0"
		}
		return text
	case string:
		words := []string{"y", "n", "yes", "no", "on", "off", "true", "false", "null", ".nan", ".inf"}
		_, err := strconv.ParseFloat(v, 64) // "1e3", ".5", "Infinity"
		if plainText.MatchString(v) && err != nil && !slices.Contains(words, strings.ToLower(v)) && !strings.HasPrefix(v, ".") {
			return v
		}
		if text, err := quote(v); err == nil {
			// JSON has it as it is, and YAML takes it for the end of a line.
			return strings.NewReplacer("\u0085", `\u0085`, "\u007f", `\u007f`, "\ufeff", `\ufeff`).Replace(text)
		}
	}
	text, _ := scalarText(v)
	return text
}
