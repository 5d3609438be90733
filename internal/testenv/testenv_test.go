package testenv_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/testenv"
)

// checkout makes a directory that looks like a checkout of the module with the given
// files in .testenv, and goes to a folder in it.
func checkout(t *testing.T, installed ...string) string {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(root, "go.mod"), []byte("module github.com/slsflow/slsflow\n"), 0o600))
	nested := filepath.Join(root, "pipeline", "temporalrunner")
	require.NoError(t, os.MkdirAll(nested, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(nested, "go.mod"), []byte("module github.com/slsflow/slsflow/pipeline/temporalrunner\n"), 0o600))
	for _, name := range installed {
		path := filepath.Join(root, ".testenv", filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, nil, 0o600))
	}
	t.Chdir(nested)
	return root
}

func TestFind(t *testing.T) {
	for _, test := range []struct {
		name  string
		find  func() (string, error)
		stamp string
		path  string
	}{
		{"moto", testenv.FindMoto, "venv.stamp", "venv/bin/python"},
		{"osls", testenv.FindOsls, "npm.stamp", "node_modules/osls/bin/serverless.js"},
		{"serverless", testenv.FindServerless3, "npm.stamp", "node_modules/serverless/bin/serverless.js"},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := checkout(t, test.stamp, test.path)
			got, err := test.find()
			require.NoError(t, err)
			require.Equal(t, filepath.Join(root, ".testenv", filepath.FromSlash(test.path)), got)
		})
		t.Run(test.name+" half installed", func(t *testing.T) {
			checkout(t, test.path)
			_, err := test.find()
			require.ErrorIs(t, err, testenv.ErrMissing)
			require.ErrorContains(t, err, "run make testenv")
		})
		t.Run(test.name+" not there, with a stamp", func(t *testing.T) {
			checkout(t, test.stamp)
			_, err := test.find()
			require.ErrorIs(t, err, testenv.ErrMissing)
		})
	}
}

func TestFindNode(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := testenv.FindNode()
	require.ErrorIs(t, err, testenv.ErrMissing)
	require.ErrorContains(t, err, "install Node.js")
}

func TestRootOutsideOfACheckout(t *testing.T) {
	_, err := testenv.Root(t.TempDir())
	require.ErrorContains(t, err, "not in a checkout")
}

// recorder is a testing.TB that notes how a test would have ended.
type recorder struct {
	testing.TB
	ended string
}

func (r *recorder) Skip(args ...any)  { r.ended = "skip: " + fmt.Sprint(args...) }
func (r *recorder) Fatal(args ...any) { r.ended = "fatal: " + fmt.Sprint(args...) }
func (*recorder) Helper()             {}

func TestMissingPart(t *testing.T) {
	for ci, want := range map[string]string{"": "skip: ", "false": "skip: ", "true": "fatal: "} {
		t.Run("CI="+ci, func(t *testing.T) {
			checkout(t)
			t.Setenv("CI", ci)
			t.Setenv("PATH", t.TempDir())
			for _, part := range []func(testing.TB) string{testenv.Moto, testenv.Osls, testenv.Serverless3, testenv.Node} {
				r := &recorder{TB: t}
				require.Empty(t, part(r))
				require.Contains(t, r.ended, want)
				require.Contains(t, r.ended, testenv.ErrMissing.Error())
			}
		})
	}
}

// A tool that uses a part, but is not a test, says what to do when it is missing.
func Example() {
	osls, err := testenv.FindOsls()
	switch {
	case errors.Is(err, testenv.ErrMissing):
		fmt.Println("serverless.js") // err ends in "(run make testenv)"
	case err == nil:
		fmt.Println(filepath.Base(osls))
	}
	// Output: serverless.js
}

func TestFindGit(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := testenv.FindGit()
	require.ErrorIs(t, err, testenv.ErrMissing)
	require.ErrorContains(t, err, "install git")
}
