package dotenv_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/testenv"
	"github.com/slsflow/slsflow/params/dotenv"
)

// loadAll is a program that has the command line load the files of services, and
// writes the environment of each.
const loadAll = `
const fs = require('fs'), load = require(process.argv[1]);
const cases = JSON.parse(fs.readFileSync(0, 'utf8'));
const out = cases.map(({ files, stage, environ }) => {
  for (const name of fs.readdirSync('.')) fs.rmSync(name);
  for (const name of Object.keys(files)) fs.writeFileSync(name, files[name]);
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, environ);
  load(stage);
  return { ...process.env };
});
process.stdout.write(JSON.stringify(out));
`

type loadCase struct {
	Files   map[string]string `json:"files"`
	Stage   string            `json:"stage"`
	Environ map[string]string `json:"environ"`
}

// randomFile returns a file in which a value refers to later ones only: with a
// circle the command line may never end.
func randomFile(r *rand.Rand) string {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	names := []string{"A", "B_1", "C.x", "D-y", "e", "HOME", "F"}
	var b strings.Builder
	for i, name := range names {
		b.WriteString(pick("", "", "", "", " ", "export ", "#", "x ") + name + pick("=", "=", "=", " = ", ": ", ":", " ", "=  "))
		quote := pick("", "", "'", "\"", "`")
		b.WriteString(quote)
		for range r.IntN(4) {
			later := names[min(i+1+r.IntN(3), len(names)-1)]
			if i == len(names)-1 {
				later = "NO"
			}
			b.WriteString(pick("text", " ", "#", "é", "{", "}", ":", "=", `\n`, "$5", "\t", "$"+later, "${"+later+"}", "${"+later+":-d}", "${"+later+"-d}",
				"${"+later+":+d}", "${NO:-a-b}", "${HOME:-d}", "${}", "${a{b}", "$HOME", "$NO", "'", "\"", "\r\n", "\n"))
		}
		b.WriteString(pick(quote, quote, quote, "") + pick("\n", "\n", "\n", "\r\n", "\r", " # c\n", "\n\n# c\n", " x\n"))
	}
	return b.String()
}

// The environment is that of the command line's own loader, whichever file there
// is and whatever is in it. Three things are other on purpose: a variable of the
// environment that is set and empty, or has "\\$" in it, stays as it is; a dollar
// that a value brings in is one, and no pattern; and a circle is an error.
func TestAgreesWithTheCommandLine(t *testing.T) {
	node, osls := testenv.Node(t), testenv.Osls(t)
	r := rand.New(rand.NewPCG(11, 12))
	environ := map[string]string{"HOME": "/home"}
	cases := []loadCase{
		{Files: map[string]string{".env": "A=1", ".env.dev": "B=2"}, Stage: "dev"},
		{Files: map[string]string{".env": "A=1", ".env.dev": "B=2"}, Stage: "prod"},
		{Files: map[string]string{".env": "HOME=x\nA=z"}, Stage: "dev"},
		{Files: map[string]string{}, Stage: "dev"},
	}
	for len(cases) < 1500 {
		cases = append(cases, loadCase{Files: map[string]string{".env": randomFile(r)}, Stage: "dev"})
	}
	for i := range cases {
		cases[i].Environ = environ
	}
	in, err := json.Marshal(cases)
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), node, "-e", loadAll, filepath.Join(filepath.Dir(filepath.Dir(osls)), "lib", "cli", "load-dotenv.js"))
	cmd.Dir, cmd.Env, cmd.Stdin = t.TempDir(), []string{}, bytes.NewReader(in)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, stderr.String())
	var theirs []map[string]string
	require.NoError(t, json.Unmarshal(out, &theirs))
	require.Len(t, theirs, len(cases))
	differ, some := 0, 0
	for i, c := range cases {
		files := fstest.MapFS{}
		for name, text := range c.Files {
			files[name] = &fstest.MapFile{Data: []byte(text)}
		}
		ours, _, err := dotenv.Load(files, ".", c.Stage, environ)
		require.NoError(t, err)
		if len(ours) > 3 {
			some++
		}
		got, want := jsonText(t, ours), jsonText(t, theirs[i])
		if got != want && differ < 10 {
			differ++
			t.Errorf("%q:\nwe have          %s\nthe command line %s", c.Files, got, want)
		}
	}
	require.Greater(t, some, 500)
}

func jsonText(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return string(b)
}
