package redact_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/redact"
)

func Example() {
	secrets := redact.NewSet()
	secrets.Add("hunter2!")

	var log strings.Builder
	w := redact.NewWriter(&log, secrets)
	fmt.Fprint(w, "password=hunt")
	fmt.Fprint(w, "er2!, as base64: ", base64.StdEncoding.EncodeToString([]byte("user:hunter2!")))
	_ = w.Close()
	fmt.Println(log.String())
	// Output:
	// password=REDACTED, as base64: dXNlcjpREDACTED
}

// secrets are such as are hard to find in some form.
var secrets = []string{
	"23423-dev", "s", "pä$$w\"ör'd<&>\\ `x`", "a b+c/d=e?f&g%h", "line one is long\nline two is too\n",
	"{\"user\": \"x\"}", "${env:A}", "😀 smile", "AKIA/x+y==", "\ttab\x00zero", "tail newline\n",
	strings.Repeat("a long one takes several lines of base64; ", 6), // in lines, whatever stands before it
}

// inLines breaks a text as programs break base64 and hexadecimal.
func inLines(s string, width int, end string) string {
	var b strings.Builder
	for len(s) > width {
		b.WriteString(s[:width] + end)
		s = s[width:]
	}
	return b.String() + s
}

// spellings are how programs print a text; what they print must not be seen.
var spellings = map[string]func(string) string{
	"as it is":   func(s string) string { return s },
	"JSON":       func(s string) string { b, _ := json.Marshal(s); return string(b[1 : len(b)-1]) },
	"JSON twice": func(s string) string { b, _ := json.Marshal(s); b, _ = json.Marshal(string(b)); return string(b) },
	"JSON, no HTML": func(s string) string {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		_ = e.Encode(s)
		return b.String()
	},
	"URL query":    url.QueryEscape,
	"URL path":     url.PathEscape,
	"lower case":   func(s string) string { return lower.ReplaceAllStringFunc(url.QueryEscape(s), strings.ToLower) },
	"Go":           strconv.Quote,
	"Go in ASCII":  strconv.QuoteToASCII,
	"shell single": func(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" },
	"shell double": func(s string) string {
		return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "`", "\\`").Replace(s) + `"`
	},
	"YAML single":     func(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" },
	"HTML":            html.EscapeString,
	"hexadecimal":     func(s string) string { return hex.EncodeToString([]byte(s)) },
	"HEXADECIMAL":     func(s string) string { return strings.ToUpper(hex.EncodeToString([]byte(s))) },
	"base64":          func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	"base64 at 1":     func(s string) string { return base64.StdEncoding.EncodeToString([]byte("x" + s + "yz")) },
	"base64 at 2":     func(s string) string { return base64.StdEncoding.EncodeToString([]byte("xx" + s + "y")) },
	"base64 URL":      func(s string) string { return base64.URLEncoding.EncodeToString([]byte("xxx" + s)) },
	"base64 raw":      func(s string) string { return base64.RawStdEncoding.EncodeToString([]byte(s)) },
	"basic auth":      func(s string) string { return base64.StdEncoding.EncodeToString([]byte("user:" + s)) },
	"base64 in lines": func(s string) string { return inLines(base64.StdEncoding.EncodeToString([]byte(before+s)), 76, "\n") },
	"base64 of PEM":   func(s string) string { return inLines(base64.StdEncoding.EncodeToString([]byte(s)), 64, "\r\n") },
	"base64, indented": func(s string) string {
		return inLines(base64.URLEncoding.EncodeToString([]byte(before+s+"z")), 76, "\n    ")
	},
	"hexadecimal in lines": func(s string) string { return inLines(hex.EncodeToString([]byte(before+s)), 60, "\n") },
	"base64 in a URL":      func(s string) string { return url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(s))) },
	"JSON in base64": func(s string) string {
		b, _ := json.Marshal(s)
		return base64.StdEncoding.EncodeToString([]byte(`{"key":` + string(b) + "}"))
	},
	"shell of bytes": func(s string) string { return "$'" + octal(s) + "'" },
	"line by line":   func(s string) string { return strings.ReplaceAll(s, "\n", "\n  | ") },
	"carriage":       func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") },
}

// before ends inside of a line.
const before = "what stands before it is sixty bytes long, or a little more than that, "

// octal is how a shell in the locale C quotes a text.
func octal(s string) string {
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\t':
			b.WriteString(`\t`)
		case c == '\'' || c == '\\':
			b.WriteString(`\` + string(c))
		case c < ' ' || c >= 0x7f:
			fmt.Fprintf(&b, `\%03o`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

var lower = regexp.MustCompile(`%..`)

// what may be left of a secret in a form: for base64, the characters at its ends
// are made of other bytes too.
func leaks(form, secret, spelled, masked string) bool {
	if strings.Contains(form, "base64") || form == "basic auth" || strings.Contains(strings.ToLower(form), "hexa") {
		if len(secret) < 4 {
			return false // documented
		}
		return len(masked)-len(redact.Mask) > len(spelled)-len(secret)
	}
	// Nothing of the secret but what the form puts around and between is left.
	return strings.Contains(masked, secret) || !strings.Contains(masked, redact.Mask)
}

func TestEveryFormOfEverySecret(t *testing.T) {
	for _, secret := range secrets {
		set := redact.NewSet()
		set.Add(secret)
		for form, spell := range spellings {
			t.Run(fmt.Sprintf("%s of %q", form, secret), func(t *testing.T) {
				spelled := spell(secret)
				masked := set.Text("[" + spelled + "]")
				require.False(t, leaks(form, secret, spelled, masked), "%q became %q", spelled, masked)
				// However it is cut into pieces, the same comes out.
				for cut := range len(spelled) + 2 {
					require.Equal(t, masked, pieces(t, set, "["+spelled+"]", cut), "cut at %d", cut)
				}
				require.Equal(t, masked, bytewise(t, set, "["+spelled+"]"))
			})
		}
	}
}

func pieces(t *testing.T, set *redact.Set, text string, cut int) string {
	t.Helper()
	var b strings.Builder
	w := redact.NewWriter(&b, set)
	for _, p := range []string{text[:cut], text[cut:]} {
		n, err := io.WriteString(w, p)
		require.NoError(t, err)
		require.Equal(t, len(p), n)
	}
	require.NoError(t, w.Close())
	return b.String()
}

func bytewise(t *testing.T, set *redact.Set, text string) string {
	t.Helper()
	var b strings.Builder
	w := redact.NewWriter(&b, set)
	for i := range len(text) {
		_, err := io.WriteString(w, text[i:i+1])
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.String()
}

func TestText(t *testing.T) {
	for _, c := range []struct {
		secrets []string
		in, out string
	}{
		{nil, "all of it stays", "all of it stays"},
		{[]string{"", ""}, "empty ones are ignored", "empty ones are ignored"},
		{[]string{"abc", "abcdef"}, "abcdef abcde abc", "REDACTED REDACTEDde REDACTED"},
		{[]string{"abcd", "cdef"}, "xabcdefx", "xREDACTEDx"},
		{[]string{"abc"}, "abcabc ab abcab", "REDACTED ab REDACTEDab"},
		{[]string{"aa"}, "aaa a", "REDACTED a"},
		{[]string{"bc"}, "abcd", "aREDACTEDd"},
		{[]string{"abcx", "bc"}, "abcd", "aREDACTEDd"},
		{[]string{"-----BEGIN KEY-----\nMIIEvgIBADANBg\nshort\n-----END KEY-----\n"}, "> MIIEvgIBADANBg\n> short", "> REDACTED\n> short"},
	} {
		set := redact.NewSet()
		set.Add(c.secrets...)
		require.Equal(t, c.out, set.Text(c.in), "%q in %q", c.secrets, c.in)
		require.Equal(t, c.out, bytewise(t, set, c.in))
		require.Equal(t, c.in != c.out, set.Finds(c.in))
	}
}

// What cannot be part of a secret is not held back: a log is seen live.
func TestNothingIsHeldBackForLong(t *testing.T) {
	set := redact.NewSet()
	set.Add("secret")
	var b strings.Builder
	w := redact.NewWriter(&b, set)
	for _, step := range []struct{ write, seen string }{
		{"working... ", "working... "},
		{"se", "working... "},
		{"t", "working... set"},
		{"secre", "working... set"},
		{"s", "working... setsecre"},
		{"ecret\n", "working... setsecreREDACTED\n"},
	} {
		_, err := io.WriteString(w, step.write)
		require.NoError(t, err)
		require.Equal(t, step.seen, b.String())
	}
}

func TestSecretsAddedLater(t *testing.T) {
	set := redact.NewSet()
	set.Add("abcdef")
	var b strings.Builder
	w := redact.NewWriter(&b, set)
	_, _ = io.WriteString(w, "xyz abcd") // abcd is held back
	set.Add("cdxyz", "xyz")
	_, _ = io.WriteString(w, "xyz xyz")
	require.NoError(t, w.Close())
	require.NoError(t, w.Close())
	require.Equal(t, "xyz abREDACTED REDACTED", b.String())
	_, err := io.WriteString(w, "more")
	require.ErrorIs(t, err, redact.ErrClosed)
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestWriterErrors(t *testing.T) {
	w := redact.NewWriter(failing{}, redact.NewSet())
	for range 2 {
		_, err := io.WriteString(w, "text")
		require.EqualError(t, err, "disk full")
	}
	require.EqualError(t, w.Close(), "disk full")
}

func TestConcurrentUse(t *testing.T) {
	set := redact.NewSet()
	set.Add("secret")
	var b bytes.Buffer
	w := redact.NewWriter(&b, set)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for k := range 200 {
				set.Add(fmt.Sprintf("other-%d-%d", i, k%5))
				fmt.Fprintf(w, "a secret line\n")
			}
		})
	}
	wg.Wait()
	require.NoError(t, w.Close())
	require.Equal(t, strings.Repeat("a REDACTED line\n", 1600), b.String())
}

// FuzzWriter compares a stream in pieces with a plain search over the whole.
func FuzzWriter(f *testing.F) {
	f.Add("secret", "other", "a secret, s, and secretother", uint8(3))
	f.Add("aab", "aabaab", "aabaabaabaaab", uint8(1))
	f.Add("ab", "b", "abb bba", uint8(2))
	f.Fuzz(func(t *testing.T, one, two, text string, size uint8) {
		set := redact.NewSet()
		set.Add(one, two)
		whole := set.Text(text)
		var b strings.Builder
		w := redact.NewWriter(&b, set)
		n := int(size)%7 + 1
		for rest := text; rest != ""; {
			k := min(n, len(rest))
			_, err := io.WriteString(w, rest[:k])
			require.NoError(t, err)
			rest = rest[k:]
		}
		require.NoError(t, w.Close())
		require.Equal(t, whole, b.String())

		// An oracle for the secrets as they are: each is covered wherever it is.
		cover := make([]bool, len(text))
		for _, s := range []string{one, two} {
			for i := 0; s != "" && i+len(s) <= len(text); i++ {
				if text[i:i+len(s)] == s {
					for k := range len(s) {
						cover[i+k] = true
					}
				}
			}
		}
		var left strings.Builder
		for i := range len(text) {
			if !cover[i] {
				left.WriteByte(text[i])
			}
		}
		rest := strings.ReplaceAll(whole, redact.Mask, "")
		if !strings.Contains(text, redact.Mask) {
			require.True(t, subsequence(rest, left.String()), "%q left %q, more than %q", text, rest, left.String())
		}
		require.Equal(t, set.Finds(text), whole != text || strings.Contains(one+two, redact.Mask) && set.Finds(text))
	})
}

// subsequence reports whether all bytes of a come in b in their order.
func subsequence(a, b string) bool {
	for i := range len(b) {
		if a == "" {
			break
		}
		if a[0] == b[i] {
			a = a[1:]
		}
	}
	return a == ""
}

func BenchmarkWriter(b *testing.B) {
	set := redact.NewSet()
	for i := range 20 {
		set.Add(fmt.Sprintf("secret-number-%d-%x", i, i*7919))
	}
	line := []byte(strings.Repeat("npm info using node v20 s secret-num 0123456789 /path/to/file\n", 100))
	w := redact.NewWriter(io.Discard, set)
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		_, _ = w.Write(line)
	}
}

func TestShortSecretsMayBeLeftOut(t *testing.T) {
	set := redact.NewSet()
	set.Add("4711", "correct horse")
	require.True(t, set.Finds(`{"group":"14711"}`))
	require.False(t, set.FindsLong(`{"group":"14711"}`, 6))
	require.True(t, set.FindsLong("14711 correct horse", 6))
}

func pem(n int) string {
	raw := make([]byte, n)
	_, _ = rand.Read(raw)
	return "-----BEGIN RSA PRIVATE KEY-----\n" + inLines(base64.StdEncoding.EncodeToString(raw), 64, "\n") + "\n-----END RSA PRIVATE KEY-----\n"
}

// BenchmarkNewSet is about a set of one secret, and of a private key of RSA 4096.
func BenchmarkNewSet(b *testing.B) {
	for name, secret := range map[string]string{"token": strings.Repeat("x1Y/", 10), "pem": pem(2350)} {
		b.Run(fmt.Sprintf("%s-%d", name, len(secret)), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				set := redact.NewSet()
				set.Add(secret)
				_ = set.Text("x")
			}
		})
	}
}
