package variables

import "fmt"

// variable is a live variable while its value is looked for.
type variable struct {
	n *node // the text that it is in
	c *cell // the property that needs it
	p *Part

	base  int  // the byte of the text from where the offsets of p count
	inner bool // it is inside of another one
}

// offset returns the byte of the text from where the offsets of all inside of x
// count. If x is no variable but a text, these are its own.
func (x *variable) offset() int {
	if x.p == nil || x.inner {
		return x.base
	}
	return x.p.Start
}

// inside returns the variable p inside of x.
func (x *variable) inside(p *Part) *variable {
	return &variable{x.n, x.c, p, x.offset(), x.p != nil}
}

// first returns the first variable or escape of a text, for errors that are
// about the whole text.
func first(n *node, c *cell) *variable { return &variable{n: n, c: c, p: &n.parts()[0]} }

// whole reports whether the variable spans all of the text.
func (x *variable) whole() bool { return !x.inner && x.p.Start == 0 && x.p.End == len(x.n.text()) }

// text returns the variable as it is written.
func (x *variable) text() string { return x.n.text()[x.base:][x.p.Start:x.p.End] }

// pos returns where the variable is written.
func (x *variable) pos() Pos { return x.n.at(x.base + x.p.Start) }

// origin returns the variable for nodes that come from it: itself, or the one
// that the text it is in came from.
func (x *variable) origin() *variable {
	if from := x.n.spot; x.n.yaml == nil && from != nil {
		return &variable{n: from.n, p: from.p, base: from.base}
	}
	return &variable{n: x.n, p: x.p, base: x.base}
}

// fail records an error of a variable.
func (s *session) fail(x *variable, code Code, err error, hint, format string, args ...any) {
	e := &Error{Path: x.c.place().String(), Code: code, Err: err, Hint: hint, Msg: fmt.Sprintf(format, args...)}
	origin := x.origin()
	if origin.n != x.n {
		// The text is a value that came from a variable: that one has a place.
		e.Msg = fmt.Sprintf("its value holds %s: %s", x.text(), e.Msg)
	}
	e.Pos, e.Expr = origin.pos(), origin.text()
	s.record(e)
}

// failText records an error that is about all of a text.
func (s *session) failText(n *node, c *cell, code Code, format string, args ...any) {
	s.fail(first(n, c), code, nil, "", format, args...)
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

// blame notes the first reason why a cell failed.
func (s *session) blame(c *cell, cause *Error) {
	if cause == nil {
		return
	}
	if s.causes == nil {
		s.causes = make(map[*cell]*Error)
	}
	s.causes[c] = cause
}

// because notes the error that keeps what is being resolved from having a value.
func (s *session) because(e *Error) {
	if s.cause == nil {
		s.cause = e
	}
}
