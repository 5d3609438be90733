package variables

// Text is what [Parse] finds in a string: the live variables and the escapes, in
// their order and without overlap. What stands between them is plain.
type Text []Part

// Part is a live variable, or an escape if Sources is nil.
type Part struct {
	// Start and End are the bytes of the string that the part takes: from the
	// "$" to behind the "}". Those of all that is inside of a variable count from
	// its "$", so that it is the same wherever it stands.
	Start, End int
	// Sources are asked in their order for the value.
	Sources []Call
	// Escape is the text that an escape stands for.
	Escape string
}

// Call is one source of a variable, such as "opt:stage", or the literal behind
// the last comma.
type Call struct {
	// Start and End are the bytes of the variable that the call takes.
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

	// repeated is true for the first call of a variable that stands in the file
	// more than once. All of these have the same calls.
	repeated bool
}

// Arg is a param or an address of a [Call].
type Arg struct {
	// Start and End are the bytes of the variable that it takes, without the
	// blanks around it.
	Start, End int
	// Parts are the variables in it. Their offsets, and all in them, are those of
	// the outermost variable.
	Parts []Part

	text    string
	literal *any // of one that is no text
}

// Value returns what it is if there is no variable in it: a string or, for a param
// without quotes, also nil, bool, int64 or float64.
func (a *Arg) Value() any {
	if a.literal != nil {
		return *a.literal
	}
	return a.text
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
