// Package plainvalue writes plain values as JSON and reads them back with their
// types. A plain value is a string, bool, int64, float64, or a []any or
// map[string]any of these and nil.
//
// Start with [Encode]. It gives equal values the same bytes, whatever the order
// of their keys, so that they can be hashed and compared.
package plainvalue

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// MaxDepth bounds how deep lists and maps may be nested.
const MaxDepth = 100

// Encode returns the JSON of v: without spaces, keys sorted, and each float64
// with a point or an exponent, by which [Decode] knows it from an int64. What
// JSON cannot say exactly is an error that names its place in v: NaN, infinity,
// text that is not UTF-8, and every other type. Errors never quote a value, which
// may be secret.
func Encode(v any) (json.RawMessage, error) {
	return appendValue(nil, v, "", 0)
}

// Decode returns the plain value that the JSON says. Numbers without point and
// exponent are int64, those that do not fit are an error. The result shares no
// memory with b.
func Decode(b []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one JSON value")
	}
	return numbers(v, "", 0)
}

func appendValue(b []byte, v any, path string, depth int) ([]byte, error) {
	if depth > MaxDepth {
		return nil, fmt.Errorf("%snested more than %d deep", at(path), MaxDepth)
	}
	switch v := v.(type) {
	case nil:
		return append(b, "null"...), nil
	case bool:
		return strconv.AppendBool(b, v), nil
	case int64:
		return strconv.AppendInt(b, v, 10), nil
	case float64:
		return appendFloat(b, v, path)
	case string:
		return appendString(b, v, path)
	case []any:
		b = append(b, '[')
		for i, e := range v {
			if i > 0 {
				b = append(b, ',')
			}
			var err error
			if b, err = appendValue(b, e, path+"["+strconv.Itoa(i)+"]", depth+1); err != nil {
				return nil, err
			}
		}
		return append(b, ']'), nil
	case map[string]any:
		b = append(b, '{')
		for i, k := range slices.Sorted(maps.Keys(v)) {
			if i > 0 {
				b = append(b, ',')
			}
			var err error
			if b, err = appendString(b, k, path); err != nil {
				return nil, err
			}
			b = append(b, ':')
			if b, err = appendValue(b, v[k], strings.TrimPrefix(path+"."+k, "."), depth+1); err != nil {
				return nil, err
			}
		}
		return append(b, '}'), nil
	default:
		return nil, fmt.Errorf("%stype %T: want string, bool, int64, float64, []any or map[string]any", at(path), v)
	}
}

func appendFloat(b []byte, v float64, path string) ([]byte, error) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil, fmt.Errorf("%snumber %v: JSON has none such", at(path), v)
	}
	text := strconv.FormatFloat(v, 'g', -1, 64)
	b = append(b, text...)
	if !strings.ContainsAny(text, ".e") {
		b = append(b, ".0"...)
	}
	return b, nil
}

func appendString(b []byte, s, path string) ([]byte, error) {
	if !utf8.ValidString(s) {
		return nil, fmt.Errorf("%stext is not UTF-8", at(path))
	}
	quoted, err := json.Marshal(s)
	return append(b, quoted...), err
}

// numbers replaces each json.Number in v, which is ours.
func numbers(v any, path string, depth int) (any, error) {
	if depth > MaxDepth {
		return nil, fmt.Errorf("%snested more than %d deep", at(path), MaxDepth)
	}
	var err error
	switch v := v.(type) {
	case json.Number:
		var n any
		if strings.ContainsAny(v.String(), ".eE") {
			n, err = v.Float64()
		} else {
			n, err = v.Int64()
		}
		if err != nil {
			return nil, fmt.Errorf("%snumber does not fit 64 bits", at(path))
		}
		return n, nil
	case []any:
		for i := range v {
			if v[i], err = numbers(v[i], path+"["+strconv.Itoa(i)+"]", depth+1); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for k := range v {
			if v[k], err = numbers(v[k], strings.TrimPrefix(path+"."+k, "."), depth+1); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}

func at(path string) string {
	if path == "" {
		return ""
	}
	return path + ": "
}
