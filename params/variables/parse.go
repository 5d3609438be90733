package variables

import (
	"fmt"
	"strings"

	"github.com/slsflow/slsflow/internal/slab"
)

// Text is what [Parse] finds in a string: the live variables and the escapes, in
// their order and without overlap. What stands between them is plain.
type Text []Part

// Part is a live variable, or an escape if Sources is nil.
type Part struct {
	// Start and End are the bytes of the string that the part takes: from the
	// "$" to behind the "}".
	Start, End int
	// Sources are asked in their order for the value.
	Sources []Call
	// Escape is the text that an escape stands for.
	Escape string
}

// Call is one source of a variable, such as "opt:stage", or the literal behind
// the last comma.
type Call struct {
	// Start and End are the bytes of the string that the call takes.
	Start, End int
	// Type is the type of the source, or "" for a literal.
	Type string
	// Params are what stands in the parentheses. It is nil without them, and
	// not nil but empty for "()".
	Params []Arg
	// Address is what stands behind the colon, or nil.
	Address *Arg
	// Literal is the value of a literal: nil, bool, int64, float64 or string.
	Literal any
}

// Arg is a param or an address of a [Call].
type Arg struct {
	// Start and End are the bytes of the string that it takes, without the
	// blanks around it.
	Start, End int
	// Value is what it is if there is no variable in it: a string or, for a
	// param without quotes, also nil, bool, int64 or float64.
	Value any
	// Parts are the variables in it, at offsets of the whole string.
	Parts []Part
}

// Whole reports whether the only part of t is a variable that spans all of s,
// which is the string that t was parsed from: then the value keeps its type.
func (t Text) Whole(s string) bool {
	return len(t) == 1 && t[0].Sources != nil && t[0].Start == 0 && t[0].End == len(s)
}

// SyntaxError says why a string cannot be parsed.
type SyntaxError struct {
	Code Code
	// Start is where the "${" of the variable is, and Offset where the problem
	// is, both in bytes of the string.
	Start, Offset int
	Msg           string
}

// Error returns the reason without the place.
func (e *SyntaxError) Error() string { return e.Msg }

// maxNest bounds how deep variables may nest in one string.
const maxNest = 200

// Parse finds the variables in s, by the grammar of Serverless Framework 3 as
// osls 4 has it, but for four repairs: an address of the types output and state
// may begin with a colon (there it silently became text), a line may end behind
// the comma before a fallback, "$${x:y}" keeps its first "$", and a param that
// is false or 0 is not lost. The error is a [*SyntaxError].
//
// A "${…}" that is no variable, such as "${AWS::Region}", is plain text; live
// variables inside of it are found. The Text of a string without any is nil.
func Parse(s string) (Text, error) {
	parts, err := new(parser).parse(s)
	if err != nil {
		return nil, err
	}
	return parts, nil
}

// parser reads one text after the other.
type parser struct {
	s      string
	i      int   // the next byte
	starts []int // the "$" of each variable that is open, foreign ones too
	live   int   // how many of them are live: a param or an address is being read

	// What was read of lists that are not at their end, an outer one before those
	// inside of it.
	parts stack[Part]
	calls stack[Call]
	list  stack[Arg]
	args  slab.Slab[Arg] // of addresses
}

// stack collects lists that are inside of each other.
type stack[T any] struct {
	open []T
	made slab.Slab[T]
}

func (s *stack[T]) push(v T) { s.open = append(s.open, v) }

// pop returns what was pushed since the stack was so long, nil for nothing.
func (s *stack[T]) pop(length int) []T {
	if len(s.open) == length {
		return nil
	}
	list := s.made.Make(len(s.open) - length)
	copy(list, s.open[length:])
	s.open = s.open[:length]
	return list
}

func (p *parser) parse(s string) (Text, *SyntaxError) {
	if !strings.Contains(s, "${") {
		return nil, nil
	}
	p.s, p.i, p.live, p.starts = s, 0, 0, p.starts[:0]
	p.parts.open, p.calls.open, p.list.open = p.parts.open[:0], p.calls.open[:0], p.list.open[:0]
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
		return p.sources(start, typ)
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

// sources reads a live variable from behind its first type.
func (p *parser) sources(start int, typ string) *SyntaxError {
	before := len(p.calls.open)
	call, end, err := p.call(start, typ)
	for {
		if err != nil {
			return err
		}
		p.calls.push(call)
		if end == '}' {
			p.parts.push(Part{Start: p.starts[len(p.starts)-1], End: p.i, Sources: p.calls.pop(before)})
			return nil
		}
		call, end, err = p.next()
	}
}

// next reads a source behind a comma. end is the "," or "}" that it ended at.
func (p *parser) next() (c Call, end byte, err *SyntaxError) {
	for p.more() && strings.IndexByte(" \t\r\n", p.s[p.i]) >= 0 {
		p.i++
	}
	if !p.more() {
		return c, 0, p.unterminated()
	}
	start := p.i
	switch b := p.s[p.i]; {
	case b == '"' || b == '\'':
		raw, err := p.quoted()
		if err != nil {
			return c, 0, err
		}
		if p.s[p.i] != '}' {
			return c, 0, p.fail(InvalidSource, start, `a literal is the last source, with "}" behind it, but %s follows`, p.excerpt(p.i))
		}
		text, err := p.unquote(raw, start)
		if err != nil {
			return c, 0, err
		}
		c = Call{Start: start, End: p.trimEnd(start, p.i), Literal: text}
		p.i++
		return c, '}', nil
	case !typeChar(b):
		return c, 0, p.fail(InvalidSource, start, "%s is neither a source nor a literal (want type:address, true, false, null, a number or a quoted text)", p.excerpt(start))
	}
	for p.more() && (typeChar(p.s[p.i]) || p.s[p.i] == ' ') {
		p.i++
	}
	if !p.more() {
		return c, 0, p.unterminated()
	}
	word := p.s[start:p.i]
	switch p.s[p.i] {
	case ':', '(':
		if !laterType(word) {
			return c, 0, p.fail(InvalidSource, start, "%q is no type of a source (behind a comma: a lower case letter, then letters and digits)", word)
		}
		return p.call(start, word)
	case '}':
		word = strings.TrimRight(word, " ")
		v, ok := literal(word)
		if !ok {
			return c, 0, p.fail(InvalidLiteral, start, "%q is no literal (a text needs quotes: '%s')", word, word)
		}
		c = Call{Start: start, End: start + len(word), Literal: v}
		p.i++
		return c, '}', nil
	default:
		return c, 0, p.fail(InvalidSource, start, "%s is neither a source nor the last literal", p.excerpt(start))
	}
}

// call reads a source from behind its type, at ":" or "(".
func (p *parser) call(start int, typ string) (c Call, end byte, err *SyntaxError) {
	c = Call{Start: start, Type: typ}
	defer func() {
		if err == nil {
			c.End = p.trimEnd(start, p.i-1)
		}
	}()
	if p.s[p.i] == '(' {
		p.i++
		if c.Params, err = p.params(); err != nil {
			return c, 0, err
		}
		if !p.spaces() {
			return c, 0, p.unterminated()
		}
		switch b := p.s[p.i]; b {
		case '}', ',':
			p.i++
			return c, b, nil
		case ':':
		default:
			return c, 0, p.fail(InvalidAddress, p.i, `want ":", "," or "}" behind the parentheses, not %s`, p.excerpt(p.i))
		}
	}
	p.i++ // the colon
	if !p.spaces() {
		return c, 0, p.unterminated()
	}
	switch b := p.s[p.i]; {
	case b == '}' || b == ',':
		p.i++
		return c, b, nil
	case b == ':' && (c.Params != nil || !colonType(typ)):
		return c, 0, p.fail(InvalidAddress, p.i, "an address of %s cannot begin with a colon", typ)
	case b == '"' || b == '\'':
		at := p.i
		raw, err := p.quoted()
		if err != nil {
			return c, 0, err
		}
		b := p.s[p.i]
		if b != '}' && b != ',' {
			return c, 0, p.fail(InvalidAddress, at, "%s follows the quoted address", p.excerpt(p.i))
		}
		text, err := p.unquote(raw, at)
		if err != nil {
			return c, 0, err
		}
		c.Address = p.args.New()
		*c.Address = Arg{Start: at, End: p.trimEnd(at, p.i), Value: text}
		p.i++
		return c, b, nil
	}
	at := p.i
	parts, b, err := p.bare('}')
	if err != nil {
		return c, 0, err
	}
	if a, ok := p.arg(at, p.i-1, parts, false); ok {
		c.Address = p.args.New()
		*c.Address = a
	}
	return c, b, nil
}
