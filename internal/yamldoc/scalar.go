package yamldoc

import (
	"math"
	"regexp"
	"strconv"
	"strings"
)

// maxExact is the largest whole number that JavaScript keeps exact.
const maxExact = 1 << 53

// Number returns f as an int64 if it is whole and exact in JavaScript, else as
// it is. Zero has no sign.
func Number(f float64) any {
	if f == math.Trunc(f) && math.Abs(f) <= maxExact {
		return int64(f)
	}
	return f
}

var (
	intPattern   = regexp.MustCompile(`^([-+]?)(?:0b([01]+)|0x([0-9a-fA-F]+)|0o([0-7]+)|([0-9]+))$`)
	floatPattern = regexp.MustCompile(`^(?:[-+]?[0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?|\.[0-9]+(?:[eE][-+]?[0-9]+)?)$`)
)

// plain returns what a plain scalar stands for, by the rules of js-yaml 4 and
// without dates, as the command line reads them. It goes by way of JSON there, in
// which .inf and .nan become null.
func plain(s string) any {
	switch s {
	case "", "~", "null", "Null", "NULL":
		return nil
	case "true", "True", "TRUE":
		return true
	case "false", "False", "FALSE":
		return false
	}
	if s[0] > '9' { // no number begins with a letter: most texts end here
		return s
	}
	if v, ok := whole(s); ok {
		return v
	}
	if notFinite(s) != "" {
		return nil
	}
	if floatPattern.MatchString(s) {
		if f, err := strconv.ParseFloat(s, 64); err == nil {
			return Number(f)
		}
	}
	return s
}

// notFinite returns how JavaScript writes .inf or .nan, or "" for all else.
func notFinite(s string) string {
	switch s {
	case ".nan", ".NaN", ".NAN":
		return "NaN"
	case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF":
		return "Infinity"
	case "-.inf", "-.Inf", "-.INF":
		return "-Infinity"
	}
	return ""
}

func whole(s string) (any, bool) {
	m := intPattern.FindStringSubmatch(s)
	if m == nil {
		return nil, false
	}
	var f float64
	if m[5] != "" {
		var err error
		if f, err = strconv.ParseFloat(m[5], 64); err != nil {
			return nil, false
		}
	} else {
		base, digits := 2, m[2]
		if m[3] != "" {
			base, digits = 16, m[3]
		} else if m[4] != "" {
			base, digits = 8, m[4]
		}
		for _, d := range digits {
			n, _ := strconv.ParseInt(string(d), base, 8)
			f = f*float64(base) + float64(n)
		}
		if math.IsInf(f, 0) {
			return nil, false
		}
	}
	if m[1] == "-" {
		f = -f
	}
	return Number(f), true
}

// isText reports whether a scalar is surely a text, as nearly all are. It is a
// part of what tagged and plain say, and costs less.
func isText(tag, s string, isPlain bool) bool {
	if tag != "" || !isPlain {
		return tag == "" || tag == "!!str"
	}
	switch s {
	case "", "~", "null", "Null", "NULL", "true", "True", "TRUE", "false", "False", "FALSE":
		return false
	}
	return strings.IndexByte("+-.0123456789", s[0]) < 0 // no number begins so
}

// tagged returns what a scalar stands for, by its tag if it is one of YAML itself,
// or why it cannot.
func tagged(tag, s string, isPlain bool) (v any, why string) {
	if tag == "!!str" || !isPlain && !strings.HasPrefix(tag, "!!") {
		return s, ""
	}
	typed := plain(s)
	fits := true
	switch tag {
	case "!!null":
		fits = typed == nil && notFinite(s) == ""
	case "!!bool":
		_, fits = typed.(bool)
	case "!!int":
		typed, fits = whole(s)
	case "!!float":
		_, tooLarge := typed.(string)
		fits = !tooLarge && floatPattern.MatchString(s) || notFinite(s) != ""
	case "!!binary", "!!timestamp", "!!omap", "!!pairs", "!!set", "!!seq", "!!map", "!!merge":
		return nil, "the tag " + tag + " is not supported here"
	}
	if !fits {
		return nil, strconv.Quote(s) + " is no " + tag
	}
	return typed, ""
}
