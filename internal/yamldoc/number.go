package yamldoc

import (
	"math"
	"strconv"
	"strings"
)

// FormatNumber writes f as JavaScript does, which is how a number looks inside
// of a text: 0.1, 1e+21, 100000.
func FormatNumber(f float64) string {
	if abs := math.Abs(f); f == 0 || 1e-6 <= abs && abs < 1e21 {
		if f == 0 {
			return "0"
		}
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	s := strconv.FormatFloat(f, 'e', -1, 64)
	// Go writes at least two digits of the exponent.
	if mantissa, exp, ok := strings.Cut(s, "e"); ok && len(exp) == 3 && exp[1] == '0' {
		return mantissa + "e" + exp[:1] + exp[2:]
	}
	return s
}
