package yamldoc_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/yamldoc"
)

func TestPositionsInsideOfScalars(t *testing.T) {
	for src, want := range map[string]string{
		"k: a${x}":                      "f.yml:1:5",
		"k: é${x}":                      "f.yml:1:6", // the column counts bytes
		"k: 'it''s ${x}'":               "f.yml:1:11",
		"k: \"a\\t${x}\"":               "f.yml:1:8",
		"k: \"\\x24{y} ${x}\"":          "f.yml:1:5",
		"k: \"$\\\n   {x}\"":            "f.yml:1:5",
		"k: |\n  a\n  b ${x}\n":         "f.yml:3:5",
		"k: >-  # ${no}\n  a\n  ${x}\n": "f.yml:3:3",
		"k: !Sub # ${no}\n  ${x}":       "f.yml:2:3",
		"k: &a\n  ${x}":                 "f.yml:2:3",
		"k: a\n   b ${x}":               "f.yml:2:6",
		"\ufeffk: ${x}":                 "f.yml:1:7",
		"# \u2028\nk: ${x}":             "f.yml:2:4",
		"j: 1\r\nk: ${x}":               "f.yml:2:4",
	} {
		n, err := yamldoc.Parse("f.yml", []byte(src))
		require.NoError(t, err, src)
		k, ok := n.Field("k")
		require.True(t, ok, src)
		require.Equal(t, want, k.PosAt(strings.Index(k.Text, "${")).String(), src)
	}
}

func TestPositionWhereNothingBegins(t *testing.T) {
	n, err := yamldoc.Parse("f.yml", []byte("k: abc"))
	require.NoError(t, err)
	k, _ := n.Field("k")
	for _, i := range []int{-1, 0, 2, 99} {
		require.Equal(t, k.Pos, k.PosAt(i))
	}
}

// Whatever the file is, a "${" of a scalar's text is found where it stands, and
// the same file gives the same tree.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"a: ${x}\nb: [1, '${y} ''${z}']\n", "k: \"\\x24{y} ${x}\"", "k: >-\n  ${a}\n\n  b ${c}\n", "a: &x ${v}\nb: *x\n",
		"k: !Sub # c\n  |\n  ${x}", "? a\n: b\n", "{a: 1, a: 2}", "\ufeffa: ${x}", "a:\n\t- b", "- &a [*a]", "<<: {a: ${b}}", "%YAML 1.2\n---\na",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, src string) {
		n, err := yamldoc.Parse("f.yml", []byte(src))
		again, errAgain := yamldoc.Parse("f.yml", []byte(src))
		require.Equal(t, err == nil, errAgain == nil)
		require.Equal(t, n.Value(), again.Value())
		if err != nil {
			return
		}
		walk(n, func(n *yamldoc.Node) {
			for i := range n.Text {
				if !strings.HasPrefix(n.Text[i:], "${") {
					continue
				}
				off, ok := n.OffsetAt(i)
				if !ok {
					t.Fatalf("no place for byte %d of %q", i, n.Text)
				}
				if raw := src[off:]; !strings.HasPrefix(raw, "${") && !strings.HasPrefix(raw, "$") && !strings.HasPrefix(raw, "\\") {
					t.Fatalf("byte %d of %q is at %d, where %q stands", i, n.Text, off, raw)
				}
			}
		})
	})
}

func FuzzParseJSON(f *testing.F) {
	for _, seed := range []string{`{"a": ["${x}", 1.5, null]}`, `{"a":1,"a":2}`, `"\u0024{x}"`, `[`, "1 2", "\ufeff{}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		n, err := yamldoc.ParseJSON("f.json", src)
		if err != nil {
			return
		}
		walk(n, func(n *yamldoc.Node) {
			if n.Offset > len(src) || n.Kind == yamldoc.Mapping && !bytes.HasPrefix(src[n.Offset:], []byte("{")) {
				t.Fatalf("a map is said to be at %d of %q", n.Offset, src)
			}
		})
	})
}

// walk visits n and all below it, shared nodes each time.
func walk(n *yamldoc.Node, visit func(*yamldoc.Node)) {
	if n == nil {
		return
	}
	visit(n)
	for _, f := range n.Fields {
		walk(f.Value, visit)
	}
	for _, item := range n.Items {
		walk(item, visit)
	}
}
