package deploy

import (
	"maps"
	"slices"
	"strings"

	"github.com/slsflow/slsflow/params"
)

// allowed are the variables of the caller's environment that every command
// gets: what a shell, node, npm, python and the Serverless Framework need to
// find their files, and nothing that identifies anybody. A name that ends in "*"
// allows all that begin so.
//
//nolint:gochecknoglobals // a table
var allowed = []string{
	"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "LC_*", "TZ", "TMPDIR", "TEMP", "TMP",
	"CI", "NO_COLOR", "SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS",
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
	"SystemRoot", "ComSpec", "PATHEXT", "APPDATA", "LOCALAPPDATA", "USERPROFILE", // Windows
}

// Allow returns those of environ ("NAME=value", as os.Environ gives them) that
// commands may have: a fixed list of harmless names, and the further ones that
// the caller trusts every service with ("NAME", or "PREFIX*" for all that begin
// so). It is how a parent's environment becomes [Executor.Env]; nothing else of
// it reaches a child.
func Allow(environ []string, further ...string) map[string]string {
	env := make(map[string]string)
	for _, nameValue := range environ {
		name, value, ok := strings.Cut(nameValue, "=")
		if ok && (permits(allowed, name) || permits(further, name)) {
			env[name] = value
		}
	}
	return env
}

func permits(list []string, name string) bool {
	return slices.ContainsFunc(list, func(p string) bool {
		prefix, open := strings.CutSuffix(p, "*")
		return name == p || open && strings.HasPrefix(name, prefix)
	})
}

// environment is what a command gets, built from nothing. Values are strings or
// a params.Secret.
type environment map[string]any

// with returns a copy of e that has more, where e does not have the name
// already: what is closer to the machine wins, so that a param called PATH
// cannot redirect a command.
func (e environment) with(more map[string]any) environment {
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
// A-Z, a-z, 0-9 and "_" becomes "_".
func variableName(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '_':
			return r
		}
		return '_'
	}, s)
}
