package paramflag_test

import (
	"flag"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/paramflag"
)

func Example() {
	m, err := paramflag.Parse([]string{"domain=example.com", "query=a=b"})
	fmt.Println(m["domain"], m["query"], err)
	// Output: example.com a=b <nil>
}

func TestParse(t *testing.T) {
	for _, row := range []struct{ text, key, value string }{
		{"k=v", "k", "v"},
		{"a=b=c", "a", "b=c"},
		{"=k=v", "k", "v"},
		{"==k=v", "k", "v"},
		{"k==", "k", "="},
		{"k= x ", "k", " x"},
		{"k=x\ny", "k", "x"},
		{"k=x\u2028y", "k", "x"},
		{"k=x\u0085 ", "k", "x\u0085"},
		{"k= ", "k", ""},
		{" k =v", " k ", "v"},
		{"a.b=é", "a.b", "é"},
	} {
		m, err := paramflag.Parse([]string{row.text})
		require.NoError(t, err, "%q", row.text)
		require.Equal(t, params.Map{row.key: row.value}, m, "%q", row.text)
	}
	for text, want := range map[string]string{
		"":     `param "=": no key (write KEY=VALUE)`,
		"=":    `param "=": no key (write KEY=VALUE)`,
		"k":    `param "k": no "=" (write KEY=VALUE)`,
		"k=":   `param "k": no value (write k=VALUE)`,
		"k=\n": `param "k": no value (write k=VALUE)`,
	} {
		_, err := paramflag.Parse([]string{text})
		require.EqualError(t, err, want, "%q", text)
	}
	m, err := paramflag.Parse([]string{"k=1", "x", "k=2", "y"})
	require.EqualError(t, err, "param \"x\": no \"=\" (write KEY=VALUE)\nparam \"y\": no \"=\" (write KEY=VALUE)")
	require.Equal(t, params.Map{"k": "2"}, m, "the last counts")
}

func TestFlag(t *testing.T) {
	var f paramflag.Flag
	set := flag.NewFlagSet("x", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.Var(&f, "param", "")
	require.NoError(t, set.Parse([]string{"-param", "b=1", "-param=a=2", "-param", "b=3"}))
	require.Equal(t, params.Map{"a": "2", "b": "3"}, f.Params())
	require.Equal(t, "a,b", f.String(), "without the values")
	require.Error(t, set.Parse([]string{"-param", "x"}))
}
