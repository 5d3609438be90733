// Package lines prints what scripts read.
package lines

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/slsflow/slsflow/examples/internal/terminal"
)

// Columns prints one line. A text can end neither its column nor its line.
func Columns(w io.Writer, texts ...string) error {
	for i, t := range texts {
		texts[i] = terminal.Clean(strings.NewReplacer("\t", " ", "\n", " ").Replace(t))
	}
	_, err := fmt.Fprintln(w, strings.Join(texts, "\t"))
	return err
}

// Or is s, or "-" for a column that would be empty.
func Or(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// JSON prints a value, indented.
func JSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
