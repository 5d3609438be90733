package dotenv

import (
	"errors"
	"fmt"
	"maps"
	"strings"
)

const (
	// maxExpanded bounds the size of a value.
	maxExpanded = 1 << 20
	// maxReplaced bounds how many references one value may have in the end.
	maxReplaced = 1000
)

// expand replaces references in the values. A reference means the value of the
// environment, else that of the file, wherever it stands there, and is looked
// through for references again.
func expand(vars []Var, environ map[string]string) (map[string]string, error) {
	written := make(map[string]string, len(environ)+len(vars))
	for _, v := range vars {
		written[v.Name] = v.Value // the last counts
	}
	maps.Copy(written, environ)
	env := maps.Clone(environ)
	if env == nil {
		env = make(map[string]string, len(vars))
	}
	for _, v := range vars {
		if _, set := environ[v.Name]; set {
			continue
		}
		value, err := expandText(written[v.Name], written)
		if err != nil {
			return nil, fmt.Errorf("%d: %s: %w", v.Line, v.Name, err)
		}
		env[v.Name] = value
	}
	return env, nil
}

// expandText replaces the references of one value, the first one first.
func expandText(text string, written map[string]string) (string, error) {
	seen := make(map[string]bool) // what the text was
	for range maxReplaced {
		ref, ok := find(text)
		if !ok {
			return strings.ReplaceAll(text, `\$`, "$"), nil
		}
		seen[text] = true
		value := ref.value(written)
		if seen[value] { // A=${A:-x}
			value = ref.other
		}
		text = text[:ref.start] + value + text[ref.end:]
		if len(text) > maxExpanded {
			return "", fmt.Errorf("the value is larger than %d MiB", maxExpanded>>20)
		}
	}
	return "", errors.New("it refers to itself")
}

// reference is a "$NAME" or "${NAME}" in a text.
type reference struct {
	start, end int
	name       string
	other      string // what stands for a value that is empty, or with plus for one that is not
	plus       bool
}

func (r reference) value(written map[string]string) string {
	switch value := written[r.name]; {
	case r.plus && value == "":
		return ""
	case r.plus, value == "":
		return r.other
	default:
		return value
	}
}

// find returns the first reference of a text that has no backslash before it.
func find(text string) (r reference, ok bool) {
	for i := 0; i+1 < len(text); i++ {
		if text[i] != '$' || i > 0 && text[i-1] == '\\' {
			continue
		}
		if text[i+1] != '{' {
			end := i + 1
			for end < len(text) && (text[end] == '_' || letter(text[end]) && (end > i+1 || text[end] > '9')) {
				end++
			}
			if end > i+1 {
				return reference{start: i, end: end, name: text[i+1 : end]}, true
			}
			continue
		}
		size := strings.IndexAny(text[i+2:], "{}")
		if size <= 0 || text[i+2+size] == '{' {
			continue
		}
		inner := text[i+2 : i+2+size]
		r = reference{start: i, end: i + 3 + size, name: inner}
		if at := strings.IndexAny(inner, "+-"); at >= 0 {
			r.name, r.other, r.plus = strings.TrimSuffix(inner[:at], ":"), inner[at+1:], inner[at] == '+'
		}
		return r, true
	}
	return reference{}, false
}
