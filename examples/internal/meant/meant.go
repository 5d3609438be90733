// Package meant guesses what a person has meant.
package meant

import (
	"fmt"

	"github.com/slsflow/slsflow/internal/similar"
)

// Hint is ` (did you mean "x"?)` if one of the names is like s, else "".
func Hint(s string, names []string) string {
	if best := similar.To(s, names); best != "" {
		return fmt.Sprintf(" (did you mean %q?)", best)
	}
	return ""
}
