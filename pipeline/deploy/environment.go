package deploy

import (
	"maps"
	"slices"
	"strings"

	"github.com/slsflow/slsflow/params"
)

// environment is what a command gets, built from nothing. Values are strings or
// a params.Secret.
type environment map[string]any

// with returns a copy of e that has more, where e does not have the name
// already: what comes first wins.
func (e environment) with(more environment) environment {
	sum := make(environment, len(e)+len(more))
	maps.Copy(sum, more)
	maps.Copy(sum, e)
	return sum
}

// list returns e as exec.Cmd wants it, sorted.
func (e environment) list() []string {
	list := make([]string, 0, len(e))
	for _, name := range slices.Sorted(maps.Keys(e)) {
		list = append(list, name+"="+reveal(e[name]))
	}
	return list
}

// secrets returns the values that must not be printed.
func (e environment) secrets() []string {
	var list []string
	for _, v := range e {
		if s, ok := v.(params.Secret); ok {
			list = append(list, s.Reveal())
		}
	}
	return list
}

func reveal(v any) string {
	if s, ok := v.(params.Secret); ok {
		return s.Reveal()
	}
	s, _ := v.(string)
	return s
}

// variableName makes s a name that a shell can read: each character outside
// A-Z, a-z, 0-9 and "_" becomes "_", and one stands before a digit.
func variableName(s string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '_':
			return r
		}
		return '_'
	}, s)
	if name == "" || '0' <= name[0] && name[0] <= '9' {
		return "_" + name
	}
	return name
}
