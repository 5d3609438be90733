package variables

import (
	"strings"
)

// outermost reads a live variable that is in no other one, from behind its first
// type.
func (p *parser) outermost(start int, typ string) *SyntaxError {
	p.base = start - 2
	rest := p.s[p.base:]
	row := p.known.row(rest)
	if v := row.find(rest); v != nil {
		v.sources[0].repeated = true
		p.i = p.base + len(v.text)
		p.parts.push(Part{Start: p.base, End: p.i, Sources: v.sources})
		return nil
	}
	if err := p.sources(start, typ); err != nil {
		return err
	}
	row.keep(p.s[p.base:p.i], p.parts.open[len(p.parts.open)-1].Sources)
	return nil
}

// sources reads a live variable from behind its first type.
func (p *parser) sources(start int, typ string) *SyntaxError {
	before := len(p.calls.open)
	var c Call
	end, err := p.call(&c, start, typ)
	for {
		if err != nil {
			return err
		}
		p.calls.push(c)
		if end == '}' {
			part := Part{Start: p.starts[len(p.starts)-1], End: p.i, Sources: p.calls.pop(before)}
			if p.live > 0 {
				part.Start, part.End = part.Start-p.base, part.End-p.base
			}
			p.parts.push(part)
			return nil
		}
		end, err = p.next(&c)
	}
}

// next reads a source behind a comma into c. end is the "," or "}" that it ended at.
func (p *parser) next(c *Call) (end byte, err *SyntaxError) {
	for p.more() && strings.IndexByte(" \t\r\n", p.s[p.i]) >= 0 {
		p.i++
	}
	if !p.more() {
		return 0, p.unterminated()
	}
	start := p.i
	switch b := p.s[p.i]; {
	case b == '"' || b == '\'':
		raw, err := p.quoted()
		if err != nil {
			return 0, err
		}
		if p.s[p.i] != '}' {
			return 0, p.fail(InvalidSource, start, `a literal is the last source, with "}" behind it, but %s follows`, p.excerpt(p.i))
		}
		text, err := p.unquote(raw, start)
		if err != nil {
			return 0, err
		}
		*c = Call{Start: start - p.base, End: p.trimEnd(start, p.i) - p.base, Literal: text}
		p.i++
		return '}', nil
	case !typeChar(b):
		return 0, p.fail(InvalidSource, start, "%s is neither a source nor a literal (want type:address, true, false, null, a number or a quoted text)", p.excerpt(start))
	}
	for p.more() && (typeChar(p.s[p.i]) || p.s[p.i] == ' ') {
		p.i++
	}
	if !p.more() {
		return 0, p.unterminated()
	}
	word := p.s[start:p.i]
	switch p.s[p.i] {
	case ':', '(':
		if !laterType(word) {
			return 0, p.fail(InvalidSource, start, "%q is no type of a source (behind a comma: a lower case letter, then letters and digits)", word)
		}
		return p.call(c, start, word)
	case '}':
		word = strings.TrimRight(word, " ")
		v, ok := literal(word)
		if !ok {
			return 0, p.fail(InvalidLiteral, start, "%q is no literal (a text needs quotes: '%s')", word, word)
		}
		*c = Call{Start: start - p.base, End: start + len(word) - p.base, Literal: v}
		p.i++
		return '}', nil
	default:
		return 0, p.fail(InvalidSource, start, "%s is neither a source nor the last literal", p.excerpt(start))
	}
}

// call reads a source into c from behind its type, at ":" or "(".
func (p *parser) call(c *Call, start int, typ string) (end byte, err *SyntaxError) {
	*c = Call{Start: start - p.base, Type: typ}
	if end, err = p.arguments(c); err == nil {
		c.End = p.trimEnd(start, p.i-1) - p.base
	}
	return end, err
}

// arguments reads what stands behind a type.
func (p *parser) arguments(c *Call) (end byte, err *SyntaxError) {
	if p.s[p.i] == '(' {
		p.i++
		if c.Params, err = p.params(); err != nil {
			return 0, err
		}
		if !p.spaces() {
			return 0, p.unterminated()
		}
		switch b := p.s[p.i]; b {
		case '}', ',':
			p.i++
			return b, nil
		case ':':
		default:
			return 0, p.fail(InvalidAddress, p.i, `want ":", "," or "}" behind the parentheses, not %s`, p.excerpt(p.i))
		}
	}
	p.i++ // the colon
	if !p.spaces() {
		return 0, p.unterminated()
	}
	switch b := p.s[p.i]; {
	case b == '}' || b == ',':
		p.i++
		return b, nil
	case b == ':' && (c.Params != nil || !colonType(c.Type)):
		return 0, p.fail(InvalidAddress, p.i, "an address of %s cannot begin with a colon", c.Type)
	case b == '"' || b == '\'':
		at := p.i
		raw, err := p.quoted()
		if err != nil {
			return 0, err
		}
		b := p.s[p.i]
		if b != '}' && b != ',' {
			return 0, p.fail(InvalidAddress, at, "%s follows the quoted address", p.excerpt(p.i))
		}
		text, err := p.unquote(raw, at)
		if err != nil {
			return 0, err
		}
		c.Address = p.args.New()
		*c.Address = Arg{Start: at - p.base, End: p.trimEnd(at, p.i) - p.base, text: text}
		p.i++
		return b, nil
	}
	at := p.i
	parts, b, err := p.bare('}')
	if err != nil {
		return 0, err
	}
	if a, ok := p.arg(at, p.i-1, parts, false); ok {
		c.Address = p.args.New()
		*c.Address = a
	}
	return b, nil
}
