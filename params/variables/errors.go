package variables

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Code says which rule an [Error] is about. The codes are those of Serverless
// Framework 3 where it has one.
type Code string

// The codes of errors in what was written.
const (
	InvalidYAML    Code = "INVALID_YAML"
	InvalidTag     Code = "INVALID_TAG"
	InvalidType    Code = "INVALID_VARIABLE_TYPE"
	InvalidSource  Code = "INVALID_VARIABLE_SOURCE"
	InvalidLiteral Code = "INVALID_VARIABLE_LITERAL_SOURCE"
	InvalidString  Code = "INVALID_VARIABLE_STRING_LITERAL"
	InvalidParam   Code = "INVALID_VARIABLE_PARAM"
	InvalidAddress Code = "INVALID_VARIABLE_ADDRESS"
	Unterminated   Code = "UNTERMINATED_VARIABLE"
)

// The codes of errors while resolving.
const (
	Missing       Code = "MISSING_VARIABLE_RESULT"
	NotText       Code = "NON_STRING_VARIABLE_RESULT"
	SourceFailed  Code = "VARIABLE_RESOLUTION_ERROR"
	Circular      Code = "CIRCULAR_PROPERTY_DEPENDENCY"
	Unrecognized  Code = "UNRECOGNIZED_VARIABLE_SOURCES"
	NestDepth     Code = "EXCESSIVE_RESOLVED_VARIABLES_NEST_DEPTH"
	PropertyDepth Code = "EXCESSIVE_RESOLVED_PROPERTIES_NEST_DEPTH"
	BadResult     Code = "UNSUPPORTED_VARIABLE_RESOLUTION_RESULT"
	TooLarge      Code = "EXCESSIVE_SIZE"
	BadConfig     Code = "INVALID_CONFIGURATION"
	InvalidStage  Code = "INVALID_STAGE"
	NotForCLI     Code = "NOT_FOR_COMMAND_LINE"
)

// Error is one problem of a document: something that is written wrongly, or a
// variable that has no value.
type Error struct {
	// Pos is that of the "${", or of the value.
	Pos Pos
	// Path is where the value stands, such as "provider.vpc.subnetIds[0]".
	Path string
	// Expr is the variable as it is written, or "".
	Expr string
	Code Code
	// Msg says why.
	Msg string
	// Hint says what to do about it, or is "".
	Hint string
	// Err is what a source returned, or nil.
	Err error

	syntax bool // of a variable in a text of the document
}

// maxExpr is how many bytes of a variable a text shows.
const maxExpr = 500

// Error returns "file:line:col: what: why (what to do)".
func (e *Error) Error() string {
	var b strings.Builder
	if e.Pos != (Pos{}) {
		fmt.Fprintf(&b, "%s: ", e.Pos)
	}
	if what := cmp.Or(e.Expr, e.Path); what != "" {
		if len(what) > maxExpr {
			what = strings.ToValidUTF8(what[:maxExpr], "") + "…"
		}
		fmt.Fprintf(&b, "%s: ", strings.ReplaceAll(what, "\n", `\n`))
	}
	b.WriteString(e.Msg)
	if e.Hint != "" {
		fmt.Fprintf(&b, " (%s)", e.Hint)
	}
	return b.String()
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// Errors are all problems that were found, sorted by position and each once.
type Errors []*Error

// maxShown is how many problems a text tells: nobody reads more, and a document
// can have as many as it has characters.
const maxShown = 100

// Error returns the first hundred problems, one on a line, and how many more there
// are.
func (l Errors) Error() string {
	var b strings.Builder
	for i, e := range l {
		if i > 0 {
			b.WriteByte('\n')
		}
		if i == maxShown {
			fmt.Fprintf(&b, "and %d more", len(l)-i)
			break
		}
		b.WriteString(e.Error())
	}
	return b.String()
}

// Unwrap returns each problem, for errors.Is and errors.AsType.
func (l Errors) Unwrap() []error {
	errs := make([]error, len(l))
	for i, e := range l {
		errs[i] = e
	}
	return errs
}

// Err returns l sorted and without repetitions, or nil if l is empty, so that an
// empty list never becomes an error that is not nil.
func (l Errors) Err() error {
	if len(l) == 0 {
		return nil
	}
	l = slices.Clone(l)
	slices.SortStableFunc(l, func(a, b *Error) int {
		return cmp.Or(a.Pos.Compare(b.Pos), strings.Compare(a.Expr, b.Expr), strings.Compare(a.Msg, b.Msg), strings.Compare(a.Path, b.Path))
	})
	return slices.CompactFunc(l, func(a, b *Error) bool {
		return a.Pos == b.Pos && a.Expr == b.Expr && a.Msg == b.Msg
	})
}
