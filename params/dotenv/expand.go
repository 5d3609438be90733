package dotenv

import (
	"fmt"
	"maps"
	"strings"
)

// maxExpanded bounds the size of a value.
const maxExpanded = 1 << 20

// expand replaces references in the values.
func expand(vars []Var, environ map[string]string) (map[string]string, error) {
	env := make(map[string]string, len(environ)+len(vars))
	last := make(map[string]Var, len(vars))
	for _, v := range vars {
		last[v.Name] = v
	}
	maps.Copy(env, environ)
	for _, v := range vars {
		if _, set := environ[v.Name]; set {
			continue
		}
		value, err := expandText(last[v.Name].Value, env)
		if err != nil {
			return nil, fmt.Errorf("%d: %s: %w", v.Line, v.Name, err)
		}
		env[v.Name] = value
	}
	return env, nil
}

// expandText replaces the references of one value. What they stand for is not
// looked through again.
func expandText(text string, env map[string]string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(text); {
		if strings.HasPrefix(text[i:], `\$`) {
			b.WriteByte('$')
			i += 2
			continue
		}
		value, size := reference(text[i:], env)
		if size == 0 {
			b.WriteByte(text[i])
			i++
			continue
		}
		b.WriteString(value)
		if b.Len() > maxExpanded {
			return "", fmt.Errorf("the value is larger than %d MiB", maxExpanded>>20)
		}
		i += size
	}
	return b.String(), nil
}

// reference reads "$NAME" or "${NAME}" at the beginning of text, and returns its
// value and how many bytes it takes, 0 for none.
func reference(text string, env map[string]string) (value string, size int) {
	if len(text) < 2 || text[0] != '$' {
		return "", 0
	}
	if text[1] != '{' {
		end := 1
		for end < len(text) && (text[end] == '_' || letter(text[end])) {
			end++
		}
		if end == 1 || text[1] >= '0' && text[1] <= '9' {
			return "", 0
		}
		return env[text[1:end]], end
	}
	inner, _, ok := strings.Cut(text[2:], "}")
	if !ok || inner == "" || strings.Contains(inner, "{") {
		return "", 0
	}
	size = len(inner) + 3
	at := strings.IndexAny(inner, "+-")
	if at < 0 {
		return env[inner], size
	}
	name, other := strings.TrimSuffix(inner[:at], ":"), inner[at+1:]
	switch value = env[name]; {
	case inner[at] == '+' && value == "":
		return "", size
	case inner[at] == '+', value == "":
		return other, size
	}
	return value, size
}
