package slscli

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseInfo(t *testing.T) {
	info, err := parseInfo([]byte("service: hello\nstage: dev\nregion: us-east-1\nstack: hello-dev\n" +
		"endpoint: GET - https://x.example.com/dev/\nfunctions:\n  hello: hello-dev-hello (1 kB)\n  \x1b[2mbye: hello-dev-bye\x1b[22m\n\n" +
		"Stack Outputs:\n  Other: a:b\n\n1 deprecation found: run 'serverless doctor'\nendpoints:\n  GET - a\n  POST - b\n"))
	require.NoError(t, err)
	require.Equal(t, Info{
		Service: "hello", Stage: "dev", Region: "us-east-1", Stack: "hello-dev",
		Sections: map[string][]string{
			"endpoint":  {"GET - https://x.example.com/dev/"},
			"functions": {"hello: hello-dev-hello (1 kB)", "bye: hello-dev-bye"},
			"endpoints": {"GET - a", "POST - b"},
		},
	}, info)
	_, err = parseInfo([]byte("hello"))
	require.EqualError(t, err, `info: there is no stack in "hello"`)
}

// Whatever is read stands in the text.
func FuzzParseInfo(f *testing.F) {
	f.Add("service: a\nstack: a-dev\nfunctions:\n  x: y\n")
	f.Add(" \nstack:\n a\n")
	f.Add("stack: x\n\r\n a: b\nb:\n\tc\n")
	f.Fuzz(func(t *testing.T, text string) {
		info, err := parseInfo([]byte(text))
		if err != nil {
			return
		}
		plain := colors.ReplaceAllString(text, "")
		for name, lines := range info.Sections {
			for _, s := range append(slices.Clone(lines), name) {
				if !strings.Contains(plain, s) || strings.Contains(s, "\n") {
					t.Fatalf("%q has no %q", text, s)
				}
			}
		}
		if info.Stack == "" || !strings.Contains(plain, info.Stack) {
			t.Fatalf("%q has no stack %q", text, info.Stack)
		}
	})
}

func TestExclude(t *testing.T) {
	for _, tt := range []struct{ doc, want string }{
		{`{}`, `{"package":{"patterns":["!x"]}}`},
		{`{"package":null,"n":1e400}`, `{"n":1e400,"package":{"patterns":["!x"]}}`},
		{`{"package":{"individually":true}}`, `{"package":{"individually":true,"patterns":["!x"]}}`},
		{`{"package":{"patterns":["a","!b"]}}`, `{"package":{"patterns":["!x","a","!b"]}}`},
		{`{"package":"${file(p.yml)}"}`, `{"package":"${file(p.yml)}"}`},
		{`{"package":{"patterns":"${file(p.yml)}"}}`, `{"package":{"patterns":"${file(p.yml)}"}}`},
	} {
		got, err := exclude([]byte(tt.doc), []string{"x"})
		require.NoError(t, err)
		require.Equal(t, tt.want, string(got))
	}
	for _, bad := range []string{"", "null", "[]", "{"} {
		_, err := exclude([]byte(bad), nil)
		require.Error(t, err)
	}
}

// Everything but the patterns of the package stays as it is.
func FuzzExclude(f *testing.F) {
	for _, s := range []string{`{}`, `{"package":{"patterns":["a"]},"b":[1.0,"<&>"]}`, `{"package":[]}`, `{"a":"\ud800"}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, doc string) {
		got, err := exclude([]byte(doc), []string{"x"})
		if err != nil {
			return
		}
		read := func(b []byte) (m map[string]any) {
			d := json.NewDecoder(bytes.NewReader(b))
			d.UseNumber()
			if err := d.Decode(&m); err != nil {
				t.Fatalf("%s: %v", b, err)
			}
			return m
		}
		before, after := read([]byte(doc)), read(got)
		pack, isMap := after["package"].(map[string]any)
		patterns, isList := pack["patterns"].([]any)
		if isMap && isList {
			if patterns[0] != "!x" {
				t.Fatalf("%s became %s", doc, got)
			}
			pack["patterns"] = patterns[1:]
			old, _ := before["package"].(map[string]any)
			if old == nil {
				old = map[string]any{}
			}
			if old["patterns"] == nil {
				old["patterns"] = []any{}
			}
			before["package"] = old
		}
		if !reflect.DeepEqual(before, after) {
			t.Fatalf("%s became %s", doc, got)
		}
	})
}
