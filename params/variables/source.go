package variables

import (
	"context"
	"errors"
	"fmt"

	"github.com/slsflow/slsflow/internal/yamldoc"
)

// A Source answers for one type of variable: the source "env" for ${env:HOME}.
// It mentions no type of this package, so that one can be written without it.
//
// params are what stands in the parentheses, nil without them. address is what
// stands behind the colon, nil without one. Both are nil, bool, int64, float64,
// string, []any or map[string]any; a secret in them is given in the clear.
//
// Resolve has three results: the value, absent (found is false, or the value is
// nil), or an error. Absent lets the fallback of a variable count; an error
// never does. The value is of the kinds above, or holds a params.Secret. It is
// asked once for the same params and address in one resolution, by one goroutine
// unless it is a [Batcher], and may be asked for addresses of variables whose
// value is not used in the end.
type Source interface {
	Resolve(ctx context.Context, params []any, address any) (value any, found bool, err error)
}

// A Tracer is a [Source] that can say where its values come from. It is asked
// instead of Resolve. A zero Type or Address of the [Origin] is filled in.
type Tracer interface {
	Source
	Trace(ctx context.Context, params []any, address any) (value any, origin Origin, found bool, err error)
}

// SourceFunc is a function as a [Source].
type SourceFunc func(ctx context.Context, params []any, address any) (value any, found bool, err error)

// Resolve calls f.
func (f SourceFunc) Resolve(ctx context.Context, params []any, address any) (value any, found bool, err error) {
	return f(ctx, params, address)
}

// ErrLeave is wrapped by the error of a [Source] about something that only the
// command line can do, such as running a JavaScript file. A [Resolver] that is
// Partial leaves such a variable as it is written; for others it is an error.
var ErrLeave = errors.New("only the command line can resolve it")

// Origin is where a value came from.
type Origin struct {
	// Type and Address are those of the variable, such as "param" and "env".
	// A secret in the address shows as REDACTED.
	Type, Address string
	// Layer is which of several places gave it, such as "params.dev".
	Layer string
	// Object is what was read: a file, or an instance.
	Object string
	// Version is that of the object, 0 if it has none.
	Version int64
	// Secret is true if a secret went into the value. A [Tracer] that says so
	// makes each value in its answer a secret.
	Secret bool
	// Literal is true if the texts in the value are texts, whatever they look
	// like. All others are looked through for variables, as the command line does
	// it, so that who writes a value can read with it what the service can read. A
	// [Tracer] says so for values that somebody else has written: what another
	// service publishes, the message of a commit. It holds for every text that
	// such a one goes into.
	Literal bool
}

// MissingType is the type of the [Origin] of a value that stands for one that is
// missing, see [Resolver.Missing]. Its address is the variable as it is written.
const MissingType = "missing"

// text returns an address or a param as a text, or why it is none. Numbers and
// bools are written out; nil is "".
func addressText(what string, v any) (string, error) {
	switch v.(type) {
	case nil:
		return "", nil
	case map[string]any, []any:
		return "", fmt.Errorf("%s is %s, want a text", what, kindName(v))
	}
	s, ok := scalarText(v)
	if !ok {
		return "", fmt.Errorf("%s is %T, want a text", what, v)
	}
	return s, nil
}

func kindName(v any) string {
	switch v.(type) {
	case map[string]any:
		return "a map"
	case []any:
		return "a list"
	case bool:
		return "true or false"
	case int64, float64:
		return "a number"
	case nil:
		return "null"
	default:
		return "a text"
	}
}

// scalarText writes a scalar as JavaScript does inside of a text. Null is none.
func scalarText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case bool:
		if v {
			return "true", true
		}
		return "false", true
	case int64:
		return fmt.Sprint(v), true
	case float64:
		return yamldoc.FormatNumber(v), true
	}
	return "", false
}
