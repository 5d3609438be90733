package plainvalue_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/plainvalue"
)

// Numbers keep their type, and keys are sorted.
func Example() {
	b, _ := plainvalue.Encode(map[string]any{"b": 1.0, "a": []any{int64(1), nil, "x<y"}})
	fmt.Println(string(b))
	v, _ := plainvalue.Decode(b)
	fmt.Printf("%T %[1]v\n", v.(map[string]any)["b"])
	// Output:
	// {"a":[1,null,"x\u003cy"],"b":1.0}
	// float64 1
}

func TestWhatCannotBeSaid(t *testing.T) {
	loop := map[string]any{}
	loop["a"] = loop
	for why, v := range map[string]any{
		"type int: want string, bool, int64, float64, []any or map[string]any":           1,
		"a.b[1]: number NaN: JSON has none such":                                         map[string]any{"a": map[string]any{"b": []any{int64(1), math.NaN()}}},
		"number -Inf: JSON has none such":                                                math.Inf(-1),
		"text is not UTF-8":                                                              "\xff",
		"[0]: type []string: want string, bool, int64, float64, []any or map[string]any": []any{[]string{"a"}},
		strings.Repeat("a.", 100) + "a: nested more than 100 deep":                       loop,
	} {
		_, err := plainvalue.Encode(v)
		require.EqualError(t, err, why)
	}
	for in, why := range map[string]string{
		"":                       "EOF",
		"1 2":                    "more than one JSON value",
		"[1] ]":                  "more than one JSON value",
		`{"a":[1e400]}`:          "a[0]: number does not fit 64 bits",
		"9223372036854775808":    "number does not fit 64 bits",
		strings.Repeat("[", 102): "unexpected EOF",
		strings.Repeat("[", 102) + strings.Repeat("]", 102): strings.Repeat("[0]", 101) + ": nested more than 100 deep",
	} {
		_, err := plainvalue.Decode([]byte(in))
		require.EqualError(t, err, why, in)
	}
}

func TestNumbersKeepTheirTypes(t *testing.T) {
	for _, v := range []any{int64(0), 0.0, math.Copysign(0, -1), int64(math.MinInt64), int64(math.MaxInt64), 1e21, 1e-7, 0.1, math.MaxFloat64, math.SmallestNonzeroFloat64, 42.0} {
		b, err := plainvalue.Encode(v)
		require.NoError(t, err)
		got, err := plainvalue.Decode(b)
		require.NoError(t, err)
		require.Equal(t, v, got)
	}
}

// What Decode accepts, Encode says again, in one form.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{`{"b":[1,1.0,-0.0,1e21,null,true],"a":"\u2028\ud800<"}`, `"\u0000"`, `[[[]]]`, `9007199254740993`, ` 1 `, `{"a":1,"a":2}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, err := plainvalue.Decode([]byte(s))
		if err != nil {
			return
		}
		b, err := plainvalue.Encode(v)
		require.NoError(t, err)
		again, err := plainvalue.Decode(b)
		require.NoError(t, err)
		require.Equal(t, v, again)
		b2, err := plainvalue.Encode(again)
		require.NoError(t, err)
		require.Equal(t, string(b), string(b2))
	})
}
