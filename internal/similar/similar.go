// Package similar finds the name that was meant: did you mean "stage"? See [To].
package similar

import "strings"

const (
	// maxEdits is how many edits the name that was meant is away at most.
	maxEdits = 2
	// maxLen is the length of a name, in bytes, that is compared.
	maxLen = 100
)

// To returns the one of the names that s was meant to be, or "": one that is two
// edits away at most, and at most a third of its length. Case does not count. Of
// several that are as near it is the first.
func To(s string, names []string) string {
	best, least := "", maxEdits+1
	lower := strings.ToLower(s)
	for _, name := range names {
		if d := len(name) - len(s); d >= least || -d >= least || max(len(s), len(name)) > maxLen {
			continue
		}
		if n := distance(lower, strings.ToLower(name)); n < least && n*3 <= max(len(name), 3) {
			best, least = name, n
		}
	}
	return best
}

// Hint is To as what an error says about it: ` (did you mean x?)`, or "".
func Hint(s string, names []string) string {
	if name := To(s, names); name != "" {
		return " (did you mean " + name + "?)"
	}
	return ""
}

// distance is how many bytes to add, drop, change or swap with the next one to get
// from a to b.
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := last[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			row[j] = min(last[j]+1, row[j-1]+1, change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
