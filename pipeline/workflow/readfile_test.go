package workflow_test

import (
	"errors"
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/pipeline/workflow"
)

// vast is a tree in which one file is too large to be read.
type vast struct {
	fstest.MapFS
	name string
}

func (v vast) Stat(name string) (fs.FileInfo, error) {
	info, err := v.MapFS.Stat(name)
	if name == v.name {
		return large{info}, err
	}
	return info, err
}

func (v vast) Open(name string) (fs.File, error) {
	if name == v.name {
		return nil, errors.New("opened")
	}
	return v.MapFS.Open(name)
}

func (v vast) ReadFile(name string) ([]byte, error) {
	if name == v.name {
		return nil, errors.New("read")
	}
	return v.MapFS.ReadFile(name)
}

type large struct{ fs.FileInfo }

func (large) Size() int64 { return 1 << 40 }

// TestVastFiles has a pull request whose files would fill the memory.
func TestVastFiles(t *testing.T) {
	f, err := workflow.ParseFile("slsflow.yml", []byte(trunkFile))
	require.NoError(t, err)
	tree := fstest.MapFS{
		"slsflow.yml":        {Data: []byte(trunkFile)},
		"api/serverless.yml": {Data: []byte("service: api\ncustom: ${file(big.json)}\n")},
		"api/package.json":   {Data: []byte("{}")},
		"api/big.json":       {Data: []byte("{}")},
	}
	e := workflow.Event{Kind: workflow.PullRequest, Action: workflow.Opened, PullRequest: 1, Fork: true, Branch: "x", Target: "master", Commit: "c"}
	for name, want := range map[string]string{
		"api/serverless.yml": "api/serverless.yml has 1099511627776 bytes, and 4194304 are the most",
		"api/package.json":   "api/package.json has 1099511627776 bytes, and 4194304 are the most",
		"api/big.json":       "api/big.json is larger than 16 MiB",
		"slsflow.yml":        "",
	} {
		_, err := workflow.Plan(t.Context(), workflow.Input{File: f, Event: e, Tree: vast{tree, name}})
		if want == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, want, name)
	}
}
