package variables

import (
	"encoding/json"
	"strconv"
	"strings"
)

// params reads what stands behind "(", up to the ")".
func (p *parser) params() ([]Arg, *SyntaxError) {
	params := []Arg{}
	for {
		if !p.spaces() {
			return nil, p.unterminated()
		}
		start := p.i
		switch b := p.s[p.i]; b {
		case ')':
			p.i++
			return params, nil
		case ',':
			params = append(params, Arg{Start: start, End: start})
			p.i++
			continue
		case '}':
			return nil, p.fail(InvalidParam, start, `want ")" before "}" (quote a param that holds a brace)`)
		case '"', '\'':
			raw, err := p.quoted()
			if err != nil {
				return nil, err
			}
			end := p.s[p.i]
			if end != ')' && end != ',' {
				return nil, p.fail(InvalidParam, start, "%s follows the quoted param", p.excerpt(p.i))
			}
			text, err := p.unquote(raw, start)
			if err != nil {
				return nil, err
			}
			params = append(params, Arg{Start: start, End: p.trimEnd(start, p.i), Value: text})
			p.i++
			if end == ')' {
				return params, nil
			}
			continue
		}
		parts, end, err := p.bare(",)", "}")
		if err != nil {
			return nil, err
		}
		arg := p.arg(start, p.i-1, parts, true)
		if arg == nil && end == ',' {
			arg = &Arg{Start: start, End: start}
		}
		if arg != nil {
			params = append(params, *arg)
		}
		if end == ')' {
			return params, nil
		}
	}
}

// bare reads a param or an address without quotes, up to one of ends, which is
// read too and returned.
func (p *parser) bare(ends, forbidden string) (parts []Part, end byte, err *SyntaxError) {
	start := p.i
	p.live++
	defer func() { p.live-- }()
	for p.more() {
		switch b := p.s[p.i]; {
		case b == '$':
			found, err := p.dollar()
			if err != nil {
				return nil, 0, err
			}
			parts = append(parts, found...)
		case strings.IndexByte(ends, b) >= 0:
			p.i++
			return parts, b, nil
		case strings.IndexByte(forbidden, b) >= 0:
			return nil, 0, p.fail(InvalidParam, start, `want ")" before "}" (quote a param that holds a brace)`)
		default:
			p.i++
		}
	}
	return nil, 0, p.unterminated()
}

// arg makes an Arg of the bytes from start to end, or nil if they are blank.
func (p *parser) arg(start, end int, parts []Part, typed bool) *Arg {
	for start < end {
		size := blankPrefix(p.s[start:end])
		if size == 0 {
			break
		}
		start += size
	}
	for start < end {
		size := blankSuffix(p.s[start:end])
		if size == 0 {
			break
		}
		end -= size
	}
	if start == end {
		return nil
	}
	a := &Arg{Start: start, End: end, Parts: parts}
	if parts != nil {
		return a
	}
	a.Value = p.s[start:end]
	if typed {
		if v, ok := literal(p.s[start:end]); ok {
			a.Value = v
		}
	}
	return a
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
