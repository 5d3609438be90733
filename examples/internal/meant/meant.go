// Package meant guesses what a person has meant.
package meant

import (
	"fmt"
	"strings"
)

// Hint is ` (did you mean "x"?)` if one of the names is like s, else "".
func Hint(s string, names []string) string {
	best, at := "", 3
	for _, name := range names {
		if n := distance(strings.ToLower(s), strings.ToLower(name)); n < at && n*2 <= len(name) {
			best, at = name, n
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %q?)", best)
}

// distance is the number of bytes to add, drop or change to get from a to b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
