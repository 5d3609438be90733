package variables

import "fmt"

// variable is a live variable while its value is looked for.
type variable struct {
	n *node // the text that it is in
	c *cell // the property that needs it
	p *Part
}

// first returns the first variable or escape of a text, for errors that are
// about the whole text.
func first(n *node, c *cell) variable { return variable{n, c, &n.parts()[0]} }

// whole reports whether the variable spans all of the text.
func (x variable) whole() bool { return x.p.Start == 0 && x.p.End == len(x.n.text()) }

// text returns the variable as it is written.
func (x variable) text() string { return x.n.text()[x.p.Start:x.p.End] }

// origin returns the variable for nodes that come from it: itself, or the one
// that the text it is in came from.
func (x variable) origin() (from *node, part *Part) {
	if x.n.yaml == nil && x.n.part != nil {
		return x.n.from, x.n.part
	}
	return x.n, x.p
}

// fail records an error of a variable.
func (s *session) fail(x variable, code Code, err error, hint, format string, args ...any) {
	e := &Error{Path: x.c.place().String(), Code: code, Err: err, Hint: hint, Msg: fmt.Sprintf(format, args...)}
	from, part := x.origin()
	if from != x.n {
		// The text is a value that came from a variable: that one has a place.
		e.Msg = fmt.Sprintf("its value holds %s: %s", x.text(), e.Msg)
	}
	origin := variable{n: from, p: part}
	e.Pos, e.Expr = from.at(part.Start), origin.text()
	s.record(e)
}

// record adds an error.
func (s *session) record(e *Error) {
	s.errs = append(s.errs, e)
	s.because(e)
}

// at returns the error as that of a property, which need not be the one in whose
// text it is.
func (e *Error) at(c *cell) *Error {
	here := *e
	here.Path = c.place().String()
	return &here
}

// because notes the error that keeps what is being resolved from having a value.
func (s *session) because(e *Error) {
	if s.cause == nil {
		s.cause = e
	}
}
