package variables_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/params/variables"
)

// onlyOurs are values of a source that the command line does not have. There is no
// escape in them: where something refers to a property that has one, it is lost there and
// in all of a document here, but not in a part.
func onlyOurs() map[string]any {
	values := map[string]any{
		"live": "${env:A}", "chain": "<${self:q}>", "map": map[string]any{"k": "v", "l": []any{1, "${env:A}", nil}, "a b": "x: y"},
		"list": []any{"a", int64(2)}, "nums": []any{int64(1), 2.5}, "key": "p1", "A": "name", "zero": int64(0), "no": false, "float": 1e21, "empty": "", "none": nil,
		"emptyMap": map[string]any{}, "emptyList": []any{},
	}
	for i, s := range []string{
		"yes", "010", "1_000", "2020-01-01", "~", "null", "- x", "# x", "a: b", "a #b", "'", `"`, "it's \"so\"", `\`, `a\`, "*x", "&x", "!x", "%x", "@x", "`x`", "{", "}", "[a]",
		"a,b", " lead", "trail ", "a\nb", "a\n", "\ttab", "$", "$$", "é 漢 🎉", "\u2028", "?", "? x", "=", "<<", ".inf", "0x1F", "1e3", "|", ">",
	} {
		values[fmt.Sprintf("t%d", i)] = s
	}
	return values
}

// randomYAML is a service in which texts are written in each way that there is.
func randomYAML(r *rand.Rand, names []string) string {
	name := func() string { return names[r.IntN(len(names))] }
	piece := func() string {
		p := fmt.Sprintf("p%d", r.IntN(5))
		return []string{
			"${m:" + name() + "}", "${m:" + name() + "}", "${m:" + name() + "}", "${m:" + name() + "}", "${m:nope, m:" + name() + "}", "${m:nope, env:A}", "${m:nope, self:" + p + "}",
			"${env:NOPE, m:" + name() + "}", "${env:A, m:" + name() + "}", "${self:" + p + "}", "${self:${m:key}}", "${m:${opt:name}}", "${m:nope, ''}", "${opt:flag}", "text",
			"-", " ", "${AWS::Region}", "${m:map.k, 1}", "${m:nope, 0}",
		}[r.IntN(20)]
	}
	var b strings.Builder
	b.WriteString("q: z\n")
	for i := range 5 {
		var text string
		for range []int{1, 1, 1, 2, 3}[r.IntN(5)] {
			text += piece()
		}
		text = strings.TrimSpace(text)
		double := strings.ReplaceAll(text, `\`, `\\`)
		fmt.Fprintf(&b, "p%d: ", i)
		b.WriteString([]string{
			"'" + strings.ReplaceAll(text, "'", "''") + "'\n", `"` + double + "\"\n", "|\n  " + text + "\n", ">-\n  " + text + "\n", "|-\n  " + text + "\n",
			"['" + strings.ReplaceAll(text, "'", "''") + "', b] # a remark\n", "{k: \"" + double + "\", l: 1}\n", "\n  - k: \"" + double + "\"\n    l: x\n", "!Sub '" + strings.ReplaceAll(text, "'", "''") + "'\n",
			"&a" + fmt.Sprint(i) + " \"" + double + "\"\n", "\n  k: '" + strings.ReplaceAll(text, "'", "''") + "'\n  l: x\n",
		}[r.IntN(11)])
	}
	return b.String()
}

// What is spliced into a document, and what is handed over as JSON, comes out of the
// command line as the value that all of it has here.
func TestPartsAgreeWithTheCommandLine(t *testing.T) {
	values := onlyOurs()
	options := map[string]any{"flag": "false", "name": "A"}
	r := rand.New(rand.NewPCG(11, 12))
	all := variables.Resolver{Stage: "dev", Sources: map[string]variables.Source{
		"env": variables.Env(oracleEnv()), "opt": variables.Opt(options), "strToBool": variables.StrToBool(), "m": memory(values),
	}}
	var questions []question
	var texts, want []string
	environ, refused := oracleEnv(), 0
	for len(questions) < 3000 {
		text := randomYAML(r, sortedNames(values))
		d, err := variables.ParseDocument("serverless.yml", []byte(text))
		require.NoError(t, err, text)
		result, err := all.Resolve(t.Context(), d)
		if err != nil {
			continue
		}
		part := all
		part.Only = [][]string{{"m", "opt"}, {"m", "opt", "env"}, {"m", "opt", "self"}}[r.IntN(3)]
		add := func(handed []byte) {
			texts, want = append(texts, text), append(want, jsonText(result.Value()))
			questions = append(questions, question{Text: string(handed), Options: options})
		}
		spliced, err := part.Splice(t.Context(), d)
		require.NoError(t, err, text)
		add(spliced)
		some, err := part.Resolve(t.Context(), d)
		require.NoError(t, err, text)
		doc, env, err := some.CLI(fmt.Sprintf("S%d_", len(questions)))
		if err != nil { // it holds what the command line cannot be told
			refused++
			continue
		}
		for name, v := range env {
			environ[name] = v.Reveal()
		}
		add(doc)
	}
	left, differ := 0, 0
	for i, theirs := range answersWith(t, t.TempDir(), environ, questions) {
		require.NotNil(t, theirs, questions[i].Text)
		if theirs.Code == "" && len(theirs.Unresolved) > 0 && strings.HasPrefix(questions[i].Text, "q:") { // in a form in which it has no place
			left++
			continue
		}
		if got := jsonText(theirs.Value); got != want[i] || theirs.Code != "" {
			if differ++; differ <= 5 {
				t.Errorf("%s\nbecomes\n%s\nwe have %s\nthe command line %s %s (failed %v, unresolved %v)", texts[i], questions[i].Text, want[i], got, theirs.Code, theirs.Failed, theirs.Unresolved)
			}
		}
	}
	t.Logf("of %d documents %d differ, %d keep something, and %d cannot be handed over", len(questions), differ, left, refused)
	require.Less(t, left, len(questions)/6)
	require.Less(t, refused, len(questions)/4)
}

func sortedNames(m map[string]any) (names []string) {
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
