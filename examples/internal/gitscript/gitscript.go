// Package gitscript runs the test scripts of programs that act on repositories.
package gitscript

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/slsflow/slsflow/internal/testenv"
)

// Run runs the scripts in testdata. Each file there is a repository, made with
// git, and what the program says about it; commits are of Ann, at one time.
func Run(t *testing.T) {
	t.Helper()
	testenv.Git(t)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
			env.Setenv("GIT_CONFIG_NOSYSTEM", "1")
			for _, who := range []string{"AUTHOR", "COMMITTER"} {
				env.Setenv("GIT_"+who+"_NAME", "Ann")
				env.Setenv("GIT_"+who+"_EMAIL", "ann@example.com")
				env.Setenv("GIT_"+who+"_DATE", "1700000000 +0000")
			}
			return nil
		},
	})
}
