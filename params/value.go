package params

import (
	"encoding/json"
	"fmt"

	"github.com/slsflow/slsflow/internal/plainvalue"
)

// CheckValue returns an error that wraps [ErrInvalid] if a [Store] cannot keep
// v. It keeps a [Secret], alone and not inside a list or map, and plain values:
// string in UTF-8, bool, int64, float64 but NaN and infinity, and []any and
// map[string]any of these, in which nil is allowed, nested 100 deep at most.
// The error does not quote the value.
func CheckValue(v Value) error {
	if _, secret := v.(Secret); secret {
		return nil
	}
	_, err := Encode(v)
	return err
}

// Encode returns the JSON of a plain value, by which a [Store] keeps it: the
// same for equal values, and with a point or an exponent in each float64. A
// [Secret], nil, or what [CheckValue] refuses is an error that wraps
// [ErrInvalid].
func Encode(v Value) (json.RawMessage, error) {
	if v == nil {
		return nil, fmt.Errorf("%w: no value (delete it instead)", ErrInvalid)
	}
	b, err := plainvalue.Encode(v)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return b, nil
}

// Decode returns the plain value that [Encode] made b of. The value shares no
// memory with b.
func Decode(b json.RawMessage) (Value, error) {
	v, err := plainvalue.Decode(b)
	if err == nil && v == nil {
		err = fmt.Errorf("null is no value")
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return v, nil
}
