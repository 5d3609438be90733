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
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/slsflow/slsflow/internal/treefile"
)

// Var is a variable as a file has it.
type Var struct {
	Name, Value string
	// Line is that of the name, from 1.
	Line int
}

// Conflict is a variable that decides which file counts, and stands in it.
type Conflict struct {
	File, Name string
	Line       int
}

// Error returns "file:line: name: why (what to do)".
func (c *Conflict) Error() string {
	return fmt.Sprintf("%s:%d: %s: the stage or useDotenv depends on it, and so which file is read (set it in the environment, or take it out of the file)", c.File, c.Line, c.Name)
}

// Load returns the environment with what the file for the stage adds to it, and
// the name of the file, or "" if there is none. dir is the directory of the
// service in fsys. environ is not changed; a variable that is set and empty in
// it counts as set.
//
// asked are the variables that environ did not have when the stage and useDotenv
// were looked up. One that the file has, and that is not empty, is a [*Conflict], each of which is in the
// error; the environment is returned all the same.
//
// A value may refer to variables of the environment and to others of the file, as
// $NAME or ${NAME}, also with a default: ${NAME:-text} or ${NAME-text}. "\$" is
// a dollar.
func Load(fsys fs.FS, dir, stage string, environ map[string]string, asked ...string) (env map[string]string, file string, err error) {
	for _, name := range []string{".env." + stage, ".env"} {
		name = path.Join(dir, name)
		src, err := fs.ReadFile(fsys, name) // also a pipe: keepers of passwords make one
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, name, treefile.Explain(fsys, name, err)
		}
		vars := Parse(string(src))
		env, err := expand(vars, environ)
		if err != nil {
			return nil, name, fmt.Errorf("%s:%w", name, err)
		}
		return env, name, conflicts(name, vars, env, asked)
	}
	return maps.Clone(environ), "", nil
}

func conflicts(file string, vars []Var, env map[string]string, asked []string) error {
	var errs []error
	for _, v := range vars {
		if slices.Contains(asked, v.Name) && env[v.Name] != "" {
			errs = append(errs, &Conflict{File: file, Name: v.Name, Line: v.Line})
		}
	}
	return errors.Join(errs...)
}

// Parse returns the variables of a file in their order, with quotes removed and
// nothing replaced. Of several with one name the last counts. A line that is no
// variable means nothing.
func Parse(src string) []Var {
	p := parser{s: strings.ReplaceAll(strings.ReplaceAll(src, "\r\n", "\n"), "\r", "\n")}
	var vars []Var
	for p.i < len(p.s) {
		p.blanks()
		start := p.i
		if v, ok := p.variable(); ok {
			v.Line = 1 + strings.Count(p.s[:start], "\n")
			vars = append(vars, v)
		} else {
			p.i = start // what was looked at may be of the next line
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

// blanks skips blanks and the ends of lines: a name and what belongs to it may stand
// on several.
func (p *parser) blanks() (some bool) {
	rest := strings.TrimLeftFunc(p.s[p.i:], blank)
	some = len(rest) < len(p.s)-p.i
	p.i = len(p.s) - len(rest)
	return some
}

func blank(r rune) bool { return unicode.IsSpace(r) && r != '\u0085' || r == '\ufeff' }

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
	v.Name = p.name()
	if v.Name == "export" {
		after := p.i
		if p.blanks() {
			v.Name = p.name()
		}
		if v.Name == "" || v.Name == "export" {
			v.Name, p.i = "export", after
		}
	}
	if v.Name == "" || !p.sign() {
		return v, false
	}
	text := p.text()
	first := text[:min(1, len(text))]
	if len(text) > 1 && strings.Contains("'\"`", first) && strings.HasSuffix(text, first) {
		text = text[1 : len(text)-1]
	}
	if first == `"` {
		text = strings.NewReplacer(`\n`, "\n", `\r`, "\r").Replace(text)
	}
	v.Value = text
	return v, true
}

// sign reads what stands between a name and its value: "=", or ":" and a blank.
func (p *parser) sign() bool {
	if colon, ok := strings.CutPrefix(p.s[p.i:], ":"); ok {
		r, size := utf8.DecodeRuneInString(colon)
		p.i += 1 + size
		return blank(r)
	}
	p.blanks()
	p.i++
	return p.i <= len(p.s) && p.s[p.i-1] == '='
}

// text reads a value: one in quotes, which may go over several lines and has nothing
// but a comment behind it, or the rest of the line.
func (p *parser) text() string {
	start := p.i
	p.blanks()
	if end := p.quoted(); end > 0 {
		text := p.s[p.i:end]
		p.i = end
		return text
	}
	p.i = start
	end := strings.IndexAny(p.s[p.i:], "#\n")
	if end < 0 {
		end = len(p.s) - p.i
	}
	text := strings.TrimFunc(p.s[p.i:p.i+end], blank)
	p.i += end
	return text
}

// quoted returns where the quote that begins here ends, or 0. One with a backslash
// before it ends it only if no other does.
func (p *parser) quoted() (end int) {
	if p.i == len(p.s) || !strings.ContainsRune("'\"`", rune(p.s[p.i])) {
		return 0
	}
	mark := p.s[p.i]
	ends := func(i int) bool {
		rest, _, _ := strings.Cut(p.s[i+1:], "\n")
		rest = strings.TrimFunc(rest, blank)
		return rest == "" || rest[0] == '#'
	}
	for i := p.i + 1; i < len(p.s); i++ {
		escaped := p.s[i] == '\\' && i+1 < len(p.s) && p.s[i+1] == mark
		if escaped {
			i++
		}
		if p.s[i] == mark && ends(i) {
			end = i + 1
		}
		if p.s[i] == mark && !escaped {
			break
		}
	}
	return end
}
