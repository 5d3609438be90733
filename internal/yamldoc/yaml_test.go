package yamldoc_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/yamldoc"
)

// The types are those that js-yaml 4.3.2 gives with the schema of osls 4.3.1.
func TestPlainScalarsHaveTheTypesOfTheCommandLine(t *testing.T) {
	for text, want := range map[string]any{
		"":                   nil,
		"~":                  nil,
		"null":               nil,
		"NULL":               nil,
		"nULL":               "nULL",
		"true":               true,
		"False":              false,
		"yes":                "yes",
		"on":                 "on",
		"0":                  int64(0),
		"-0":                 int64(0),
		"010":                int64(10),
		"0777":               int64(777),
		"+7":                 int64(7),
		"0o17":               int64(15),
		"0b101":              int64(5),
		"-0x1F":              int64(-31),
		"1_000":              "1_000",
		"1.5":                1.5,
		"1.":                 int64(1),
		".5":                 0.5,
		"+.5":                "+.5",
		"-.5":                "-.5",
		"1e3":                int64(1000),
		"1e999":              "1e999",
		"12e03":              int64(12000),
		"12:30:00":           "12:30:00",
		"2012-10-17":         "2012-10-17",
		"111111111111":       int64(111111111111),
		"9007199254740993":   int64(9007199254740992),
		"123456789012345678": 1.2345678901234568e17,
		"'1'":                "1",
		`"true"`:             "true",
		"!!str 1":            "1",
		".inf":               nil,
		"-.INF":              nil,
		"+.Inf":              nil,
		".NaN":               nil,
		"+.nan":              "+.nan",
		"{-.inf: 1}":         map[string]any{"-Infinity": int64(1)},
		"!!float .inf":       nil,
		"!Ref .inf":          nil,
		"!!str .inf":         ".inf",
		`".inf"`:             ".inf",
		"!!int 0x10":         int64(16),
		"!Ref 12":            int64(12),
		"!!float 1":          int64(1),
		"0b2":                "0b2",
		"0x":                 "0x",
		"é":                  "é",
		"${self:a, 'b'}":     "${self:a, 'b'}",
	} {
		n, err := yamldoc.Parse("f.yml", []byte("k: "+text+"\n"))
		require.NoError(t, err, text)
		require.Equal(t, map[string]any{"k": want}, n.Value(), text)
	}
}

func TestProblems(t *testing.T) {
	for src, want := range map[string]string{
		"a: &x [*x]\n":                     "f.yml:1:8: *x stands for a value that it is part of",
		"a: 1\n---\nb: 2\n":                "f.yml:2:1: a second document begins here (keep one document in the file)",
		"? [a]\n: 1\n":                     "f.yml:1:3: a list cannot be a key",
		"a: !!int .inf\n":                  "f.yml:1:4: \".inf\" is no !!int",
		"a: !!null .nan\n":                 "f.yml:1:4: \".nan\" is no !!null",
		"a: !!int x\n":                     "f.yml:1:4: \"x\" is no !!int",
		"a: [x:, b]\n":                     "f.yml:1:5: x: is no text in brackets (quote it)",
		"a: {b: x:}\n":                     "f.yml:1:8: x: is no text in brackets (quote it)",
		"a: [b, -]\n":                      "f.yml:1:8: - is no text in brackets (quote it)",
		"a: !!float 0x1\n":                 "f.yml:1:4: \"0x1\" is no !!float",
		"a: !!float 1e999\n":               "f.yml:1:4: \"1e999\" is no !!float",
		"a: !!binary aGk=\n":               "f.yml:1:4: the tag !!binary is not supported here",
		"a: !!set {b}\n":                   "f.yml:1:4: the tag !!set is not supported on a map",
		"a: {<<: 1}\n":                     "f.yml:1:9: << wants a map, or a list of maps",
		"1: a\n0x1: b\n":                   "f.yml:2:1: the key \"1\" stands twice (the first is in line 1)",
		"a: \xff\n":                        "f.yml:1:4: no UTF-8 text (save the file as UTF-8)",
		"\ufeffa: 1\na: 2\n":               "f.yml:2:1: the key \"a\" stands twice (the first is in line 1)",
		strings.Repeat("[", 1100) + "1":    "",
		strings.Repeat("- ", 1100) + "1\n": "f.yml:1:2003: nested more than 1000 deep",
	} {
		_, err := yamldoc.Parse("f.yml", []byte(src))
		require.Error(t, err, src)
		if want != "" {
			require.EqualError(t, err, want, src)
		}
		_, ok := errors.AsType[*yamldoc.Problem](err)
		require.True(t, ok)
	}
}

func TestAliasesAreBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < 12; i++ {
		fmt.Fprintf(&b, "a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10), ", "))
	}
	_, err := yamldoc.Parse("f.yml", []byte(b.String()))
	require.ErrorContains(t, err, "aliases add more than 100000 values to the file")
	list, ok := errors.AsType[yamldoc.Problems](err)
	require.True(t, ok)
	require.Len(t, list, 1)
}

func TestAliasesAndMerges(t *testing.T) {
	n, err := yamldoc.Parse("f.yml", []byte(`
base: &b {x: 1, y: 2}
more: &m {z: 3, y: 9}
one: {<<: *b, y: 5}
two: {<<: [*b, *m]}
same: *b
`))
	require.NoError(t, err)
	require.Equal(t, map[string]any{
		"base": map[string]any{"x": int64(1), "y": int64(2)},
		"more": map[string]any{"z": int64(3), "y": int64(9)},
		"one":  map[string]any{"x": int64(1), "y": int64(5)},
		"two":  map[string]any{"x": int64(1), "y": int64(2), "z": int64(3)},
		"same": map[string]any{"x": int64(1), "y": int64(2)},
	}, n.Value())
}

func TestEmptyFiles(t *testing.T) {
	for _, src := range []string{"", "# nothing\n", "\n"} {
		n, err := yamldoc.Parse("f.yml", []byte(src))
		require.NoError(t, err)
		require.Nil(t, n)
		require.Nil(t, n.Value())
		_, ok := n.Field("x")
		require.False(t, ok)
	}
}

func TestJSON(t *testing.T) {
	n, err := yamldoc.ParseJSON("f.json", []byte(`{"a": [1, 1.5, "x\/y", null, true], "b": {"c": 1e2}}`))
	require.NoError(t, err)
	require.Equal(t, map[string]any{
		"a": []any{int64(1), 1.5, "x/y", nil, true},
		"b": map[string]any{"c": int64(100)},
	}, n.Value())
	a, _ := n.Field("a")
	require.Equal(t, "f.json:1:16", a.Items[2].Pos.String())
	b, _ := n.Field("b")
	c, _ := b.Field("c")
	require.Equal(t, "f.json:1:48", c.Pos.String())

	for src, want := range map[string]string{
		"{\"a\": 1,\n \"a\": 2}": "f.json:2:2: the key \"a\" stands twice (the first is in line 1)",
		"{\"a\": }":              "f.json:1:7: JSON: invalid character '}' looking for beginning of value",
		"{\"a\": 1":              "f.json:1:8: JSON: the text ends too early",
		"":                       "f.json:1:1: JSON: the text ends too early",
		"1 2":                    "f.json:1:3: JSON: more text behind the value",
		"[1e999]":                "f.json:1:2: 1e999 is too large for a number",
	} {
		_, err := yamldoc.ParseJSON("f.json", []byte(src))
		require.EqualError(t, err, want, src)
	}
}

func TestFormatNumber(t *testing.T) {
	for want, f := range map[string]float64{
		"0.1": 0.1, "1e+21": 1e21, "100000000000000000000": 1e20, "1e-7": 1e-7, "0.000001": 1e-6,
		"1.5e-10": 1.5e-10, "-1.2345678901234568e+25": -1.2345678901234568e25, "0": 0, "-3": -3,
	} {
		require.Equal(t, want, yamldoc.FormatNumber(f))
	}
}
