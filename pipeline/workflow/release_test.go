package workflow_test

import (
	"fmt"
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/pipeline/workflow"
	"github.com/slsflow/slsflow/stage"
)

func TestReleaseContracts(t *testing.T) {
	file := func(services string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte("app: shop\nprofiles:\n  prod: {account: \"111111111111\"}\nstages: {prod: prod}\nservices:\n" + services)}
	}
	text := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	reads := 0
	commits := map[string]fstest.MapFS{
		"v1": {
			"slsflow.yml":        file("  api: {dir: api}\n  web: {dir: web}\n"),
			"api/serverless.yml": text("service: api\noutputs: {url: x}"),
			"web/serverless.yml": text("service: web\ncustom: {api: '${output:api.url}'}"),
		},
		"v2": { // a new output for a new reader; the old one goes
			"slsflow.yml":         file("  api: {dir: api}\n  web: {dir: web}\n  mail: {dir: mail}\n"),
			"api/serverless.yml":  text("service: api\noutputs: {endpoint: x}"),
			"web/serverless.yml":  text("service: web\ncustom: {api: '${output:api.endpoint}'}"),
			"mail/serverless.yml": text("service: mail"),
		},
	}
	prod, err := stage.Parse("prod")
	require.NoError(t, err)
	c := workflow.NewReleaseContracts(prod, nil, func(commit string) (fs.FS, error) {
		reads++
		tree, ok := commits[commit]
		if !ok {
			return nil, fmt.Errorf("no commit %s", commit)
		}
		return tree, nil
	})
	for range 2 {
		require.NoError(t, c.Check(t.Context(), map[string]string{"api": "v1", "web": "v1"}))
		require.NoError(t, c.Check(t.Context(), map[string]string{"api": "v2", "web": "v2", "mail": "v2"}))
		require.ErrorContains(t, c.Check(t.Context(), map[string]string{"api": "v2", "web": "v1"}), "api publishes no output url")
		require.ErrorContains(t, c.Check(t.Context(), map[string]string{"api": "v1", "web": "v2"}), "api publishes no output endpoint")
	}
	require.Equal(t, 2, reads, "each commit once")
	mixed, err := c.Of(t.Context(), map[string]string{"api": "v1", "web": "v2", "mail": "v1"})
	require.NoError(t, err)
	require.Len(t, mixed.Services, 2, "v1 has no mail")
	require.Equal(t, []string{"api"}, mixed.Needs("web"))
	require.Empty(t, mixed.Needs("api"))
	require.Empty(t, mixed.Needs("mail"))
	require.ErrorContains(t, c.Check(t.Context(), map[string]string{"api": "v3"}), "no commit v3")
	require.NoError(t, c.Check(t.Context(), nil))
}
