package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/slsflow/slsflow/internal/testenv"
)

// The test binary is the program.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"rollback": main})
}

// Each file of testdata is a repository, made with git, and what the program says
// about it.
func TestScripts(t *testing.T) {
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
