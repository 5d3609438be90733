package outputs

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/slsflow/slsflow/stage"
)

// Ref names an output of an instance, or a value inside it, as an address of
// ${output:…} does. Start with [ParseRef].
type Ref struct {
	Instance
	// Key is the name of the output.
	Key string
	// Path goes into its value: keys of maps and indexes of lists. Empty means
	// the whole value.
	Path []string
}

// ParseRef returns the Ref of an address, which is "service.key" or
// "app:stage:region:service.key", where what is left empty before a colon is
// that of current. Behind the key a path may go into the value, as in
// "db.net.subnets[0].id" or "db.net.subnets.0.id"; a key of a map that holds a
// dot or a bracket is quoted as in JSON: db.net["a.b"].id. The error quotes the
// address and says what is wrong with it.
//
// The forms are those of the Serverless dashboard,
// https://www.serverless.com/framework/docs/guides/variables/outputs, but that
// an address without a key, or with an empty part of a path, is an error.
func ParseRef(address string, current Instance) (Ref, error) {
	fail := func(format string, args ...any) (Ref, error) {
		return Ref{}, fmt.Errorf("output address %q: %s", address, fmt.Sprintf(format, args...))
	}
	if !utf8.ValidString(address) {
		return fail("not UTF-8")
	}
	ref := Ref{Instance: current}
	rest := address
	// A quoted key of a path may hold a colon.
	head, _, _ := strings.Cut(address, "[")
	switch colons := strings.Count(head, ":"); colons {
	case 0:
	case 3:
		parts := strings.SplitN(address, ":", 4)
		rest = parts[3]
		if parts[0] != "" {
			ref.App = parts[0]
		}
		if parts[1] != "" {
			n, err := stage.Parse(parts[1])
			if err != nil {
				return fail("%v", err)
			}
			ref.Stage = n
		}
		if parts[2] != "" {
			ref.Region = parts[2]
		}
	default:
		return fail("%d parts between colons, want service.key or app:stage:region:service.key", colons+1)
	}

	service, rest, ok := strings.Cut(rest, ".")
	if !ok {
		return fail("no key, want service.key")
	}
	ref.Service = service
	for _, part := range []struct{ what, name string }{{"app", ref.App}, {"stage", ref.Stage.String()}, {"region", ref.Region}, {"service", ref.Service}} {
		if part.name == "" {
			return fail("no %s", part.what)
		}
		if c := strings.IndexFunc(part.name, notInName); c >= 0 {
			return fail("%s %q: want A-Z, a-z, 0-9, '-' or '_'", part.what, part.name)
		}
	}

	// The key goes up to the next dot, brackets and all, unless a quoted part
	// follows it.
	end := len(rest)
	if i := strings.IndexByte(rest, '.'); i >= 0 {
		end = i
	}
	if i := strings.Index(rest, `["`); i >= 0 && i < end {
		end = i
	}
	ref.Key = rest[:end]
	switch {
	case ref.Key == "":
		return fail("no key, want service.key")
	case strings.Contains(ref.Key, ":"):
		return fail("key %q: a colon has no place there", ref.Key)
	}
	path, err := parsePath(rest[end:])
	if err != nil {
		return fail("%v", err)
	}
	ref.Path = path
	return ref, nil
}

// notInName is what no app, region or service may hold, so that an address has
// one meaning. Stages are checked more strictly.
func notInName(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
}

// parsePath reads parts that begin with "." or "[".
func parsePath(s string) (path []string, err error) {
	for s != "" {
		var part string
		switch {
		case strings.HasPrefix(s, `["`):
			if part, s, err = quotedPart(s); err != nil {
				return nil, err
			}
		case strings.HasPrefix(s, "["):
			index, rest, closed := strings.Cut(s[1:], "]")
			if _, ok := parseIndex(index); !closed || !ok {
				return nil, fmt.Errorf("path at %q: want an index or a quoted key in brackets", s)
			}
			part, s = index, rest
		case s[0] == '.':
			end := strings.IndexAny(s[1:], ".[")
			if end < 0 {
				end = len(s) - 1
			}
			part, s = s[1:1+end], s[1+end:]
			if part == "" {
				return nil, fmt.Errorf("path has an empty part")
			}
			if strings.ContainsAny(part, "]:") {
				return nil, fmt.Errorf("path at %q: want a key without ']' and ':' (quote it in brackets)", part)
			}
		default:
			return nil, fmt.Errorf("path at %q: want '.' or '['", s)
		}
		path = append(path, part)
	}
	return path, nil
}

// quotedPart reads ["key"], the key being a JSON string.
func quotedPart(s string) (key, rest string, err error) {
	for i := 2; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			if !strings.HasPrefix(s[i+1:], "]") {
				return "", "", fmt.Errorf("path at %q: no ']' after the quoted key", s)
			}
			if err := json.Unmarshal([]byte(s[1:i+1]), &key); err != nil {
				return "", "", fmt.Errorf("path at %q: the key is not quoted as in JSON", s)
			}
			return key, s[i+2:], nil
		}
	}
	return "", "", fmt.Errorf("path at %q: the quoted key does not end", s)
}

// parseIndex reads a decimal number without sign and leading zeros.
func parseIndex(s string) (int, bool) {
	n, err := strconv.Atoi(s)
	return n, err == nil && n >= 0 && strconv.Itoa(n) == s
}

// String returns the whole address, such as
// "shop:qa:eu-west-1:db.net.subnets.0.id", which [ParseRef] takes back.
func (r Ref) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%s:%s:%s.%s", r.App, r.Stage, r.Region, r.Service, r.Key)
	for _, part := range r.Path {
		if part == "" || strings.ContainsAny(part, ".[]:") {
			quoted, _ := json.Marshal(part) // a string always can be
			fmt.Fprintf(&b, "[%s]", quoted)
			continue
		}
		b.WriteString("." + part)
	}
	return b.String()
}
