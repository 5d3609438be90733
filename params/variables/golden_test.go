package variables_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/variables"
)

var update = flag.Bool("update", false, "write the golden files")

// Each file of testdata/errors is a service with problems, and what a person is
// shown about them.
func TestWhatAPersonIsShown(t *testing.T) {
	files, err := filepath.Glob("testdata/errors/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			require.NoError(t, err)
			tree := fstest.MapFS{}
			for _, f := range archive.Files {
				tree[f.Name] = &fstest.MapFile{Data: f.Data}
			}
			got := shownFor(t, tree)
			last := &archive.Files[len(archive.Files)-1]
			require.Equal(t, "want", last.Name)
			if *update {
				last.Data = []byte(got)
				require.NoError(t, os.WriteFile(file, txtar.Format(archive), 0o600))
			}
			require.Equal(t, string(last.Data), got)
		})
	}
}

func shownFor(t *testing.T, tree fstest.MapFS) string {
	t.Helper()
	d, err := variables.ParseDocument("serverless.yml", tree["serverless.yml"].Data)
	if err == nil {
		sources := variables.Local(tree, ".", map[string]any{"stage": "alice"}, "alice")
		sources["env"] = variables.Env(nil)
		r := variables.Resolver{Stage: "alice", Sources: sources, Params: variables.DefaultParams(nil, nil, params.Map{"endpoint": "https://dev.example.com"})}
		_, err = r.Resolve(t.Context(), d)
	}
	require.Error(t, err)
	list, ok := errors.AsType[variables.Errors](err)
	require.True(t, ok)
	var b strings.Builder
	for _, e := range list {
		var src []byte
		if f, ok := tree[e.Pos.File]; ok {
			src = f.Data
		}
		b.WriteString(e.Snippet(src) + "\n")
	}
	return b.String()
}
