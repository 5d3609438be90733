package workflow

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Error is one thing that is wrong with a workflow file, or with a service that
// it names. It prints as "file:line:col: what: why (what to do)".
type Error struct {
	// File is the name that was given to [ParseFile], or the path of another
	// file from the root of the repository.
	File string
	// Line and Col count from 1, Col in bytes. 0 if there is no position.
	Line, Col int
	// Path is what it is about: "services.fullstack-tasks.dir", or a variable
	// as it is written.
	Path string
	// Msg is why, and Hint what to do about it, or "".
	Msg, Hint string
	// Err is the cause, if another package found it, or nil.
	Err error
}

// Error returns the whole of it in one line.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", e.Line, e.Col)
	}
	for _, part := range []string{e.Path, e.Msg} {
		if part != "" {
			b.WriteString(": ")
			b.WriteString(part)
		}
	}
	if e.Hint != "" {
		b.WriteString(" (")
		b.WriteString(e.Hint)
		b.WriteString(")")
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Errors are all the things that are wrong, in the order of the files and of
// their lines.
type Errors []*Error

// Error returns the errors, one in a line.
func (l Errors) Error() string {
	lines := make([]string, len(l))
	for i, e := range l {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the elements, so that errors.Is and errors.AsType find them.
func (l Errors) Unwrap() []error {
	errs := make([]error, len(l))
	for i, e := range l {
		errs[i] = e
	}
	return errs
}

// Err returns l sorted and each error once, or nil if there is none, so that an
// empty list never becomes an error that is not nil.
func (l Errors) Err() error {
	if len(l) == 0 {
		return nil
	}
	slices.SortStableFunc(l, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col),
			cmp.Compare(a.Path, b.Path), cmp.Compare(a.Msg, b.Msg))
	})
	return slices.CompactFunc(l, func(a, b *Error) bool { return a.Error() == b.Error() })
}
