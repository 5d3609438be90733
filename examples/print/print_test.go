package main

import (
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write what is printed into the scripts")

// The test binary is the program.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"print": main})
}

// Each file of testdata is a service, and what a person has printed of it. The
// command "run STATUS ARGS…" runs the program, which must exit with that status;
// what it prints is in the files out and err of $WORK.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("SLSFLOW_INSTANCE_ID", "1700000000000")
			env.Setenv("TOKEN_NAME", "of-the-environment")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"run": runCmd},
	})
}

// runCmd is the command run.
func runCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: run STATUS ARGS…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	status := 0
	if err := ts.Exec("print", args[1:]...); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Check(err)
		}
		status = exit.ExitCode()
	}
	for from, to := range map[string]string{"stdout": "out", "stderr": "err"} {
		ts.Check(os.WriteFile(filepath.Join(ts.Getenv("WORK"), to), []byte(ts.ReadFile(from)), 0o600))
	}
	if status != want {
		ts.Fatalf("exit status %d, want %d", status, want)
	}
}
