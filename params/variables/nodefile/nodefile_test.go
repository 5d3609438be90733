package nodefile_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/slsflow/slsflow/internal/testenv"
	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/variables"
	"github.com/slsflow/slsflow/params/variables/nodefile"
)

// Without node there is nothing to test, the example neither.
func TestMain(m *testing.M) {
	if _, err := testenv.FindNode(); err != nil && os.Getenv("CI") != "true" {
		fmt.Println("skipped:", err)
		return
	}
	goleak.VerifyTestMain(m)
}

// service writes files into a directory.
func service(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	return dir
}

// resolver returns one that runs the files of a directory.
func resolver(t *testing.T, dir string, o nodefile.Options) *variables.Resolver {
	t.Helper()
	o.Node, o.Dir = testenv.Node(t), dir
	run, err := nodefile.New(o)
	require.NoError(t, err)
	t.Cleanup(run.Close)
	return &variables.Resolver{Stage: "dev", Sources: map[string]variables.Source{
		"file": variables.FileAndPrograms(os.DirFS(dir), ".", run), "opt": variables.Opt(o.CLI),
		"env": variables.Env(map[string]string{"A": "aval", "B": "b"}),
	}}
}

func resolve(t *testing.T, r *variables.Resolver, text string) (*variables.Result, error) {
	t.Helper()
	doc, err := variables.ParseDocument("serverless.yml", []byte(text))
	require.NoError(t, err)
	return r.Resolve(t.Context(), doc)
}

func TestForms(t *testing.T) {
	dir := service(t, map[string]string{
		"value.js":   `module.exports = { a: { b: [1, 2.5, "x", true, null] }, n: null, big: 1e20, live: "${env:A}", text: "${self:custom}" }`,
		"promise.js": `module.exports = Promise.resolve({ k: new Promise((done) => setTimeout(done, 5, "later")) })`,
		"function.js": `let times = 0;
module.exports = async ({ options, resolveVariable, resolveConfigurationProperty }) => ({
  times: ++times, options, a: await resolveVariable("env:A"), fb: await resolveVariable("env:NOPE, 'fb'"),
  map: await resolveVariable("self:custom"), property: await resolveConfigurationProperty(["custom", "k"]),
  none: await resolveConfigurationProperty(["custom", "none"]),
  together: (await Promise.all([resolveVariable("env:A"), resolveVariable("env:B")])).join("+"),
});`,
		"keys.cjs":         `module.exports.f = async ({ resolveVariable }) => ({ v: await resolveVariable("env:A"), g: () => 1 }); module.exports.plain = 7;`,
		"module.mjs":       `export default async () => ({ esm: true }); export const other = 1;`,
		"named.mjs":        `export const one = 1; export const f = () => 2;`,
		"esm/package.json": `{"type": "module"}`,
		"esm/x.js":         `export const k = "of an ES module";`,
		"esm/d.js":         `export default { k: "the default of one" };`,
		"print.js":         `console.log("noise"); process.stdout.write("more"); module.exports = { env: Object.keys(process.env).sort().join() };`,
	})
	var log syncBuilder
	r := resolver(t, dir, nodefile.Options{CLI: map[string]any{"stage": "qa"}, Env: []string{"ALLOWED=1"}, Log: &log})
	result, err := resolve(t, r, `
service: shop
custom: {k: "${env:B}"}
item: ${file(value.js):a.b.2}
list: ${file(./value.js):a.b}
null: ${file(value.js):n, 'fb'}
no: ${file(value.js):a.zz, 'fb'}
big: ${file(value.js):big}
live: ${file(value.js):live}
through: ${file(value.js):text.k}
promise: ${file(promise.js):k}
f: ${file(function.js)}
ft: ${file(function.js):times}
again: ${file(function.js):times}
fn: ${file(keys.cjs):f.v}
plain: ${file(keys.cjs):plain}
esm: ${file(module.mjs):esm}
named: ${file(named.mjs):one}-${file(named.mjs):f}
esmjs: ${file(esm/x.js):k}-${file(esm/d.js):k}
missing: ${file(nope.js):k, 'fb'}
env: ${file(print.js):env}
`)
	require.NoError(t, err)
	value, _ := result.Value().(map[string]any)
	function, _ := value["f"].(map[string]any)
	require.Equal(t, map[string]any{
		"times": function["times"], "options": map[string]any{"stage": "qa"}, "a": "aval", "fb": "fb", "map": map[string]any{"k": "b"},
		"property": "b", "none": nil, "together": "aval+b",
	}, function)
	require.ElementsMatch(t, []any{int64(1), int64(2)}, []any{function["times"], value["ft"]}, "once for each address")
	require.Equal(t, value["ft"], value["again"])
	for _, name := range []string{"f", "ft", "again", "service", "custom"} {
		delete(value, name)
	}
	require.Equal(t, map[string]any{
		"item": "x", "list": []any{int64(1), 2.5, "x", true, nil}, "null": "fb", "no": "fb", "big": 1e20, "live": "aval", "through": "b",
		"promise": "later", "fn": "aval", "plain": int64(7), "esm": true, "named": "1-2", "esmjs": "of an ES module-the default of one", "missing": "fb",
		"env": "ALLOWED,PWD",
	}, value)
	require.Eventually(t, func() bool { return log.String() == "noise\nmore" }, 10*time.Second, time.Millisecond)
}

// What Node.js can run of TypeScript depends on its version.
func TestTypeScript(t *testing.T) {
	dir := service(t, map[string]string{
		"a.ts":  "type Asked = { resolveVariable(text: string): Promise<string> };\nexport default async ({ resolveVariable }: Asked) => ({ a: await resolveVariable('env:A') as string });",
		"b.cts": "const n: number = 7;\nmodule.exports = { n };",
		"c.mts": "export const n: number = 8;",
		"d.ts":  "enum Color { Red }\nexport default { red: Color.Red };",
	})
	out, err := exec.CommandContext(t.Context(), testenv.Node(t), "-p", "!!process.features.typescript").Output()
	require.NoError(t, err)
	r := resolver(t, dir, nodefile.Options{})
	result, err := resolve(t, r, "v: ['${file(a.ts):a}', '${file(b.cts):n}', '${file(c.mts):n}']\nbad: ${file(d.ts):red}\n")
	if strings.TrimSpace(string(out)) == "true" {
		require.ErrorContains(t, err, "${file(d.ts):red}: d.ts:")
		require.NotContains(t, err.Error(), "${file(a.ts):a}")
		got, _ := result.At("v")
		require.Equal(t, []any{"aval", int64(7), int64(8)}, got)
		return
	}
	require.ErrorContains(t, err, "serverless.yml:1:6: ${file(a.ts):a}: a.ts: it is TypeScript, which Node.js ")
	require.ErrorContains(t, err, " cannot run (take 22.18 or later, or write it in JavaScript)")
}

// syncBuilder is written while it is read.
type syncBuilder struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *syncBuilder) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuilder) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func TestErrors(t *testing.T) {
	dir := service(t, map[string]string{
		"throws.js":  "module.exports = () => {\n  throw new Error('no luck');\n};",
		"syntax.js":  "module.exports = {\n  a: ,\n};",
		"require.js": "require('not-there');",
		"reject.js":  "module.exports = Promise.reject(new Error('rejected'));",
		"text.js":    "module.exports = () => { throw 'a text'; };",
		"what.js":    `module.exports = { undef: () => undefined, nan: NaN, date: new Date(0), big: 1n, f: [], loop: {}, klass: class {} }; module.exports.loop.l = module.exports.loop;`,
		"asks.js": "module.exports = { fails: ({ resolveVariable }) => resolveVariable('env:NOPE'),\n handles: async ({ resolveVariable }) => { try { return await resolveVariable('env:NOPE'); } catch (e) { return e.code; } },\n" +
			"wrong: ({ resolveVariable }) => resolveVariable('HOME'), bad: ({ resolveVariable }) => resolveVariable('env:A, x'),\n" +
			"other: ({ resolveConfigurationProperty }) => resolveConfigurationProperty(['broken']) };",
	})
	r := resolver(t, dir, nodefile.Options{})
	result, err := resolve(t, r, `
a: ${file(throws.js), 'not used'}
b: ${file(syntax.js):a}
c: ${file(require.js)}
d: ${file(reject.js)}
e: ${file(text.js)}
f: [ "${file(what.js):undef}", "${file(what.js):nan}", "${file(what.js):date}", "${file(what.js):big}", "${file(what.js):loop}", "${file(what.js):klass}" ]
g: ${file(asks.js):fails}
h: ${file(asks.js):handles}
i: ${file(asks.js):wrong}
j: ${file(asks.js):bad}
broken: ${env:BROKEN}
k: ${file(asks.js):other, 'not used'}
l: ${file(../x.js)}
`)
	require.Error(t, err)
	got, _ := result.At("h")
	require.Equal(t, "MISSING_VARIABLE_RESULT", got)
	for _, want := range []string{
		"serverless.yml:2:4: ${file(throws.js), 'not used'}: throws.js:2:9: no luck",
		"serverless.yml:3:4: ${file(syntax.js):a}: syntax.js:2:1: Unexpected token ','",
		"serverless.yml:4:4: ${file(require.js)}: require.js:1:1: Cannot find module 'not-there'",
		"serverless.yml:5:4: ${file(reject.js)}: reject.js:1:33: rejected",
		`serverless.yml:6:4: ${file(text.js)}: text.js: it threw "a text"`,
		"${file(what.js):undef}: what.js: it gives undefined, want a map",
		"${file(what.js):nan}: what.js: it gives NaN, want a map",
		"${file(what.js):date}: what.js: it gives an object of the class Date, want a map",
		"${file(what.js):big}: what.js: Do not know how to serialize a BigInt",
		"${file(what.js):loop}: what.js: Converting circular structure to JSON",
		"${file(what.js):klass}: what.js: it gives a function, want a map",
		"serverless.yml:8:4: ${file(asks.js):fails}: its value holds ${env:NOPE}: no value: env has no NOPE",
		`${file(asks.js):wrong}: asks.js: resolveVariable("HOME"): no variable, want one such as "env:HOME"`,
		"${file(asks.js):bad}: it asks for ${env:A, x}, which is no variable",
		`${file(../x.js)}: the path "../x.js" leads out of the repository`,
	} {
		require.ErrorContains(t, err, want)
	}
	require.NotContains(t, err.Error(), "asks.js):other", "one fault, one line")
	var failed []string
	for _, f := range result.Failures() {
		failed = append(failed, f.Path)
	}
	require.Contains(t, failed, "k")
}

func TestCircles(t *testing.T) {
	dir := service(t, map[string]string{
		"self.js":  "module.exports = ({ resolveVariable }) => resolveVariable('self:a');",
		"again.js": "module.exports = ({ resolveVariable }) => resolveVariable('file(again.js)');",
		"x.js":     "module.exports = ({ resolveVariable }) => resolveVariable('file(y.js)');",
		"y.js":     "module.exports = ({ resolveVariable }) => resolveVariable('file(x.js)');",
		"deep.js":  "module.exports = { a: ({ resolveVariable }) => resolveVariable('file(deep.js):b'), b: () => 'not in a circle' };",
	})
	result, err := resolve(t, resolver(t, dir, nodefile.Options{}), "a: ${file(self.js)}\nb: ${file(again.js)}\nc: ${file(x.js)}\nd: ${file(deep.js):a}\n")
	require.ErrorContains(t, err, "serverless.yml:1:4: ${file(self.js)}: its value holds ${self:a}: a refers to itself")
	require.ErrorContains(t, err, "serverless.yml:2:4: ${file(again.js)}: its value holds ${file(again.js)}: again.js is needed by what it asks for itself")
	require.ErrorContains(t, err, "serverless.yml:3:4: ")
	got, _ := result.At("d")
	require.Equal(t, "not in a circle", got)
}

// far is a source that is asked in rounds.
type far struct{ params.Map }

func (f far) Resolve(ctx context.Context, _ []any, address any) (any, bool, error) {
	return f.Lookup(ctx, fmt.Sprint(address))
}

// A function that waits for a source that is far away is called once all the same.
func TestOneCallOverAllRounds(t *testing.T) {
	dir := service(t, map[string]string{"x.js": `let times = 0;
module.exports = async ({ resolveVariable }) => {
  times += 1;
  const first = await resolveVariable("far:a");
  return [times, first, await resolveVariable("far:" + first)];
};`})
	r := resolver(t, dir, nodefile.Options{})
	r.Sources["far"] = variables.Parallel(far{params.Map{"a": "b", "b": "c"}})
	result, err := resolve(t, r, "a: ${file(x.js)}\nb: ${self:a.2}-${file(x.js)}\n")
	require.NoError(t, err)
	require.Equal(t, map[string]any{"a": []any{int64(1), "b", "c"}, "b": "c-1,b,c"}, result.Value())
}

// What a program has seen a secret for is one, and its errors are not shown.
func TestSecrets(t *testing.T) {
	dir := service(t, map[string]string{"x.js": `module.exports = {
  url: async ({ resolveVariable }) => ({ url: "db://" + await resolveVariable("m:s"), n: 1 }),
  fails: async ({ resolveVariable }) => { throw new Error("cannot reach " + await resolveVariable("m:s")); },
};`})
	r := resolver(t, dir, nodefile.Options{})
	r.Sources["m"] = far{params.Map{"s": params.NewSecret("s3cret")}}
	result, err := resolve(t, r, "a: ${file(x.js):url}\nb: ${file(x.js):fails}\n")
	require.EqualError(t, err, "serverless.yml:2:4: ${file(x.js):fails}: x.js failed, and a secret that it has seen keeps the reason from being shown")
	got, _ := result.At("a")
	require.Equal(t, map[string]any{"url": params.NewSecret("db://s3cret"), "n": params.NewSecret("1")}, got)
}

// What only the command line can give leaves the variable to it.
func TestLeft(t *testing.T) {
	dir := service(t, map[string]string{"x.js": `module.exports = ({ resolveVariable }) => resolveVariable("cf:a.b");`})
	r := resolver(t, dir, nodefile.Options{})
	r.Partial = true
	result, err := resolve(t, r, "a: ${file(x.js), 'x'}\nb: ${self:a}\n")
	require.NoError(t, err)
	require.Equal(t, map[string]any{"a": "${file(x.js), 'x'}", "b": "${self:a}"}, result.Value())

	r.Sources["file"] = variables.File(os.DirFS(dir), ".")
	result, err = resolve(t, r, "a: ${file(x.js), 'x'}\n")
	require.NoError(t, err)
	require.Equal(t, map[string]any{"a": "${file(x.js), 'x'}"}, result.Value())
	r.Partial = false
	_, err = resolve(t, r, "a: ${file(x.js), 'x'}\n")
	require.EqualError(t, err, "serverless.yml:1:4: ${file(x.js), 'x'}: x.js is a program: only the command line can resolve it")
}

func TestProcessesThatEnd(t *testing.T) {
	dir := service(t, map[string]string{
		"loop.js":  "for (;;);",
		"never.js": "module.exports = new Promise(() => {});",
		"exit.js":  "console.error('giving up'); process.exit(3);",
		"crash.js": "module.exports = () => { Promise.reject(new Error('not handled')); return new Promise(() => {}); };",
		"big.js":   "module.exports = 'x'.repeat(20 << 20);",
		"flood.js": "module.exports = ({ resolveVariable }) => { for (let i = 0; i < 1e4; i++) resolveVariable('env:A'); return 'done'; };",
		"good.js":  "module.exports = 1;",
	})
	for name, want := range map[string]string{
		"loop.js":  "loop.js: the process was ended, since loop.js gave no value within 300ms",
		"never.js": "never.js: the process was ended, since never.js gave no value within 300ms",
		"exit.js":  "exit.js: run " + testenv.Node(t) + ": exit status 3 (giving up)",
		"crash.js": "exit status 1 (",
		"big.js":   "big.js: its value is larger than 16 MiB",
	} {
		t.Run(name, func(t *testing.T) {
			o := nodefile.Options{}
			if strings.Contains(want, "300ms") {
				o.Timeout = 300 * time.Millisecond
			}
			r := resolver(t, dir, o)
			_, err := resolve(t, r, "a: ${file("+name+")}\n")
			require.ErrorContains(t, err, want)
			_, err = resolve(t, r, "a: ${file(good.js)}\n") // nothing runs any more, and it says why
			require.ErrorContains(t, err, "good.js: ")
		})
	}
	result, err := resolve(t, resolver(t, dir, nodefile.Options{}), "a: ${file(flood.js)}\n")
	require.NoError(t, err)
	require.Equal(t, map[string]any{"a": "done"}, result.Value())
}

func TestClosedAndGivenUp(t *testing.T) {
	dir := service(t, map[string]string{"never.js": "module.exports = new Promise(() => {});", "good.js": "module.exports = 1;"})
	run, err := nodefile.New(nodefile.Options{Dir: dir, Node: testenv.Node(t)})
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, _, err = run.Run(ctx, "never.js", "", nil)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	v, found, err := run.Run(t.Context(), "good.js", "", nil) // the process outlives who gave up
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, int64(1), v)
	run.Close()
	_, _, err = run.Run(t.Context(), "good.js", "", nil)
	require.EqualError(t, err, "good.js: the runner is closed")
	run.Close()

	never, err := nodefile.New(nodefile.Options{Dir: dir})
	require.NoError(t, err)
	never.Close()
	_, _, err = never.Run(t.Context(), "good.js", "", nil)
	require.EqualError(t, err, "good.js: the runner is closed")

	absent, err := nodefile.New(nodefile.Options{Dir: dir, Env: []string{"PATH=/nowhere"}})
	require.NoError(t, err)
	_, _, err = absent.Run(t.Context(), "good.js", "", nil)
	require.ErrorContains(t, err, `good.js: run node: executable file not found in $PATH (its PATH is "/nowhere")`)
}
