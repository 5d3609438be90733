// Package dotenv reads the .env files of a service as "useDotenv: true" does.
// Call [Load] with the directory of the service.
//
// One file counts: .env.<stage> if it is there, else .env. What the environment
// has already is never changed. See
// https://www.serverless.com/framework/docs/environment-variables.
package dotenv

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"strings"
	"unicode"
)

// Var is a variable as a file has it.
type Var struct {
	Name, Value string
	// Line is that of the name, from 1.
	Line int
}

// Load returns the environment with what the file for the stage adds to it, and
// the name of the file, or "" if there is none. dir is the directory of the
// service in fsys. environ is not changed; a variable that is set and empty in
// it counts as set.
//
// A value may refer to variables of the environment and to those before it, as
// $NAME or ${NAME}, also with a default: ${NAME:-text} or ${NAME-text}. "\$" is
// a dollar.
func Load(fsys fs.FS, dir, stage string, environ map[string]string) (env map[string]string, file string, err error) {
	for _, name := range []string{".env." + stage, ".env"} {
		name = path.Join(dir, name)
		src, err := fs.ReadFile(fsys, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, name, err
		}
		env, err := expand(Parse(string(src)), environ)
		if err != nil {
			return nil, name, fmt.Errorf("%s:%w", name, err)
		}
		return env, name, nil
	}
	return maps.Clone(environ), "", nil
}

// Parse returns the variables of a file in their order, with quotes removed and
// nothing replaced. Of several with one name the last counts. A line that is no
// variable means nothing.
func Parse(src string) []Var {
	p := parser{s: strings.ReplaceAll(strings.ReplaceAll(src, "\r\n", "\n"), "\r", "\n")}
	var vars []Var
	for p.i < len(p.s) {
		line := 1 + strings.Count(p.s[:p.i], "\n")
		if v, ok := p.variable(); ok {
			v.Line = line
			vars = append(vars, v)
		}
		p.skipLine()
	}
	return vars
}

type parser struct {
	s string
	i int
}

func (p *parser) skipLine() {
	if end := strings.IndexByte(p.s[p.i:], '\n'); end >= 0 {
		p.i += end + 1
		return
	}
	p.i = len(p.s)
}

// blanks skips what is no end of a line.
func (p *parser) blanks() (some bool) {
	for p.i < len(p.s) && (p.s[p.i] == ' ' || p.s[p.i] == '\t' || p.s[p.i] == '\f' || p.s[p.i] == '\v') {
		p.i++
		some = true
	}
	return some
}

func (p *parser) name() string {
	start := p.i
	for p.i < len(p.s) && (p.s[p.i] == '_' || p.s[p.i] == '.' || p.s[p.i] == '-' || letter(p.s[p.i])) {
		p.i++
	}
	return p.s[start:p.i]
}

func letter(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

// variable reads one, up to the end of its line.
func (p *parser) variable() (v Var, ok bool) {
	p.blanks()
	v.Name = p.name()
	afterName := p.i
	if v.Name == "export" && p.blanks() {
		if name := p.name(); name != "" {
			v.Name = name
		} else {
			p.i = afterName
		}
	}
	if v.Name == "" {
		return v, false
	}
	colon := p.i
	if colon < len(p.s) && p.s[colon] == ':' {
		p.i++
		if !p.blanks() {
			return v, false
		}
	} else {
		p.blanks()
		if p.i == len(p.s) || p.s[p.i] != '=' {
			return v, false
		}
		p.i++
	}
	p.blanks()
	if text, ok := p.quoted(); ok {
		v.Value = text
		return v, true
	}
	end := strings.IndexAny(p.s[p.i:], "#\n")
	if end < 0 {
		end = len(p.s) - p.i
	}
	v.Value = strings.TrimFunc(p.s[p.i:p.i+end], unicode.IsSpace)
	p.i += end
	return v, true
}

// quoted reads a value in quotes, which may go over several lines. Nothing but a
// comment may stand behind it.
func (p *parser) quoted() (string, bool) {
	if p.i == len(p.s) || !strings.ContainsRune(`'"`+"`", rune(p.s[p.i])) {
		return "", false
	}
	mark := p.s[p.i]
	end := p.i + 1
	for ; end < len(p.s) && p.s[end] != mark; end++ {
		if p.s[end] == '\\' && end+1 < len(p.s) && p.s[end+1] == mark {
			end++
		}
	}
	if end >= len(p.s) {
		return "", false
	}
	rest, _, _ := strings.Cut(p.s[end+1:], "\n")
	if rest = strings.TrimSpace(rest); rest != "" && rest[0] != '#' {
		return "", false
	}
	text := p.s[p.i+1 : end]
	p.i = end + 1
	if mark == '"' {
		text = strings.NewReplacer(`\n`, "\n", `\r`, "\r").Replace(text)
	}
	return text, true
}
