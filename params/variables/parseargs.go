package variables

import (
	"encoding/json"
	"strconv"
	"strings"
)

// params reads what stands behind "(", up to the ")".
func (p *parser) params() ([]Arg, *SyntaxError) {
	before := len(p.list.open)
	for {
		more, err := p.param()
		if err != nil {
			return nil, err
		}
		if !more {
			if list := p.list.pop(before); list != nil {
				return list, nil
			}
			return []Arg{}, nil
		}
	}
}

// param reads one param. It is false behind the last.
func (p *parser) param() (more bool, err *SyntaxError) {
	if !p.spaces() {
		return false, p.unterminated()
	}
	start := p.i
	switch b := p.s[p.i]; b {
	case ')':
		p.i++
		return false, nil
	case ',':
		p.list.push(Arg{Start: start - p.base, End: start - p.base, literal: new(any)})
		p.i++
		return true, nil
	case '}':
		return false, p.fail(InvalidParam, start, `want ")" before "}" (quote a param that holds a brace)`)
	case '"', '\'':
		raw, err := p.quoted()
		if err != nil {
			return false, err
		}
		end := p.s[p.i]
		if end != ')' && end != ',' {
			return false, p.fail(InvalidParam, start, "%s follows the quoted param", p.excerpt(p.i))
		}
		text, err := p.unquote(raw, start)
		if err != nil {
			return false, err
		}
		p.list.push(Arg{Start: start - p.base, End: p.trimEnd(start, p.i) - p.base, text: text})
		p.i++
		return end == ',', nil
	}
	parts, end, err := p.bare(')')
	if err != nil {
		return false, err
	}
	arg, some := p.arg(start, p.i-1, parts, true)
	if !some {
		arg = Arg{Start: start - p.base, End: start - p.base, literal: new(any)}
	}
	if some || end == ',' {
		p.list.push(arg)
	}
	return end == ',', nil
}

// bare reads a param or an address without quotes, up to a comma or what closes
// it, which is read too and returned.
func (p *parser) bare(closing byte) (parts []Part, end byte, err *SyntaxError) {
	start, before := p.i, len(p.parts.open)
	p.live++
	defer func() { p.live-- }()
	for p.more() {
		switch b := p.s[p.i]; b {
		case '$':
			if err := p.dollar(); err != nil {
				return nil, 0, err
			}
		case ',', closing:
			p.i++
			return p.parts.pop(before), b, nil
		case '}':
			return nil, 0, p.fail(InvalidParam, start, `want ")" before "}" (quote a param that holds a brace)`)
		default:
			p.i++
		}
	}
	return nil, 0, p.unterminated()
}

// arg makes an Arg of the bytes from start to end. It is false if they are blank.
func (p *parser) arg(start, end int, parts []Part, typed bool) (a Arg, some bool) {
	for start < end {
		size := blankPrefix(p.s[start:end])
		if size == 0 {
			break
		}
		start += size
	}
	end = p.trimEnd(start, end)
	if start == end {
		return a, false
	}
	a = Arg{Start: start - p.base, End: end - p.base, Parts: parts}
	if parts != nil {
		return a, true
	}
	if typed {
		if v, ok := literal(p.s[start:end]); ok {
			a.literal = &v
			return a, true
		}
	}
	a.text = p.s[start:end]
	return a, true
}

// quoted reads a text in quotes and the spaces behind it, so that there is a
// next byte. It returns the text as it is written.
func (p *parser) quoted() (string, *SyntaxError) {
	start, quote := p.i, p.s[p.i]
	p.i++
	for p.more() && p.s[p.i] != quote {
		if quote == '"' && p.s[p.i] == '\\' {
			p.i++
		}
		p.i++
	}
	p.i++
	if p.i >= len(p.s) {
		p.i = len(p.s)
		return "", p.unterminated()
	}
	raw := p.s[start:p.i]
	if !p.spaces() {
		return "", p.unterminated()
	}
	return raw, nil
}

// unquote returns the text that quoted read at start: one in single quotes has
// no escapes, one in double quotes is a JSON string.
func (p *parser) unquote(raw string, start int) (string, *SyntaxError) {
	if raw[0] == '\'' {
		return raw[1 : len(raw)-1], nil
	}
	var text string
	if err := json.Unmarshal([]byte(raw), &text); err != nil {
		return "", p.fail(InvalidString, start, "%s is no JSON string: %v", raw, err)
	}
	return text, nil
}

// spaces skips spaces and reports whether something follows.
func (p *parser) spaces() bool {
	for p.more() && p.s[p.i] == ' ' {
		p.i++
	}
	return p.more()
}

// trimEnd returns end without the blanks before it.
func (p *parser) trimEnd(start, end int) int {
	for end > start {
		size := blankSuffix(p.s[start:end])
		if size == 0 {
			break
		}
		end -= size
	}
	return end
}

// excerpt quotes a few characters from i on.
func (p *parser) excerpt(i int) string {
	rest := p.s[min(i, len(p.s)):]
	if rest == "" {
		return "the end"
	}
	const most = 20
	short := rest
	if len(rest) > most {
		short = strings.ToValidUTF8(rest[:most], "") + "…"
	}
	return strconv.Quote(short)
}
