package variables_test

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/params/paramflag"
	"github.com/slsflow/slsflow/params/variables"
)

// readParams is a program that has the command line's own source of params read
// the texts of --param, one in each question. For each it writes the value of the
// key that it is asked for, or the code of the error.
const readParams = `
const getParam = require(process.argv[1]);
const all = JSON.parse(require('fs').readFileSync(0, 'utf8')).map(async ([text, address]) => {
  const source = getParam({ processedInput: { options: { param: [text] } } });
  try { return (await source.resolve({ address, options: { stage: 'dev' } })).value; } catch (e) { return { code: e.code }; }
});
Promise.all(all).then((list) => process.stdout.write(JSON.stringify(list)));
`

func TestParamFlagAgreesWithTheCommandLine(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	words := []string{"k", "a.b", "=", "=", "==", " ", "v", "\n", "\r", "\t", "\u2028", "\u00a0", "\ufeff", "\u0085", "é", "${env:A}", "'", `"`, ","}
	texts := []string{"a=b=c", "k=", "k", "=k=v", "k= x ", "k=x\ny", "", "=", "k= "}
	for range 5000 {
		var b strings.Builder
		for range 1 + r.IntN(6) {
			b.WriteString(words[r.IntN(len(words))])
		}
		texts = append(texts, b.String())
	}
	var questions [][2]string
	for _, text := range texts {
		key := "none"
		if m, err := paramflag.Parse([]string{text}); err == nil {
			for key = range m {
			}
		}
		questions = append(questions, [2]string{text, key})
	}
	in, err := json.Marshal(questions)
	require.NoError(t, err)
	var theirs []any
	source := oslsFile(t, "lib", "configuration", "variables", "sources", "instance-dependent", "param.js")
	require.NoError(t, json.Unmarshal(runNode(t, in, nil, readParams, source), &theirs))
	require.Len(t, theirs, len(texts))
	values, later := 0, 0
	for i, text := range texts {
		var ours any = map[string]any{"code": "INVALID_CLI_PARAM_FORMAT"}
		if m, err := paramflag.Parse([]string{text}); err == nil {
			ours = m[questions[i][1]]
			values++
		}
		_, refused := theirs[i].(map[string]any)
		_, weRefuse := ours.(map[string]any)
		// A key is looked for in each line there. A text whose first line is no param is a mistake.
		if weRefuse && !refused && strings.ContainsAny(text, "\n\r\u2028") {
			later++
			continue
		}
		require.Equal(t, theirs[i], ours, "--param %q", text)
	}
	require.Greater(t, values, 1000)
	require.NotZero(t, later, "nothing needs the exception")
}

// paramRow is a document, and how the command line is called for it.
type paramRow struct {
	name, doc string
	stage     string // --stage
	param     []string
	differ    string // what differs on purpose: the beginning of what is said of it
	reason    string
}

// paramRows are about params and stages.
func paramRows() []paramRow {
	return []paramRow{
		{name: "the command line wins", doc: `{"params": {"dev": {"a": 1}, "default": {"a": 2}}, "p": "${param:a}"}`, param: []string{"a=cli"}},
		{name: "the last of the command line", doc: `{"p": "${param:a}${param:b}"}`, param: []string{"a=1", "b=2", "a=3"}},
		{name: "the command line gives texts", doc: `{"p": ["${param:a}", "${param:b}", "${param:c}"]}`, param: []string{"a=5", "b=true", "c=null"}},
		{name: "a variable from the command line", doc: `{"p": "${param:a}"}`, param: []string{"a=x-${env:A}"}},
		{name: "no param without an equals sign", doc: `{"p": "${param:a, 'd'}"}`, param: []string{"a=1"}},
		{name: "the stage before the default", doc: `{"params": {"dev": {"a": 1}, "default": {"a": 2, "b": 3}}, "p": ["${param:a}", "${param:b}"]}`},
		{name: "null is transparent", doc: `{"params": {"dev": {"a": null}, "default": {"a": 2}}, "p": "${param:a}"}`},
		{name: "null everywhere", doc: `{"params": {"dev": {"a": null}, "default": {"a": null}}, "p": "${param:a}", "q": "${param:a, 'd'}"}`},
		{name: "a block that is null", doc: `{"params": {"dev": null, "default": {"a": 1}}, "p": "${param:a}"}`},
		{name: "empty values are values", doc: `{"params": {"dev": {"f": false, "z": 0, "e": ""}, "default": {"f": 1, "z": 1, "e": 1}}, "p": ["${param:f, 1}", "${param:z, 1}", "${param:e, 1}"]}`},
		{name: "a map is taken whole", doc: `{"params": {"default": {"m": {"k": [1, {"n": 2}]}, "m.k": "flat"}}, "p": ["${param:m}", "${param:m.k}", "${param:m.l, 'none'}"]}`},
		{name: "a name with a blank", doc: `{"params": {"default": {"a b": 1, "é-_": 2}}, "p": ["${param:a b}", "${param:é-_}"]}`},
		{name: "a param of a param", doc: `{"params": {"dev": {"a": "${param:b}-${self:x}"}, "default": {"b": "${env:A}"}}, "x": "y", "p": "${param:a}"}`},
		{name: "a param that needs itself", doc: `{"params": {"dev": {"a": "${param:a}"}}, "p": 1}`},
		{name: "a default that asks the stage", doc: `{"params": {"dev": {"a": 1}, "default": {"b": "${param:a}"}}, "p": "${param:b}"}`},
		{name: "other stages are left", doc: `{"params": {"dev": {"a": 1}, "prod": {"a": "${env:NOPE}", "m": {"k": "${env:A}"}}}, "p": "${param:a}"}`},
		{
			name: "other stages are reached by self", doc: `{"params": {"prod": {"a": "x-${env:A}", "b": "${env:NOPE}"}}, "p": "${self:params.prod.a}"}`,
			differ: "unresolved: we say [params.prod.a params.prod.b], the command line [params.prod.b]", reason: "the block of another stage is left as it is written, whether something reads it or not",
		},
		{name: "a bad param of another stage that is reached", doc: `{"params": {"prod": {"b": "${env:NOPE}"}}, "p": "${self:params.prod.b, 'd'}"}`},
		{
			name: "a block of another stage that is reached", doc: `{"params": {"prod": {"a": "${env:A}", "b": 1}}, "p": "${self:params.prod}"}`,
			differ: "unresolved: we say [params.prod.a], the command line []", reason: "as above",
		},
		{name: "a param of another stage is none", doc: `{"params": {"prod": {"a": 1}}, "p": "${param:a}", "q": "${param:a, 'd'}"}`},
		{name: "a bad param of the default fails", doc: `{"params": {"default": {"b": "${env:NOPE}"}}, "p": 1}`},
		{name: "a bad param of the stage fails", doc: `{"params": {"dev": {"b": "${env:NOPE}"}}, "p": 1}`},
		{name: "the stage of the provider", doc: `{"provider": {"stage": "prod"}, "params": {"dev": {"a": 1}, "prod": {"a": 2}}, "p": ["${param:a}", "${sls:stage}"]}`},
		{name: "the stage of the provider is a variable", doc: `{"provider": {"stage": "${opt:stage, self:custom.stage}"}, "custom": {"stage": "prod"}, "params": {"dev": {"a": "${env:NOPE}"}, "prod": {"a": 2}}, "p": ["${param:a}", "${sls:stage}"]}`},
		{name: "the stage of the command line", stage: "prod", doc: `{"provider": {"stage": "dev"}, "params": {"dev": {"a": "${env:NOPE}"}, "prod": {"a": 2}}, "p": ["${param:a}", "${sls:stage}"]}`},
		{name: "the stage default", stage: "default", doc: `{"params": {"default": {"a": 1}, "dev": {"a": "${env:A}"}}, "p": "${param:a}"}`},
		{name: "the name comes from a variable", stage: "qa", doc: `{"params": {"qa": {"a-qa": 1}}, "p": "${param:a-${sls:stage}}"}`},
		{name: "a stage that fails", doc: `{"provider": {"stage": "${env:NOPE}"}, "params": {"default": {"a": 1}, "qa": {"b": "${env:A}"}}, "p": ["${param:a}", "${sls:stage}", "${self:p.1, 'd'}", "${sls:instanceId}", "${env:A}"]}`, param: []string{"c=1"}},
		{name: "a stage that is left", doc: `{"provider": {"stage": "${later:x}"}, "params": {"default": {"a": 1}}, "p": ["${param:a}", "${sls:stage}", "${self:p.1, 'd'}", "${env:A}"]}`},
		{name: "a stage that needs itself", doc: `{"provider": {"stage": "${sls:stage}"}, "p": "${sls:stage}"}`},
		{name: "a stage that is a param", doc: `{"provider": {"stage": "${param:s}"}, "params": {"default": {"s": "qa"}}, "p": "${sls:stage}", "q": "${param:s}"}`},
		{name: "a text that is no stage", stage: "a b", doc: `{"params": {"default": {"a": 1}, "a b": {"a": "${env:NOPE}"}, "qa": {"a": "${env:NOPE}"}}, "p": ["${param:a}", "${sls:stage, 'd'}", "${self:p.1}", "${sls:instanceId}", "${opt:stage}"]}`},
		{
			name: "a provider whose text is no stage", doc: `{"provider": {"stage": "a b"}, "params": {"default": {"a": 1}}, "p": ["${param:a}", "${sls:stage}", "${env:A}"]}`,
			differ: "failed: we say [p.0 p.1 provider.stage], the command line [p.0 p.1]", reason: "it is there that something is to be done",
		},
		{
			name: "a provider that makes a text that is no stage", doc: `{"provider": {"stage": "${env:A}_${env:A}"}, "params": {"default": {"a": 1}}, "p": ["${param:a}", "${sls:stage}", "${env:A}"]}`,
			differ: "failed: we say [p.0 p.1 provider.stage], the command line [p.0 p.1]", reason: "as above",
		},
		{
			name: "a stage that is a map", doc: `{"provider": {"stage": {"k": 1}}, "p": ["${param:a}", "${sls:stage}", "${env:A}"]}`,
			differ: "failed: we say [p.0 p.1 provider.stage], the command line [p.0 p.1]", reason: "as above",
		},
		{name: "no name", doc: `{"params": {"default": {"": 1}}, "p": "${param:}"}`},
		{name: "a name that is a map", doc: `{"m": {"k": 1}, "p": "${param:${self:m}}"}`},
		{name: "a name that is a number", doc: `{"n": 5, "params": {"default": {"5": "five"}}, "p": "${param:${self:n}, 'd'}"}`},
		{name: "no params", doc: `{"p": "${param:a, 'd'}", "q": "${param:a}"}`},
		{
			name: "what is unknown stays", doc: `{"params": {"dev": {"a": "${later:x}"}}, "p": "${param:a}", "q": "${param:b, later:y}"}`,
			differ: "we have {\"p\":\"${param:a}\"", reason: "what stays is what is written, and not the variable of the param",
		},
		{name: "the instance", doc: `{"p": "${sls:instanceId}"}`},
		{name: "no name of sls", doc: `{"p": "${sls:}", "q": "${sls:nope, 'd'}", "r": "${sls:${self:m}}", "m": {}}`},
		{name: "an option that is not given", stage: "qa", doc: `{"p": ["${opt:stage}", "${opt:nope, 'd'}", "${opt:}"]}`},
		{name: "an address that is a number", doc: `{"n": 5, "p": "${self:${self:n}, 'd'}", "q": "${env:${self:n}, 'd'}", "r": "${opt:${self:n}, 'd'}"}`},
		{name: "an address that is a map", doc: `{"m": {"k": 1}, "p": "${self:${self:m}, 'd'}", "q": "${env:${self:m}, 'd'}", "r": "${opt:${self:m}, 'd'}", "s": "${file(${self:m}), 'd'}"}`},
		{name: "an address that is true", doc: `{"b": true, "p": "${self:${self:b}, 'd'}", "q": "${env:${self:b}, 'd'}", "r": "${strToBool(${self:b})}"}`},
		{name: "stages is a block like any", doc: `{"stages": {"dev": {"params": {"a": 1}}}, "p": "${param:a, 'd'}"}`},
		{
			name: "stages of another stage", doc: `{"stages": {"prod": {"params": {"a": "${env:A}"}}}, "p": 1}`,
			differ: "unresolved: we say [stages.prod.params.a], the command line []", reason: "stages are those of Serverless Framework 4, in which another stage stops nothing",
		},
	}
}

func TestParamRowsAgreeWithTheCommandLine(t *testing.T) {
	dir := t.TempDir()
	rows := paramRows()
	questions := make([]question, len(rows))
	for i, row := range rows {
		require.NoError(t, json.Unmarshal([]byte(row.doc), &questions[i].Doc), row.name)
		questions[i].Options, questions[i].Param = map[string]any{}, row.param
		if row.stage != "" {
			questions[i].Options["stage"] = row.stage
		}
	}
	for i, want := range answers(t, dir, questions) {
		t.Run(rows[i].name, func(t *testing.T) {
			require.NotNil(t, want, "it never ends")
			require.Empty(t, want.Code)
			why := paramRowDiffers(t, rows[i], questions[i].Options, want)
			if rows[i].differ == "" {
				require.Empty(t, why)
			} else {
				require.True(t, strings.HasPrefix(why, rows[i].differ), "%s\nbut not because %s", why, rows[i].reason)
			}
		})
	}
}

func paramRowDiffers(t *testing.T, row paramRow, options map[string]any, want *oracleAnswer) string {
	t.Helper()
	d, err := variables.ParseDocument("serverless.json", []byte(row.doc))
	require.NoError(t, err)
	return resultDiffers(t, d, ownResolver(t, d, row.stage, options, row.param), want)
}
