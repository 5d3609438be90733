package variables_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/params/variables"
)

// loadAll is a program that reads YAML files as the command line does: by its own
// js-yaml and schema, and then by way of JSON. A file that cannot be read is null.
const loadAll = `
const at = process.argv[1];
const yaml = require(require.resolve('js-yaml', { paths: [at] }));
const schema = require(at + '/lib/utils/serverless-utils/cloudformation-schema');
process.stdout.write(JSON.stringify(JSON.parse(require('fs').readFileSync(0, 'utf8')).map((text) => {
  try { return { value: yaml.load(text, { schema }) }; } catch (e) { return null; }
})));
`

// yamlScraps are what random scalars are made of.
func yamlScraps() [][]string {
	return [][]string{
		{"0", "1", "7", "8", "9", "00", "010", "-", "+", ".", "_", "e", "E", "e3", "E-2", "x", "0x", "F", "a", "o", "0o", "b", "0b", "0B", "0X", "0O", ":", "30", "60"},
		{"true", "True", "TRUE", "tRUE", "yes", "No", "on", "OFF", "y", "null", "Null", "NULL", "~", "nil", ".inf", "-.INF", "+.Inf", ".nan", ".NaN", "=", "<<", " ", "-", "#", "1"},
		{"2020-01-02", "2020", "-01", "-1", "T", "t", "10:20:30", ".5", "Z", "+01:00", " ", "12:30", "1:20"},
		{"é", "漢", "🎉", "\u00a0", "\u2028", "a", " ", "\t", "\ufeff", "1", ":", "#", "'", `"`, "-", "?", "!", "&", "*", "%", "@", "`", ",", "[", "]", "{", "}", "|", ">", `\`},
	}
}

// quotings write a text as a scalar, in each style.
func quotings() []func(string) string {
	plain := func(s string) string { return "k: " + s + "\n" }
	return []func(string) string{
		plain, plain, plain, plain,
		func(s string) string { return "k: '" + strings.ReplaceAll(s, "'", "''") + "'\n" },
		func(s string) string { return `k: "` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + "\"\n" },
		func(s string) string { return `k: "` + s + "\"\n" },
		func(s string) string { return "k: |\n  " + s + "\n  b\n" },
		func(s string) string { return "k: >-\n  " + s + "\n  b\n\n  c\n" },
		func(s string) string { return "k: |2+\n   " + s + "\n\n" },
		func(s string) string { return "k: [" + s + ", b]\n" },
		func(s string) string { return "k: {a: " + s + "}\n" },
		func(s string) string { return s + ": k\n" },
		func(s string) string { return "k:\n  - " + s + "\n  - b\n" },
		func(s string) string { return "k: a\n  " + s + "\n" },
		func(s string) string { return "k: !!str " + s + "\n" },
		func(s string) string { return "k: !!int " + s + "\n" },
		func(s string) string { return "k: !!float " + s + "\n" },
		func(s string) string { return "k: " + s + " # remark\nl: b\n" },
	}
}

func randomScalar(r *rand.Rand) string {
	words := yamlScraps()[r.IntN(len(yamlScraps()))]
	var b strings.Builder
	for range 1 + r.IntN(5) {
		b.WriteString(words[r.IntN(len(words))])
	}
	return quotings()[r.IntN(len(quotings()))](b.String())
}

// randomCollection is a small file with anchors, merges and the tags of
// CloudFormation.
func randomCollection(r *rand.Rand) string {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	tags := []string{"And", "Base64", "Cidr", "Condition", "Equals", "FindInMap", "GetAtt", "GetAZs", "GetStackOutput", "If", "ImportValue", "Join", "Not", "Or", "Ref", "Select", "Split", "Sub", "Transform"}
	anchors := 0
	var value func(depth int) string
	value = func(depth int) string {
		switch n := r.IntN(12); {
		case n == 0 && anchors > 0:
			return fmt.Sprintf("*a%d ", r.IntN(anchors))
		case n == 1 && depth > 0:
			text := fmt.Sprintf("&a%d %s", anchors, pick("x", "1", "{k: 1, l: a}", "[1, 2]", "!Ref X"))
			anchors++
			return text
		case n == 2:
			return "!" + tags[r.IntN(len(tags))] + " " + pick("A", "A.B", "A.B.C", "12", "true", "''", "[a, B.C]", "{k: v}", "[!Ref A, {l: !Sub b}]", "~", ".5", "|\n    text")
		case n == 3 && depth > 0:
			return "[" + value(depth-1) + ", " + value(depth-1) + "]"
		case n <= 6 && depth > 0:
			text := "{k: " + value(depth-1)
			if anchors > 0 && r.IntN(2) == 0 {
				text += fmt.Sprintf(", <<: %s", pick(fmt.Sprintf("*a%d ", r.IntN(anchors)), fmt.Sprintf("[*a%d , *a%d ]", r.IntN(anchors), r.IntN(anchors))))
			}
			return text + ", " + pick("l", "2", "true", "a b", "~", "'<<'", "=", "k", "1e3", "2020-01-02") + ": " + value(depth-1) + "}"
		default:
			return pick("a", "1", "010", "1_0", "true", "~", "''", "2020-01-02", "\"x\\ty\"", "'it''s'", "- a", "=", "<<", "1:20")
		}
	}
	var b strings.Builder
	for i := range 1 + r.IntN(5) {
		fmt.Fprintf(&b, "k%d: %s\n", i, value(3))
	}
	return b.String()
}

// Who refuses a file that the other reads, or that both read it as something else.
const (
	weRefuse   = "we refuse it"
	theyRefuse = "the command line refuses it"
	otherValue = "the values differ"
)

// yamlException is a form that is not read as the command line reads it.
type yamlException struct {
	name, reason, what string
	form               *regexp.Regexp
	other              string // what it is replaced by, to see that nothing else differs
}

func yamlExceptions() []yamlException {
	const separator, question = "\u2028", `([\[{][^\n]*)\?`
	form := regexp.MustCompile
	return []yamlException{
		{"a line separator", "YAML 1.1 ends a line there, and so does the library", weRefuse, form(separator), "x"},
		{"a line separator", "as above", theyRefuse, form(separator), "x"},
		{"a line separator", "as above", otherValue, form(separator), "x"},
		{"a colon first in brackets", "the library has no such text: quote it", weRefuse, form(`([\[{,]\s*(?:a:\s+)?):+`), "${1}x"},
		{"an anchor with a name of signs", "the library wants letters and digits", weRefuse, form(`&[^\s,\[\]{}]*[^\s\w,\[\]{}-][^\s,\[\]{}]*|&([\s,\[\]{}])`), "&n$1"},
		{"a block that begins with a tab", "the library takes it for indentation", weRefuse, form(`([|>][-+0-9]*\n +)\t+`), "${1}x"},
		{"a colon last in brackets", "there it is a key without a value, which nobody means", weRefuse, form(`:+([,\]])`), "$1"},
		{"a question mark in brackets", "the library looks for a key there", weRefuse, form(question), "${1}x"},
		{"a question mark in brackets", "the library reads a key without a value", theyRefuse, form(question), "${1}x"},
		{"a question mark in brackets", "as above", otherValue, form(question), "${1}x"},
		{"a remark at the head of a block", "the library wants no space before it", theyRefuse, form(`([|>][-+0-9]*)#`), "$1 #"},
		{"a merge of a list or a tag", "it adds keys 0 and 1, or Ref, which nobody means", weRefuse, form(`<<: (\*a\d+ |\[[^\]]*\])`), "m: 1"},
		{"a tab behind a dash", "the library wants a space: no token begins with a tab", weRefuse, form(`(?m)^( *- *)\t+`), "$1"},
		{"a tag before a key in a line", "the library takes the tag for that of the map, which needs a line of its own", weRefuse, form(`(?m)^k: !!(?:str|int|float) (.*:( |$))`), "k: $1"},
		{"a map as a key", "there it is called [object Object]", weRefuse, form(`^\x{feff}\? `), ""},
		{"an empty list in a list", "js-yaml takes the next item of the outer list for one of the inner", otherValue, form(`(?m)- *-$`), "- x"},
	}
}

// readByTheCommandLine returns what it makes of files. A file that it refuses is nil.
func readByTheCommandLine(t *testing.T, texts []string) []*struct{ Value any } {
	t.Helper()
	in, err := json.Marshal(texts)
	require.NoError(t, err)
	var all []*struct{ Value any }
	require.NoError(t, json.Unmarshal(runNode(t, in, nil, loadAll, oslsFile(t)), &all))
	require.Len(t, all, len(texts))
	return all
}

// A file that is read otherwise for a reason is read alike once the form that is the
// reason is gone: the reason hides nothing else.
func TestYAMLIsReadAsTheCommandLineDoes(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	var texts []string
	for range 20_000 {
		texts = append(texts, randomScalar(r))
	}
	for range 5_000 {
		texts = append(texts, randomCollection(r))
	}
	exceptions := yamlExceptions()
	used := make([]int, len(exceptions))
	read, refused, differ := 0, 0, 0
	for len(texts) > 0 {
		var again []string
		for i, theirs := range readByTheCommandLine(t, texts) {
			text := texts[i]
			ours, want, what := "refused", "refused", otherValue
			d, err := variables.ParseDocument("serverless.yml", []byte(text))
			if d != nil {
				ours = jsonText(d.Value())
			} else {
				what = weRefuse
			}
			if theirs != nil {
				if _, isMap := theirs.Value.(map[string]any); !isMap {
					continue // which is no service
				}
				want = jsonText(theirs.Value)
			} else {
				what = theyRefuse
			}
			switch {
			case !sameJSON(ours, want):
				k := slices.IndexFunc(exceptions, func(e yamlException) bool { return e.what == what && e.form.MatchString(text) })
				if k >= 0 {
					used[k]++
					again = append(again, exceptions[k].form.ReplaceAllString(text, exceptions[k].other))
				} else if differ++; differ <= 100 {
					t.Errorf("%s: %q\nwe have %s, the command line %s\n%v", what, text, ours, want, err)
				}
			case want == "refused":
				refused++
			default:
				read++
			}
		}
		texts = again
	}
	t.Logf("%d files are read alike and %d refused by both; %d differ", read, refused, differ)
	for k, e := range exceptions {
		t.Logf("%5d %s: %s", used[k], e.name, e.what)
		require.NotZero(t, used[k], "%s: nothing needs this exception, %s", e.name, e.reason)
	}
	require.Greater(t, read, 15_000)
}

func sameJSON(a, b string) bool {
	var v, w any
	if json.Unmarshal([]byte(a), &v) != nil || json.Unmarshal([]byte(b), &w) != nil {
		return a == b
	}
	return reflect.DeepEqual(v, w)
}
