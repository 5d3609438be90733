package variables_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/testenv"
	"github.com/slsflow/slsflow/params/variables"
	"github.com/slsflow/slsflow/params/variables/nodefile"
)

// resolvePaths is a program that has the command line's own resolver resolve
// documents, one on each line: first provider.stage, then all but the params of
// other stages. For each it writes the document, the paths that
// failed and those that still hold a variable; null for a document that it never
// comes to an end with, and the code for one that it cannot parse.
const resolvePaths = `
const [, lib, serviceDir] = process.argv;
const load = (name) => require(lib + '/' + name);
const resolveMeta = load('resolve-meta'), resolve = load('resolve');
const getSls = load('sources/instance-dependent/get-sls'), getParam = load('sources/instance-dependent/param');
const deferred = load('defer-irrelevant-stage-params');
const builtin = { env: load('sources/env'), opt: load('sources/opt'), self: load('sources/self'), file: load('sources/file'),
  strToBool: load('sources/str-to-bool') };
process.on('unhandledRejection', () => {});
const yaml = require(require.resolve('js-yaml', { paths: [lib] })), schema = load('../../utils/serverless-utils/cloudformation-schema');
const one = async ({ doc, text, options, param }) => {
  const configuration = text ? JSON.parse(JSON.stringify(yaml.load(text, { schema }))) : doc;
  const variablesMeta = resolveMeta(configuration);
  for (const meta of variablesMeta.values()) if (meta.error) return { code: meta.error.code };
  const instance = { configurationInput: configuration, processedInput: { options: { param } }, instanceId: 'INSTANCE' };
  const sources = { ...builtin, sls: getSls(instance), param: getParam(instance) };
  const data = { serviceDir, configuration, variablesMeta, sources, options, fulfilledSources: new Set(Object.keys(sources)) };
  await resolve({ ...data, propertyPathsToResolve: new Set(['provider\0stage']) });
  await resolve({ ...data, isPropertyDeferred: deferred(configuration, { options }) });
  const out = { value: configuration, failed: [], unresolved: [] };
  for (const [path, meta] of variablesMeta) (meta.error ? out.failed : out.unresolved).push(path.replaceAll('\0', '.'));
  return out;
};
(async () => {
  for await (const line of require('readline').createInterface({ input: process.stdin })) {
    let timer;
    const late = new Promise((done) => { timer = setTimeout(() => done(null), 50); });
    const answer = await Promise.race([one(JSON.parse(line)).catch((e) => ({ code: e.code || String(e) })), late]);
    clearTimeout(timer);
    process.stdout.write(JSON.stringify(answer) + '\n');
  }
  process.exit(0);
})();
`

// oracleAnswer is what the command line's resolver makes of a document.
type oracleAnswer struct {
	Code               string
	Value              map[string]any
	Failed, Unresolved []string
}

// question is a document, and the options of the command line that it is run with.
type question struct {
	Doc     map[string]any `json:"doc"`
	Text    string         `json:"text,omitempty"` // of YAML, instead of Doc
	Options map[string]any `json:"options"`
	Param   []string       `json:"param,omitempty"` // each --param
}

func askTheirs(t *testing.T, dir string, docs []map[string]any, options map[string]any) []*oracleAnswer {
	t.Helper()
	var questions []question
	for _, doc := range docs {
		questions = append(questions, question{Doc: doc, Options: options})
	}
	return answers(t, dir, questions)
}

func answers(t *testing.T, dir string, questions []question) []*oracleAnswer {
	t.Helper()
	return answersWith(t, dir, oracleEnv(), questions)
}

func answersWith(t *testing.T, dir string, env map[string]string, questions []question) []*oracleAnswer {
	t.Helper()
	lib := oslsFile(t, "lib", "configuration", "variables")
	var in bytes.Buffer
	for _, q := range questions {
		require.NoError(t, json.NewEncoder(&in).Encode(q))
	}
	out := runNode(t, in.Bytes(), env, resolvePaths, lib, dir)
	dec := json.NewDecoder(bytes.NewReader(out))
	var all []*oracleAnswer
	for dec.More() {
		var a *oracleAnswer
		require.NoError(t, dec.Decode(&a))
		all = append(all, a)
	}
	require.Len(t, all, len(questions))
	return all
}

// differs says how our result differs from theirs, or "".
func differs(t *testing.T, dir string, programs variables.Programs, doc, options map[string]any, want *oracleAnswer) string {
	t.Helper()
	src, err := json.Marshal(doc)
	require.NoError(t, err)
	d, err := variables.ParseDocument("x.json", src)
	if err != nil || want.Code != "" {
		if codes := codesOf(err); !slices.Contains(codes, want.Code) {
			return fmt.Sprintf("we refuse it with %v, the command line with %q", codes, want.Code)
		}
		return ""
	}
	return resultDiffers(t, d, variables.Resolver{Stage: "dev", Partial: true, Sources: map[string]variables.Source{
		"env": variables.Env(oracleEnv()), "opt": variables.Opt(options), "strToBool": variables.StrToBool(),
		"file": variables.FileAndPrograms(os.DirFS(dir), ".", programs),
	}}, want)
}

// resultDiffers is differs for a document that both can parse. It does not look at
// the properties at except.
func resultDiffers(t *testing.T, d *variables.Document, resolver variables.Resolver, want *oracleAnswer, except ...[]string) string {
	t.Helper()
	result, err := resolver.Resolve(t.Context(), d)
	failed, unresolved := []string{}, []string{}
	for _, f := range result.Failures() {
		failed = append(failed, strings.Join(f.Keys, "."))
	}
	for _, keys := range result.Unresolved() {
		unresolved = append(unresolved, strings.Join(keys, "."))
	}
	got := result.Whole().Value()
	for _, list := range []*[]string{&failed, &unresolved, &want.Failed, &want.Unresolved} {
		slices.Sort(*list)
		*list = slices.DeleteFunc(*list, func(path string) bool {
			return slices.ContainsFunc(except, func(keys []string) bool { return strings.Join(keys, ".") == path })
		})
	}
	for _, keys := range except {
		forget(got, keys)
		forget(want.Value, keys)
	}
	if !slices.Equal(failed, want.Failed) {
		return fmt.Sprintf("failed: we say %v, the command line %v\n%v", failed, want.Failed, err)
	}
	if !slices.Equal(unresolved, want.Unresolved) {
		return fmt.Sprintf("unresolved: we say %v, the command line %v", unresolved, want.Unresolved)
	}
	if got := jsonText(got); got != jsonText(want.Value) {
		return fmt.Sprintf("we have %s\nthe command line %s", got, jsonText(want.Value))
	}
	return ""
}

// forget writes null for what is at a path.
func forget(v any, keys []string) {
	key, below := keys[0], keys[1:]
	switch v := v.(type) {
	case map[string]any:
		if len(below) == 0 {
			v[key] = nil
			return
		}
		forget(v[key], below)
	case []any:
		i, _ := strconv.Atoi(key)
		if len(below) == 0 {
			v[i] = nil
			return
		}
		forget(v[i], below)
	}
}

func codesOf(err error) []string {
	var codes []string
	if joined, ok := err.(variables.Errors); ok { //nolint:errorlint // it is no wrapped one
		for _, e := range joined {
			codes = append(codes, string(e.Code))
		}
	}
	return codes
}

// includedFiles are the files that generated documents include.
func includedFiles() map[string]string {
	return map[string]string{
		"c.yml":  "plain: 1\nflag: false\nlist: [a, {n: 2}]\nlive: ${env:A}\nback: ${self:p1}\nmap: {x: \"${self:p2}\", y: 010, z: 2020-01-01, inf: -.inf}\n",
		"c.json": `{"arr": [{"n": 1}, {"n": "${env:A}"}], "none": null, "bad": "${env:NOPE}"}`,
		"t.txt":  "text ${env:A}",
		"v.js":   `module.exports = { k: 1, live: "${env:A}", text: "${self:m.o}", later: Promise.resolve({ n: 2 }), none: null };`,
		"f.js": `module.exports = async ({ options, resolveVariable, resolveConfigurationProperty }) => ({
			flag: options.flag, a: await resolveVariable("env:A"), b: await resolveConfigurationProperty(["m", "o", "y"]) });`,
		"k.cjs": `module.exports = { self: ({ resolveVariable }) => resolveVariable("self:p4"), later: ({ resolveVariable }) => resolveVariable("later:x"),
			property: ({ resolveConfigurationProperty }) => resolveConfigurationProperty(["m", "k"]), nope: ({ resolveVariable }) => resolveVariable("env:NOPE"),
			caught: async ({ resolveVariable }) => { try { return await resolveVariable("env:NOPE"); } catch (e) { return "caught"; } },
			throws: () => { throw new Error("no luck"); }, undef: () => undefined, nil: async () => null, date: new Date(0), map: { f: () => ({ g: 1 }) } };`,
	}
}

// repairs are documents that we resolve in another way on purpose, with what the
// command line and we make of the property p.
func repairs() []struct{ name, reason, p, theirs, ours string } {
	return []struct{ name, reason, p, theirs, ours string }{
		{
			"a map in a text with something left", "no value of what is left can make it right, so it is told at once",
			"${self:map}${later:x}", "unresolved", "failed",
		},
		{
			"null in a text with something left", "as above",
			"${env:NOPE, null}${later:x}", "unresolved", "failed",
		},
		{
			"an address of what is left has no value", "it is asked for in any case, and told at once",
			"${later:${env:NOPE}}", "unresolved", "failed",
		},
		{
			"a param that is false", "a source is given what is written, and not null",
			"${strToBool(false)}", "failed", "false",
		},
		{
			"a line that ends behind a comma", "long fallbacks are written on lines of their own",
			"${env:NOPE,\n self:list.0}", "INVALID_VARIABLE_SOURCE", `"a"`,
		},
		{
			"the length of a list", "only what is written is a value, and not what JavaScript adds",
			"${self:list.length}", "1", "failed",
		},
	}
}

func TestNamedRepairs(t *testing.T) {
	dir, options := t.TempDir(), map[string]any{}
	var docs []map[string]any
	for _, repair := range repairs() {
		docs = append(docs, map[string]any{"p": repair.p, "map": map[string]any{"k": 1}, "list": []any{"a"}})
	}
	all := askTheirs(t, dir, docs, options)
	for i, repair := range repairs() {
		t.Run(repair.name, func(t *testing.T) {
			theirs := outcome(all[i].Failed, all[i].Unresolved, all[i].Value["p"])
			if all[i].Code != "" {
				theirs = all[i].Code
			}
			require.Equal(t, repair.theirs, theirs, "the command line changed")
			src, err := json.Marshal(docs[i])
			require.NoError(t, err)
			d, err := variables.ParseDocument("x.json", src)
			require.NoError(t, err)
			resolver := variables.Resolver{Stage: "dev", Partial: true, Sources: map[string]variables.Source{
				"env": variables.Env(oracleEnv()), "strToBool": variables.StrToBool(),
			}}
			result, _ := resolver.Resolve(t.Context(), d)
			var failed, unresolved []string
			for _, f := range result.Failures() {
				failed = append(failed, f.Path)
			}
			for _, keys := range result.Unresolved() {
				unresolved = append(unresolved, strings.Join(keys, "."))
			}
			require.Equal(t, repair.ours, outcome(failed, unresolved, must(result.At("p"))), repair.reason)
		})
	}
}

// outcome says what became of the property p.
func outcome(failed, unresolved []string, value any) string {
	switch {
	case slices.Contains(failed, "p"):
		return "failed"
	case slices.Contains(unresolved, "p"):
		return "unresolved"
	}
	return jsonText(value)
}

func randomTree(r *rand.Rand) map[string]any {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	piece := func() string {
		p := fmt.Sprintf("p%d", r.IntN(6))
		switch r.IntN(15) {
		case 0, 1:
			return "${self:" + p + "}"
		case 2:
			return "${self:" + pick("m.k", "m.arr.0", "m.arr.1", "m.o.x", "m.no") + pick("", ", 'fb'", ", self:"+p) + "}"
		case 3:
			return "${env:" + pick("A", "NOPE", "EMPTY", "HOLDS") + pick("", ", 'd'", ", 12") + "}"
		case 4:
			return "${file(./c.yml):" + pick("plain", "flag", "list.0", "list.1.n", "live", "no", "map.y", "map.z", "map.inf") + "}"
		case 5:
			return "${file(" + pick("c.json", "./c.json") + "):" + pick("arr.0.n", "arr.1.n", "arr.7", "none") + pick("", ", 'd'") + "}"
		case 6:
			return "${file(" + pick("nope.yml", "t.txt", "nope.json") + ")" + pick("", ", 'none'", ", self:"+p) + "}"
		case 7:
			return "${opt:" + pick("flag", "none", "zero", "list") + pick("", ", 7", ", false", ", "+"self:"+p) + "}"
		case 8:
			return "${later:" + pick("x", "${env:A}") + pick("", ", 'd'") + "}"
		case 9:
			return "${strToBool(" + pick("true", "'0'", "${self:"+p+"}", "maybe") + ")}"
		case 10:
			return "${self:${env:P}}"
		case 11:
			return "${file(" + pick("v.js):"+pick("k", "live", "text.x", "text.y", "text.no", "later.n", "none", "no"), "f.js):"+pick("flag", "a", "b", "no"),
				"k.cjs):"+pick("self", "later", "property", "nope", "caught", "throws", "undef", "nil", "date", "map.f.g"), "none.js):k") + pick("", ", 'd'") + "}"
		case 12:
			return pick("${AWS::Region}", `\${env:A}`, "${Foo.Bar}", "${foo}")
		default:
			return "text"
		}
	}
	text := func() string {
		first := piece()
		for range []int{0, 0, 0, 1, 2}[r.IntN(5)] {
			if !strings.Contains(first, `\`) {
				if next := piece(); !strings.Contains(next, `\`) {
					first += next
				}
			}
		}
		return first
	}
	doc := map[string]any{}
	for i := range 6 {
		doc[fmt.Sprintf("p%d", i)] = text()
	}
	doc["m"] = map[string]any{"k": text(), "arr": []any{text(), text(), 3}, "o": map[string]any{"x": text(), "y": true}}
	return doc
}

func TestDocumentsWithFilesAgreeWithTheCommandLine(t *testing.T) {
	dir := t.TempDir()
	for name, text := range includedFiles() {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	options := map[string]any{"flag": "false", "zero": 0, "list": []any{1, "${env:A}"}}
	r := rand.New(rand.NewPCG(7, 8))
	docs := make([]map[string]any, 800)
	for i := range docs {
		docs[i] = randomTree(r)
	}
	programs, err := nodefile.New(nodefile.Options{Dir: dir, Node: testenv.Node(t), CLI: options})
	require.NoError(t, err)
	defer programs.Close()
	endless, failed, unresolved, differ := 0, 0, 0, 0
	// What the documents do not have is in repairs.
	for i, want := range askTheirs(t, dir, docs, options) {
		if want == nil {
			endless++
			continue
		}
		failed += len(want.Failed)
		unresolved += len(want.Unresolved)
		if why := differs(t, dir, programs, docs[i], options, want); why != "" {
			if differ++; differ <= 5 {
				t.Errorf("%s:\n%s", jsonText(docs[i]), why)
			}
		}
	}
	t.Logf("of %d documents %d differ and %d never end; %d properties failed and %d stay unresolved", len(docs), differ, endless, failed, unresolved)
	require.Greater(t, failed, 500)
	require.Greater(t, unresolved, 500)
}
