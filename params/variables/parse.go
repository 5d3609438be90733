package variables

import (
	"fmt"
	"strings"

	"github.com/slsflow/slsflow/internal/slab"
)

// maxNest bounds how deep variables may nest in one string.
const maxNest = 200

// parser reads one text after the other.
type parser struct {
	s      string
	i      int   // the next byte
	starts []int // the "$" of each variable that is open, foreign ones too
	live   int   // how many of them are live: a param or an address is being read
	base   int   // the "$" of the outermost that is live
	known  known

	// What was read of lists that are not at their end, an outer one before those
	// inside of it.
	parts stack[Part]
	calls stack[Call]
	list  stack[Arg]
	args  slab.Slab[Arg] // of addresses
}

func (p *parser) parse(s string) (Text, *SyntaxError) {
	count := strings.Count(s, "${")
	if count == 0 {
		return nil, nil
	}
	p.s, p.i, p.live, p.starts = s, 0, 0, p.starts[:0]
	p.parts.reset(min(count, 1+len(s)/16)) // a text that is nothing but "${" needs none
	p.calls.reset(1)
	p.list.reset(0)
	if err := p.out(); err != nil {
		return nil, err
	}
	return p.parts.pop(0), nil
}

func (p *parser) fail(code Code, at int, format string, args ...any) *SyntaxError {
	e := &SyntaxError{Code: code, Offset: at, Msg: fmt.Sprintf(format, args...)}
	if len(p.starts) > 0 {
		e.Start = p.starts[0]
	}
	return e
}

func (p *parser) unterminated() *SyntaxError {
	return p.fail(Unterminated, len(p.s), `"}" is missing at its end`)
}

func (p *parser) more() bool { return p.i < len(p.s) }

// out reads text outside of all variables, the only place for escapes.
func (p *parser) out() *SyntaxError {
	for p.more() {
		switch p.s[p.i] {
		case '\\':
			start := p.i
			for p.more() && p.s[p.i] == '\\' {
				p.i++
			}
			n := p.i - start
			switch {
			case !strings.HasPrefix(p.s[p.i:], "${"):
				if n%2 == 1 && p.more() && p.s[p.i] == '$' {
					p.i++ // this "$" does not take the next character with it
				}
			case n%2 == 1:
				p.parts.push(Part{Start: start, End: p.i + 1, Escape: p.s[start:start+n/2] + "$"})
				p.i += 2
			default:
				p.parts.push(Part{Start: start, End: p.i, Escape: p.s[start : start+n/2]})
			}
		case '$':
			if err := p.dollar(); err != nil {
				return err
			}
		default:
			p.i++
		}
	}
	return nil
}

// dollar reads a "$", and the variable if it begins one. Otherwise the character
// behind it has no meaning of its own: in "${env:x$}" the brace is a part of the
// address.
func (p *parser) dollar() *SyntaxError {
	for p.more() && p.s[p.i] == '$' {
		p.i++
	}
	if !p.more() {
		return nil
	}
	p.i++
	if p.s[p.i-1] != '{' {
		return nil
	}
	p.starts = append(p.starts, p.i-2)
	if len(p.starts) > maxNest {
		return p.fail(NestDepth, p.i-2, "variables nest more than %d deep", maxNest)
	}
	err := p.variable()
	p.starts = p.starts[:len(p.starts)-1]
	return err
}

// variable reads what stands behind "${": a live variable, or foreign text.
func (p *parser) variable() *SyntaxError {
	start := p.i
	for p.more() && lower(p.s[start]) && typeChar(p.s[p.i]) {
		p.i++
	}
	if !p.more() {
		if p.live > 0 {
			return p.unterminated()
		}
		return nil
	}
	typ := p.s[start:p.i]
	if b := p.s[p.i]; typ != "" && (b == '(' || b == ':' && !p.foreignColon(typ)) {
		if p.live > 0 {
			return p.sources(start, typ)
		}
		return p.outermost(start, typ)
	}
	if p.live > 0 {
		return p.fail(InvalidType, start, "no variable begins in %s (a type is lower case letters, with a colon or parentheses behind it)", p.excerpt(p.starts[len(p.starts)-1]))
	}
	return p.foreign()
}

// foreignColon reports whether the ":" here has another one behind it and the
// type is not one whose address may begin so. The place stays.
func (p *parser) foreignColon(typ string) bool {
	i := p.i + 1
	for i < len(p.s) && p.s[i] == ' ' {
		i++
	}
	if i == len(p.s) || p.s[i] != ':' || colonType(typ) {
		return false
	}
	return p.live == 0
}

// colonType reports whether an address of a type may begin with a colon.
func colonType(typ string) bool { return typ == "output" || typ == "state" }

// foreign reads text that only looks like a variable, up to its "}".
func (p *parser) foreign() *SyntaxError {
	for p.more() {
		switch p.s[p.i] {
		case '}':
			p.i++
			return nil
		case '$':
			if err := p.dollar(); err != nil {
				return err
			}
		default:
			p.i++
		}
	}
	return nil
}
