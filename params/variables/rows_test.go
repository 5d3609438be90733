package variables_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/testenv"
	"github.com/slsflow/slsflow/params/variables/nodefile"
)

// evaluated are texts whose value, failure or leaving is that of the command line.
// What we do in another way on purpose is in repairs.
func evaluated() []string {
	return []string{
		"${self:m.num}", "x${self:m.num}", "${self:m.arr}", "x${self:m.arr}", "x${self:m.obj}", "${self:m.nil}",
		"${self:m.nil, null}", "x${self:m.nil, null}", `${env:EMPTY, "fb"}`, "${self:m.zero, 9}", "${self:m.false, true}",
		"${env:${env:NAME}}", `${env:${env:NOPE, "NAME"}}`, `${env:${env:NOPE}, "fb"}`, `${env:NOPE, env:ALSO, "z"}`,
		`${strToBool(maybe), "fb"}`, `${unk:x, "fb"}`, "${env:A, unk:x}", "x${unk:x}${env:A}", "${env:HOLDS}", "${self:m.nil, '${env:A}'}",
		"${env:DOLLAR}${env:BRACE}", `\${env:A}`, `${self:m.escaped}`, "${AWS::Region}-${env:A}", "${self:m.arr.1}", `${self:m.arr[1], "br"}`,
		"${self:m.dotted.key, 'fb'}", "${self:m.deep.${env:P}.n}", "${self:m.deep.b}", "${self:p}", "${self:}", "${self:bad,'fb'}",
		"${self:m.o.g}", "${self:m.o.zz,'fb'}", "${file(j.json)}", "${file(j.json):k.v}", "${strToBool(${opt:flag})}", "x${self:m.star}y",
		"${env:A, [1]}", "${self:m.nil, 'a,b'}", "${opt:flag}", "${opt:zero, 1}", "${opt:none}", "${strToBool('TRUE')}", "${strToBool(' 1 ')}",
		"${strToBool(2)}", "${strToBool()}", "${file(j.json):arr.1.n}", "${file(nope.yml):x, 'd'}", "${file(y.yml):flag}", "${file(y.yml):date}",
		"${file(y.yml):octal}", "${file(./y.${env:P}.yml):k, 'd'}", "${file(t.txt)}", "${file(t.txt):k, 'd'}", "${file(Y.YML)}",
		"${file(empty.yml), 'not used'}", "${file(bad.json), 'not used'}", "${file(y.yml):tag}", "${file(dir), 'not used'}", "${file(x.js):k}", "${file(x.js)}",
		"${env:}", "${file()}", "${opt:s, 007}", "${opt:s, 0x1F}", "${opt:s, 1e3}", "${opt:s, .5}", "${opt:s, -1.5}",
		"${file(tags.yaml)}", "${file(tags.yaml):ref.Ref}", "${file(twice.yml), 'not used'}", "${file(two.yml), 'not used'}", "${file(s.tfstate):outputs.x}",
		"${file(~/y.yml), 'd'}", "${file(./sub/../y.yml):octal}", "${file(tags.yaml):anchors}", "${file(j.json):${self:m.num}, 'd'}", "${file(${self:m.num}), 'd'}",
		"${file(y.yml):flag.x, 'd'}", "${file(j.json):arr.-1, 'd'}", "${file(j.json):arr.01, 'd'}", "${file(vars.yml):${env:P}.n}", "${file(vars.yml):text.n}",
	}
}

func TestRowsAgreeWithTheCommandLine(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"j.json": `{"k": {"v": 1}, "arr": [{"n": 1}, {"n": 2}]}`, "y.yml": "flag: false\ndate: 2020-01-02\noctal: 010\ntag: !GetAtt A.B.C\n",
		"y.p1.yml": "k: nested", "t.txt": "text ${env:A}\n", "Y.YML": "k: 1", "empty.yml": "", "bad.json": "{",
		"tags.yaml": "ref: !Ref X\nsub: !Sub [a, {b: !GetAtt C.D}]\nanchors: {a: &a {k: 1}, b: *a, c: {<<: *a, l: 2}}\n", "twice.yml": "a: 1\na: 2\n", "two.yml": "a: 1\n---\nb: 2\n",
		"s.tfstate": `{"outputs": {"x": {"value": 1}}}`, "vars.yml": "p1: {n: '${env:A}'}\ntext: \"${self:m.deep.p1}\"\n",
		"x.js": "module.exports = async () => ({ k: 'of a function' });",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	require.NoError(t, os.Mkdir(filepath.Join(dir, "dir"), 0o700))
	options := map[string]any{"flag": "false", "zero": 0}
	var docs []map[string]any
	for _, text := range evaluated() {
		docs = append(docs, map[string]any{"p": text, "bad": "${env:NOPE}", "m": map[string]any{
			"num": 42, "arr": []any{1, []any{2, 3}}, "obj": map[string]any{"k": 1}, "nil": nil, "zero": 0, "false": false, "escaped": `\${env:A}`,
			"dotted.key": 1, "deep": map[string]any{"p1": map[string]any{"n": "nested"}, "b": "${self:m.deep.c}", "c": 1},
			"o": map[string]any{"k": "${env:NOPE}", "g": 1}, "star": "$&",
		}})
	}
	programs, err := nodefile.New(nodefile.Options{Dir: dir, Node: testenv.Node(t), CLI: options})
	require.NoError(t, err)
	defer programs.Close()
	for i, want := range askTheirs(t, dir, docs, options) {
		t.Run(evaluated()[i], func(t *testing.T) {
			require.NotNil(t, want, "it never ends")
			if why := differs(t, dir, programs, docs[i], options, want); why != "" {
				t.Error(why)
			}
		})
	}
}
