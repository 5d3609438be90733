package variables

import (
	"math"
	"regexp"
	"strconv"
	"unicode/utf8"

	"github.com/slsflow/slsflow/internal/yamldoc"
)

func lower(b byte) bool { return 'a' <= b && b <= 'z' }

// typeChar reports whether b may stand in a type behind its first letter.
func typeChar(b byte) bool {
	return lower(b) || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9' || b == '.' || b == '-'
}

// laterType reports whether s is a type behind a comma, where it has neither
// dots nor dashes.
func laterType(s string) bool {
	for i := range len(s) {
		if !typeChar(s[i]) || s[i] == '.' || s[i] == '-' {
			return false
		}
	}
	return s != "" && lower(s[0])
}

var decimal = regexp.MustCompile(`^-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE]-?[0-9]+)?$`)

// literal returns the value of a word as JavaScript's Number() reads it, but for
// Infinity, which no JSON can hold.
func literal(word string) (any, bool) {
	switch word {
	case "true":
		return true, true
	case "false":
		return false, true
	case "null":
		return nil, true
	}
	if len(word) > 2 && word[0] == '0' {
		base := map[byte]int{'x': 16, 'X': 16, 'b': 2, 'B': 2, 'o': 8, 'O': 8}[word[1]]
		if base != 0 {
			var f float64
			for _, d := range []byte(word[2:]) {
				n, err := strconv.ParseUint(string(rune(d)), base, 8)
				if err != nil {
					return nil, false
				}
				f = f*float64(base) + float64(n)
			}
			return yamldoc.Number(f), !math.IsInf(f, 0)
		}
	}
	for i := range len(word) { // most words are no number, and have a letter
		if b := word[i]; b > '9' && b != 'e' && b != 'E' {
			return nil, false
		}
	}
	if !decimal.MatchString(word) {
		return nil, false
	}
	f, err := strconv.ParseFloat(word, 64)
	if err != nil {
		return nil, false
	}
	return yamldoc.Number(f), true
}

// blank reports whether JavaScript's trim() takes r away.
func blank(r rune) bool {
	switch r {
	case '\t', '\n', '\v', '\f', '\r', ' ', 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000, 0xfeff:
		return true
	}
	return 0x2000 <= r && r <= 0x200a
}

// blankPrefix returns the bytes of the blank that s begins with, or 0.
func blankPrefix(s string) int {
	if s != "" && '!' <= s[0] && s[0] <= '~' {
		return 0 // nearly always
	}
	if r, size := utf8.DecodeRuneInString(s); blank(r) {
		return size
	}
	return 0
}

// blankSuffix returns the bytes of the blank that s ends with, or 0.
func blankSuffix(s string) int {
	if s != "" && '!' <= s[len(s)-1] && s[len(s)-1] <= '~' {
		return 0 // nearly always
	}
	if r, size := utf8.DecodeLastRuneInString(s); blank(r) {
		return size
	}
	return 0
}
