package variables_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/params/variables"
)

// What is printed is read as the same values.
func TestYAML(t *testing.T) {
	for _, text := range []string{
		"", " ", "a", "a b", "a  b", " a", "a ", "yes", "No", "on", "~", "null", "true", "1", "010", "0x1F", "1e3", ".5", "-", "- a", "a: b", "a:b", "a #b", "#", "&a", "*a", "!Ref", "|", ">", "%", "@", "`",
		"'", `"`, `\`, "a\nb", "a\n", "\n", "\t", "{}", "[]", "{a: b}", ",", "?", "? a", ":", "...", "---", "2020-01-02", "1_000", "12:30:45", ".nan", "-.inf", "=", "ü", "日本", "\u0085", "\u2028", "\ufeff", "\u007f", "\x01", "a\rb", "${AWS::Region}", `\${env:A}`, "😀",
	} {
		quoted, err := json.Marshal(text)
		require.NoError(t, err)
		r := &variables.Resolver{Sources: testSources()}
		d, err := variables.ParseDocument("serverless.json", []byte(`{"k":`+string(quoted)+`,`+string(quoted)+`:[`+string(quoted)+`,[`+string(quoted)+`]]}`))
		require.NoError(t, err, text)
		result, err := r.Resolve(t.Context(), d)
		require.NoError(t, err)
		src, err := result.YAML()
		require.NoError(t, err)
		// Not for what variables mean: an escape would be read as one again.
		again, err := variables.ParseDocument("serverless.yml", src)
		require.NoError(t, err, "%q: %s", text, src)
		require.Equal(t, result.Value(), again.Value(), "%q: %s", text, src)
	}

	d, err := variables.ParseDocument("serverless.yml", []byte("z: 1\na: {y: [], x: {}, l: [{b: 1.0, a: ~}, [1, [2]], 1e30, -0.5, !Ref X]}\ns: ${env:A}\n"))
	require.NoError(t, err)
	result, err := (&variables.Resolver{Sources: testSources()}).Resolve(t.Context(), d)
	require.NoError(t, err)
	src, err := result.YAML()
	require.NoError(t, err)
	require.Equal(t, `z: 1
a:
  "y": []
  x: {}
  l:
    - b: 1
      a: null
    - - 1
      - - 2
    - 1.0e+30
    - -0.5
    - Ref: X
s: aval
`, string(src))
}

func TestDecode(t *testing.T) {
	result, err := resolve(t, variables.Resolver{Sources: testSources()}, "provider: {memory: 128, tags: {a: '${env:A}'}}\nlist: [{n: 1}]\n")
	require.NoError(t, err)
	var provider struct {
		Memory int
		Tags   map[string]string
	}
	require.NoError(t, result.Decode(&provider, "provider"))
	require.Equal(t, 128, provider.Memory)
	require.Equal(t, "aval", provider.Tags["a"])
	var n int
	require.NoError(t, result.Decode(&n, "list", "0", "n"))
	require.Equal(t, 1, n)
	require.EqualError(t, result.Decode(&n, "list", "1"), "serverless.yml: no value at list.1")
	require.ErrorContains(t, result.Decode(&n, "provider"), "serverless.yml:1:11: json: cannot unmarshal object")
}
