package variables_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/params/variables"
)

// resolveAll is a program that has the command line's own resolver resolve a
// list of documents. For each it writes the value of each property, or that it
// has none, or null for a document that it never comes to an end with.
const resolveAll = `
const dir = process.argv[1] + '/';
const resolveMeta = require(dir + 'resolve-meta'), resolve = require(dir + 'resolve');
const sources = { env: require(dir + 'sources/env'), opt: require(dir + 'sources/opt'), self: require(dir + 'sources/self'),
  strToBool: require(dir + 'sources/str-to-bool') };
const { docs, env, options } = JSON.parse(require('fs').readFileSync(0, 'utf8'));
Object.assign(process.env, env);
process.on('unhandledRejection', () => {});
const one = async (configuration) => {
  const variablesMeta = resolveMeta(configuration);
  await resolve({ serviceDir: '/', configuration, variablesMeta, sources, options, fulfilledSources: new Set(Object.keys(sources)) });
  const out = {};
  for (const key of Object.keys(configuration)) {
    const bad = [...variablesMeta.keys()].some((p) => p === key || p.startsWith(key + '\0'));
    out[key] = bad ? { failed: true } : { value: configuration[key] };
  }
  return out;
};
(async () => {
  const all = [];
  for (const doc of docs) {
    let timer;
    const late = new Promise((done) => { timer = setTimeout(() => done(null), 50); });
    all.push(await Promise.race([one(doc).catch(() => null), late]));
    clearTimeout(timer);
  }
  process.stdout.write(JSON.stringify(all), () => process.exit(0));
})();
`

func oracleEnv() map[string]string {
	return map[string]string{
		"A": "aval", "NAME": "A", "EMPTY": "", "HOLDS": "${env:A}", "ESCAPED": `\${env:A}`, "DOLLAR": "$", "BRACE": "{env:A}", "P": "p1", "TWO": "${env:HOLDS}-${env:HOLDS}",
	}
}

func randomDocument(r *rand.Rand) map[string]any {
	p := func() string { return fmt.Sprintf("p%d", r.IntN(5)) }
	pieces := []func() string{
		func() string { return "${self:" + p() + "}" },
		func() string { return "${self:" + p() + "}" },
		func() string { return "${self:" + p() + ", 'fb'}" },
		func() string { return "${self:m." + []string{"k", "g", "arr", "arr.0", "o.x", "no"}[r.IntN(6)] + "}" },
		func() string {
			return "${self:m." + []string{"k", "g", "arr.1", "no"}[r.IntN(4)] + ", self:" + p() + "}"
		},
		func() string { return "${self:m, null}" },
		func() string { return "${self:m.${opt:name}}" },
		func() string { return "${self:${env:P}}" },
		func() string {
			return "${env:" + []string{"A", "NOPE", "EMPTY", "HOLDS", "DOLLAR", "BRACE", "TWO"}[r.IntN(7)] + "}"
		},
		func() string { return "${env:NOPE, env:" + []string{"A", "NOPE"}[r.IntN(2)] + ", 'lit ${env:A}'}" },
		func() string { return "${env:${env:NAME}}" },
		func() string { return "${opt:" + []string{"flag", "none", "zero", "list"}[r.IntN(4)] + ", 7}" },
		func() string { return "${strToBool(${opt:flag})}" },
		func() string { return "${strToBool('maybe')}" },
		func() string { return "${AWS::Region}" },
		func() string { return "text" },
	}
	text := func() string {
		// An escape beside a variable is lost there if the value of the variable
		// holds another: here it stays a text. So it stands alone.
		if r.IntN(12) == 0 {
			return []string{`\${env:A}`, "${env:ESCAPED}", `a\\\${env:A}b`}[r.IntN(3)]
		}
		var b strings.Builder
		for range []int{1, 1, 1, 2, 3}[r.IntN(5)] {
			b.WriteString(pieces[r.IntN(len(pieces))]())
		}
		return b.String()
	}
	doc := map[string]any{}
	for i := range 5 {
		doc[fmt.Sprintf("p%d", i)] = text()
	}
	doc["m"] = map[string]any{"k": text(), "g": 1, "arr": []any{text(), "b"}, "o": map[string]any{"x": text()}}
	return doc
}

// The values, and which properties have none, are the same as those of the
// command line.
func TestResolverAgreesWithTheCommandLine(t *testing.T) {
	dir := oslsFile(t, "lib", "configuration", "variables")
	options := map[string]any{"flag": "false", "zero": 0, "list": []any{1, "${env:A}"}, "name": "g"}
	r := rand.New(rand.NewPCG(5, 6))
	docs := make([]map[string]any, 1500)
	for i := range docs {
		docs[i] = randomDocument(r)
	}
	in, err := json.Marshal(map[string]any{"docs": docs, "env": oracleEnv(), "options": options})
	require.NoError(t, err)
	out := runNode(t, in, nil, resolveAll, dir)
	var theirs []map[string]struct {
		Failed bool
		Value  any
	}
	require.NoError(t, json.Unmarshal(out, &theirs))
	require.Len(t, theirs, len(docs))

	resolver := variables.Resolver{Stage: "dev", Sources: map[string]variables.Source{
		"env": variables.Env(oracleEnv()), "opt": variables.Opt(options), "strToBool": variables.StrToBool(),
	}}
	values, failures, endless, differ := 0, 0, 0, 0
	for i, doc := range docs {
		if theirs[i] == nil {
			endless++
			continue
		}
		src, err := json.Marshal(doc)
		require.NoError(t, err)
		d, err := variables.ParseDocument("x.json", src)
		require.NoError(t, err)
		result, err := resolver.Resolve(t.Context(), d)
		written := map[string]bool{}
		for _, leaf := range result.Leaves() {
			written[leaf.Keys[0]] = written[leaf.Keys[0]] || leaf.Written
		}
		for key, want := range theirs[i] {
			got, _ := result.At(key)
			if want.Failed {
				failures++
			} else {
				values++
			}
			same := want.Failed == written[key] && (want.Failed || jsonText(want.Value) == jsonText(got))
			if !same && differ < 10 {
				differ++
				t.Errorf("%s of %s:\nwe have %s (failed: %v)\nthe command line %s (failed: %v)\n%v", key, src, jsonText(got), written[key], jsonText(want.Value), want.Failed, err)
			}
		}
	}
	t.Logf("%d values, %d without one, %d documents that the command line never ends with", values, failures, endless)
	require.Greater(t, values, 1000)
	require.Greater(t, failures, 1000)
}
