package workflow_test

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/slsflow/slsflow/internal/yamldoc"
	"github.com/slsflow/slsflow/pipeline/workflow"
	"github.com/slsflow/slsflow/profile"
	"github.com/slsflow/slsflow/stage"
)

var update = flag.Bool("update", false, "write the golden files")

// Every file of testdata/file holds a sentence, a slsflow.yml, and what comes
// out of it. A bad one that the schema cannot tell says so in its sentence.
func TestParseFile(t *testing.T) {
	schema := compile(t)
	for _, kind := range []string{"good", "bad"} {
		golden(t, filepath.Join("testdata", "file", kind), func(t *testing.T, a *txtar.Archive) string {
			t.Helper()
			src := section(t, a, "slsflow.yml")
			f, err := workflow.ParseFile("slsflow.yml", []byte(src))
			if kind == "good" {
				require.NoError(t, err)
				require.NoError(t, schema.Validate(value(t, src)))
				return dump(t, f)
			}
			list, ok := errors.AsType[workflow.Errors](err)
			require.True(t, ok, "%v", err)
			require.Nil(t, f)
			if root, err := yamldoc.Parse("slsflow.yml", []byte(src)); err == nil {
				refused := schema.Validate(root.Value()) != nil
				require.NotEqual(t, strings.Contains(strings.Join(strings.Fields(string(a.Comment)), " "), "The schema cannot tell"), refused)
			}
			return list.Error() + "\n"
		})
	}
}

// golden runs each txtar file of a directory, and compares what comes out with
// its section "want".
func golden(t *testing.T, dir string, run func(*testing.T, *txtar.Archive) string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, name := range files {
		t.Run(filepath.Base(dir)+"/"+strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(name)
			require.NoError(t, err)
			got := run(t, a)
			if *update {
				setSection(a, "want", got)
				require.NoError(t, os.WriteFile(name, txtar.Format(a), 0o600))
				return
			}
			require.Equal(t, section(t, a, "want"), got)
		})
	}
}

func section(t *testing.T, a *txtar.Archive, name string) string {
	t.Helper()
	for _, f := range a.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	t.Fatalf("there is no section %s", name)
	return ""
}

func setSection(a *txtar.Archive, name, data string) {
	for i := range a.Files {
		if a.Files[i].Name == name {
			a.Files[i].Data = []byte(data)
			return
		}
	}
	a.Files = append(a.Files, txtar.File{Name: name, Data: []byte(data)})
}

// dump shows all of a file.
func dump(t *testing.T, f *workflow.File) string {
	t.Helper()
	type previews struct {
		Into           []string
		Stage          string
		DestroyOnClose bool
	}
	b, err := json.MarshalIndent(struct {
		App       string
		Profiles  profile.Set
		Protected stage.Protected
		Branches  map[string][]stage.Name
		Previews  previews
		Services  []workflow.Service
	}{f.App, f.Profiles(), f.Protected(), f.Branches, previews{f.Previews.Into, f.Previews.Stage.String(), f.Previews.DestroyOnClose}, f.Services}, "", "  ")
	require.NoError(t, err)
	return string(b) + "\n"
}

func compile(tb testing.TB) *jsonschema.Schema {
	tb.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(workflow.Schema()))
	require.NoError(tb, err)
	c := jsonschema.NewCompiler()
	require.NoError(tb, c.AddResource("slsflow.schema.json", doc))
	s, err := c.Compile("slsflow.schema.json")
	require.NoError(tb, err)
	return s
}

// value is what an editor would see of a YAML file.
func value(tb testing.TB, src string) any {
	tb.Helper()
	root, err := yamldoc.Parse("slsflow.yml", []byte(src))
	require.NoError(tb, err)
	return root.Value()
}

// Whatever the file, the errors are ours and point into it, and what is accepted
// the schema accepts too.
func FuzzParseFile(f *testing.F) {
	for _, kind := range []string{"good", "bad"} {
		files, err := filepath.Glob(filepath.Join("testdata", "file", kind, "*.txtar"))
		require.NoError(f, err)
		for _, name := range files {
			a, err := txtar.ParseFile(name)
			require.NoError(f, err)
			for _, s := range a.Files {
				if s.Name == "slsflow.yml" {
					f.Add(string(s.Data))
				}
			}
		}
	}
	schema := compile(f)
	f.Fuzz(func(t *testing.T, src string) {
		file, err := workflow.ParseFile("slsflow.yml", []byte(src))
		if err == nil {
			if err := schema.Validate(value(t, src)); err != nil {
				t.Errorf("accepted, and refused by the schema: %v", err)
			}
			for _, s := range file.Services {
				if got, ok := file.Service(s.Name); !ok || got.Dir != s.Dir {
					t.Errorf("service %q is not found", s.Name)
				}
			}
			return
		}
		list, ok := errors.AsType[workflow.Errors](err)
		if !ok || len(list) == 0 || file != nil {
			t.Fatalf("no list of errors: %v", err)
		}
		lines := strings.SplitAfter(src, "\n")
		for _, e := range list {
			if e.File != "slsflow.yml" || e.Line < 1 || e.Line > len(lines) || e.Col < 1 || e.Col > len(lines[e.Line-1])+1 || e.Msg == "" {
				t.Errorf("%v points at nothing", e)
			}
		}
	})
}
