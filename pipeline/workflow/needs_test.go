package workflow_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/paramstest"
	"github.com/slsflow/slsflow/pipeline/workflow"
	"github.com/slsflow/slsflow/stage"
)

// Each file of testdata/needs is a repository, and the secrets that the store has
// in secrets, "PROFILE/NAME" each.
func TestNeeds(t *testing.T) {
	golden(t, "testdata/needs", func(t *testing.T, a *txtar.Archive) string {
		t.Helper()
		tree := fstest.MapFS{}
		for _, f := range a.Files {
			tree[f.Name] = &fstest.MapFile{Data: f.Data}
		}
		file, err := workflow.ParseFile("slsflow.yml", tree["slsflow.yml"].Data)
		require.NoError(t, err)
		in := workflow.NeedsInput{File: file, Tree: tree, Params: params.Map{"given": "x"}}
		if secrets, ok := tree["secrets"]; ok {
			store := new(paramstest.Memory)
			for line := range strings.FieldsSeq(string(secrets.Data)) {
				profile, name, _ := strings.Cut(line, "/")
				require.NoError(t, store.Put(t.Context(), params.Key{App: file.App, Profile: profile, Name: name}, params.NewSecret("x")))
			}
			in.Secrets = store
		}
		n, err := workflow.ReadNeeds(t.Context(), in)
		var b strings.Builder
		if err != nil {
			fmt.Fprintf(&b, "files:\n%v\n", err)
		}
		if err := n.Check(); err != nil {
			fmt.Fprintf(&b, "errors:\n%v\n", err)
		}
		for _, s := range n.Stages {
			fmt.Fprintf(&b, "%s %s others=%v unused=%v unnamed=%v\n", s.Stage, s.Profile, s.Others, s.Unused, s.Unnamed)
			for _, p := range s.Params {
				doc, err := json.Marshal(p)
				require.NoError(t, err)
				fmt.Fprintf(&b, "  %s\n", doc)
			}
		}
		return b.String()
	})
}

func TestNeedsOfChosenStages(t *testing.T) {
	file, err := workflow.ParseFile("slsflow.yml", []byte("app: shop\nprofiles: {dev: {}}\nstages: {dev: dev}\nservices:\n  db: {dir: db}\n"))
	require.NoError(t, err)
	tree := fstest.MapFS{"db/serverless.yml": {Data: []byte("service: db\ncustom: '${param:a}'\n")}}
	n, err := workflow.ReadNeeds(t.Context(), workflow.NeedsInput{File: file, Tree: tree})
	require.NoError(t, err)
	require.Len(t, n.Stages, 1, "there is no default profile")
	require.EqualError(t, n.Check(), "db/serverless.yml:2:10: ${param:a}: db needs param a in stage dev, and profile dev does not have it "+
		"(add it to profiles.dev.params or .secrets in slsflow.yml, or give the variable a fallback)")
	_, err = workflow.ReadNeeds(t.Context(), workflow.NeedsInput{File: file, Tree: tree, Stages: []stage.Name{name(t, "alice")}})
	require.ErrorContains(t, err, `stage "alice"`, "it has no profile")
	_, err = workflow.ReadNeeds(t.Context(), workflow.NeedsInput{})
	require.EqualError(t, err, "read needs: want a workflow file and a tree")
}
