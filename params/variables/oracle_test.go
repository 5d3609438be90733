package variables_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/testenv"
	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/variables"
)

// parseAll is a program that has the command line's own parser read a list of
// strings, and writes what it finds in the form of outline. With a second argument
// a variable begins at the last of several "$", as it does for us.
const parseAll = `
const parse = require(process.argv[1]);
const meta = (m) => m.variables ? '{' + m.value + ': ' + list(m.variables, m.value) + '}'
  : m.value === null ? 'null' : JSON.stringify(m.value);
const source = (s) => !s.type ? '=' + JSON.stringify(s.value)
  : s.type + (s.params ? '(' + s.params.map(meta).join(' ') + ')' : '') + (s.address && (s.address.variables || s.address.value !== null) ? ':' + meta(s.address) : '');
const list = (parts, text, top) => parts.map((p) => {
  let start = p.start || 0;
  const end = p.end === undefined ? text.length : p.end;
  if (!p.sources) return start + '-' + end + ' ' + JSON.stringify(p.value);
  while (process.argv[2] && text[start + 1] === '$') start += 1; // it loses the first of two
  return (top ? start + '-' + end + ' ' : '') + p.sources.map(source).join(' | ');
}).join('; ');
const all = JSON.parse(require('fs').readFileSync(0, 'utf8')).map((text) => {
  try { const parts = parse(text); return parts ? list(parts, text, true) : ''; } catch (e) { return e.code || String(e); }
});
process.stdout.write(JSON.stringify(all));
`

// outline writes what Parse finds. Offsets of nested variables are left out:
// the command line counts them from another place.
func outline(s string, parts []variables.Part, top bool) string {
	var all []string
	for _, p := range parts {
		if p.Sources == nil {
			all = append(all, fmt.Sprintf("%d-%d %s", p.Start, p.End, jsonText(p.Escape)))
			continue
		}
		inner := s
		if top {
			inner = s[p.Start:p.End]
		}
		var sources []string
		for _, c := range p.Sources {
			text := c.Type
			if c.Type == "" {
				text = "=" + jsonText(c.Literal)
			}
			if c.Params != nil {
				var args []string
				for _, a := range c.Params {
					args = append(args, outlineArg(inner, a))
				}
				text += "(" + strings.Join(args, " ") + ")"
			}
			if c.Address != nil {
				text += ":" + outlineArg(inner, *c.Address)
			}
			sources = append(sources, text)
		}
		text := strings.Join(sources, " | ")
		if top {
			text = fmt.Sprintf("%d-%d %s", p.Start, p.End, text)
		}
		all = append(all, text)
	}
	return strings.Join(all, "; ")
}

func outlineArg(s string, a variables.Arg) string {
	if a.Parts != nil {
		return "{" + s[a.Start:a.End] + ": " + outline(s, a.Parts, false) + "}"
	}
	return jsonText(a.Value())
}

func jsonText(v any) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err.Error()
	}
	return strings.TrimSpace(b.String())
}

// scraps are what random texts are made of.
func scraps() []string {
	return []string{
		"${", "${", "${env:", "${self:a.b", "${t(", "}", "}", "}", "$", `\`, `\`, `"`, "'", ":", ",", ", ", "(", ")", " ", "{", "a", "A",
		"1", "-1.5", "x.y", "e-v", "true", "null", "AWS::", `"q"`, "'q'", ", 'd'}", "\n", "env", "_", "00",
	}
}

// oslsFile is the path of a file or directory of the command line.
func oslsFile(t *testing.T, elem ...string) string {
	t.Helper()
	return filepath.Join(append([]string{filepath.Dir(filepath.Dir(testenv.Osls(t)))}, elem...)...)
}

// runNode gives a program its input, an environment and arguments, and returns
// what it writes.
func runNode(t *testing.T, in []byte, env map[string]string, program string, args ...string) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute) // it may never end
	defer cancel()
	cmd := exec.CommandContext(ctx, testenv.Node(t), append([]string{"-e", program}, args...)...)
	cmd.Env = []string{"PATH=/usr/bin:/bin"}
	for name, v := range env {
		cmd.Env = append(cmd.Env, name+"="+v)
	}
	cmd.Stdin = bytes.NewReader(in)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, stderr.String())
	return out
}

func randomText(r *rand.Rand) string {
	words := scraps()
	var b strings.Builder
	for range 1 + r.IntN(9) {
		b.WriteString(words[r.IntN(len(words))])
	}
	return b.String()
}

// repaired are the forms that we read in another way on purpose, or refuse with another
// code, and what is read alike in their place.
func repaired() []struct {
	form  *regexp.Regexp
	other string
} {
	form := regexp.MustCompile
	return []struct {
		form  *regexp.Regexp
		other string
	}{
		{form(`,[ \t\r\n]*\n`), ","},             // a line that ends behind a comma
		{form(`([(,] *)0+( *[,)])`), "${1}1$2"},  // a param that is 0
		{form(`(, *[a-zA-Z0-9]+ *: *):+`), "$1"}, // an address that begins with a colon
	}
}

// parseRepairs are the rows that the command line reads in another way, by name.
func parseRepairs() map[string]struct{ theirs, reason string } {
	return map[string]struct{ theirs, reason string }{
		"P19":                       {"INVALID_VARIABLE_SOURCE", "long fallbacks are written on lines of their own"},
		"P31":                       {"0-18 opt:\"s\" | =null", "Infinity is no number of JSON, and comes out as null"},
		"P43":                       {"INVALID_VARIABLE_ADDRESS", "an address may begin with a colon in an output"},
		"P44":                       {"0-9 env:\"X\"", "a $ before a variable is a part of the text"},
		"P45":                       {"1-10 env:\"X\"", "as P44"},
		"P60":                       {"0-11 t(null); 11-18 t(null)", "false and 0 are what they are"},
		"P64":                       {"", "as P43: it is how an output of another stage is asked for"},
		"P65":                       {"10-22 param:\"env\"", "as P43"},
		"P66":                       {"UNTERMINATED_VARIABLE", "as P43"},
		"P66 another type":          {"UNTERMINATED_VARIABLE", "what is wrong is the address, and not the end"},
		"offsets are bytes":         {"1-9 env:\"X\"", "JavaScript counts UTF-16 units"},
		"no-break space is trimmed": {"0-8 t:\"a\"", "as above: only the offsets differ"},
	}
}

func TestParseRowsAgreeWithTheCommandLine(t *testing.T) {
	rows, repairs := parseRows(), parseRepairs()
	texts := make([]string, len(rows))
	for i, row := range rows {
		texts[i] = row.s
	}
	for i, theirs := range parsedByTheCommandLine(t, texts) {
		t.Run(rows[i].name, func(t *testing.T) {
			ours := parsed(texts[i])
			repair, repaired := repairs[rows[i].name]
			if !repaired {
				require.Equal(t, theirs, ours)
				return
			}
			delete(repairs, rows[i].name)
			require.Equal(t, repair.theirs, theirs, "the command line changed")
			require.NotEqual(t, theirs, ours, "no repair: %s", repair.reason)
		})
	}
	require.Empty(t, repairs, "no row has these names")
}

func TestParserAgreesWithTheCommandLine(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var texts []string
	for range 60_000 {
		texts = append(texts, randomText(r))
	}
	for range 10_000 { // in which the same stands again and again
		few := []string{randomText(r), randomText(r)}
		var b strings.Builder
		for range 12 {
			b.WriteString(few[r.IntN(len(few))])
			b.WriteByte(' ')
		}
		texts = append(texts, b.String())
	}
	differ, live, repairs := 0, 0, repaired()
	used := make([]int, len(repairs))
	for len(texts) > 0 {
		var again []string // without a form that is read otherwise
		for i, theirs := range parsedByTheCommandLine(t, texts, "the last $") {
			text := texts[i]
			if parts, _ := variables.Parse(text); len(parts) > 0 {
				live++
			}
			ours := parsed(text)
			if ours == theirs {
				continue
			}
			other := text
			for k, repair := range repairs {
				if repair.form.MatchString(other) {
					used[k]++
					other = repair.form.ReplaceAllString(other, repair.other)
				}
			}
			if other != text {
				again = append(again, other)
			} else if differ++; differ <= 20 {
				t.Errorf("%q: we find %s, the command line %s", text, ours, theirs)
			}
		}
		texts = again
	}
	t.Logf("%v texts have a form that is read otherwise", used)
	require.NotContains(t, used, 0)
	require.Greater(t, live, 1000, "the texts hold too few variables to say anything")
}

// parsed is what we find in a text, in the form of parseAll.
func parsed(s string) string {
	text, err := variables.Parse(s)
	if syntax, ok := errors.AsType[*variables.SyntaxError](err); ok {
		return string(syntax.Code)
	}
	return outline(s, text, true)
}

func parsedByTheCommandLine(t *testing.T, texts []string, args ...string) []string {
	t.Helper()
	in, err := json.Marshal(texts)
	require.NoError(t, err)
	var theirs []string
	parser := oslsFile(t, "lib", "configuration", "variables", "parse.js")
	require.NoError(t, json.Unmarshal(runNode(t, in, nil, parseAll, append([]string{parser}, args...)...), &theirs))
	require.Len(t, theirs, len(texts))
	return theirs
}

// What we hand to the command line resolves there to exactly our values.
func TestCommandLineResolvesToOurValues(t *testing.T) {
	t.Run("osls", func(t *testing.T) { roundTrip(t, testenv.Node(t), testenv.Osls(t)) })
	t.Run("serverless 3", func(t *testing.T) { roundTrip(t, testenv.Node(t), testenv.Serverless3(t)) })
}

func roundTrip(t *testing.T, node, cli string) {
	t.Helper()
	want := map[string]any{}
	for i, s := range awkward() {
		want[fmt.Sprintf("text%d", i)] = s
		want[fmt.Sprintf("secret%d", i)] = params.NewSecret(s)
	}
	r := rand.New(rand.NewPCG(3, 4))
	for i := range 400 {
		want[fmt.Sprintf("r%d", i)] = randomText(r)
		want[fmt.Sprintf("s%d", i)] = params.NewSecret(randomText(r))
	}
	want["number"], want["float"], want["yes"], want["list"] = int64(7), 1.5, true, []any{"a", map[string]any{"k": `\${x}`}}

	src := "service: roundtrip\nprovider: {name: aws}\ncustom:\n  values: ${m:all}\n" +
		"  region: pre-${m:awkward}${aws:region}-${m:secret}\n  direct: ${aws:region}\n"
	d, err := variables.ParseDocument("serverless.yml", []byte(src))
	require.NoError(t, err)
	const plain = `a\$\\$`
	resolver := variables.Resolver{Partial: true, Stage: "dev", Sources: map[string]variables.Source{"m": quotedMemory(map[string]any{
		"all": want, "awkward": plain, "secret": params.NewSecret("$${x}"),
	})}}
	result, err := resolver.Resolve(t.Context(), d)
	require.NoError(t, err)
	require.Equal(t, want, must(result.At("custom", "values")))
	doc, env, err := result.CLI("SLSFLOW_SECRET_")
	require.NoError(t, err)
	printed := printed(t, node, cli, doc, env)

	custom := printed["custom"].(map[string]any)
	values := custom["values"].(map[string]any)
	for key, v := range want {
		if secret, ok := v.(params.Secret); ok {
			v = secret.Reveal()
		}
		require.JSONEq(t, jsonText(v), jsonText(values[key]), key)
	}
	require.Equal(t, "us-east-1", custom["direct"])
	require.Equal(t, "pre-"+plain+"us-east-1-$${x}", custom["region"])
}

// awkward are the texts that the command line could misread.
func awkward() []string {
	return []string{
		"", " ", "${env:PATH}", `\${env:PATH}`, `\\${env:PATH}`, `$${env:PATH}`, `$\${env:PATH}`, `\$${env:PATH}`, "$$$${a:b}", `\`, `\\`, "$",
		"${", "${env:", "${file(x", "${AWS::Region}", "${AWS::${env:PATH}}", "it's \"quoted\"", "a\nb\r\n\tc", "é 漢 🎉", "${self:custom}", "${output::a.b}",
		"${self:a,\n self:b}", "${opt:x, 'd'}", `{"json": "${x:y}"}`, "true", "null", "12", "#x", "${env:x$}", "}${a:b", "${Foo ${env:A}}",
		"\u2028\u2029\ufeff", strings.Repeat("${a:b}", 50), "arn:aws:iam::${aws:accountId}:role/x",
	}
}

// printed returns what the command line makes of a configuration.
func printed(t *testing.T, node, cli string, doc []byte, env map[string]params.Secret) map[string]any {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "x.json"), doc, 0o600))
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute) // it may never end
	defer cancel()
	cmd := exec.CommandContext(ctx, node, cli, "print", "--config", "x.json", "--format", "json")
	cmd.Dir = dir
	cmd.WaitDelay = 10 * time.Second
	cmd.Env = []string{"PATH=/usr/bin:/bin", "HOME=" + dir, "CI=1", "SLS_TELEMETRY_DISABLED=1", "SLS_NOTIFICATIONS_MODE=off"}
	for name, v := range env {
		cmd.Env = append(cmd.Env, name+"="+v.Reveal())
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, "%s\n%s", out, stderr.Bytes())
	var v map[string]any
	require.NoError(t, json.Unmarshal(out, &v), string(out))
	return v
}

// quotedMemory is memory whose texts are no variables: an escape goes before
// each "${", so that a resolver gives out exactly the values.
func quotedMemory(values map[string]any) variables.Source {
	var quote func(v any) any
	quote = func(v any) any {
		switch v := v.(type) {
		case map[string]any:
			out := map[string]any{}
			for k, item := range v {
				out[k] = quote(item)
			}
			return out
		case []any:
			out := make([]any, len(v))
			for i, item := range v {
				out[i] = quote(item)
			}
			return out
		case string:
			return quoteText(v)
		}
		return v
	}
	return memory(quote(values).(map[string]any))
}

// quoteText writes s so that looking for variables in it gives s: each "$" that
// stands before a brace comes from the fallback of a variable that has no other.
func quoteText(s string) string {
	runs := regexp.MustCompile(`[\\$]*\$\{`)
	return runs.ReplaceAllStringFunc(s, func(run string) string {
		return `${m:nil, '` + strings.TrimSuffix(run, "{") + `'}{`
	})
}

func must(v any, ok bool) any {
	if !ok {
		return nil
	}
	return v
}
