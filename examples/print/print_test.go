package main

import (
	"encoding/json"
	"errors"
	"flag"
	"net/http"
	"net/http/httptest"
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
			for _, name := range []string{"GITHUB_HEAD_REF", "GITHUB_REF_NAME", "GITHUB_REF_TYPE", "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "CI_COMMIT_BRANCH"} {
				env.Setenv(name, "") // this may be a build server
			}
			cloud := httptest.NewServer(http.HandlerFunc(serveSSM))
			env.Defer(cloud.Close)
			for name, value := range map[string]string{
				"AWS_ENDPOINT_URL": cloud.URL, "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_EC2_METADATA_DISABLED": "true",
				"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_MAX_ATTEMPTS": "1",
				"GIT_CONFIG_GLOBAL": os.DevNull, "GIT_CONFIG_NOSYSTEM": "1",
			} {
				env.Setenv(name, value)
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"run": runCmd},
	})
}

// serveSSM is a parameter store of two parameters.
func serveSSM(w http.ResponseWriter, r *http.Request) {
	var asked struct{ Names []string }
	if r.Header.Get("X-Amz-Target") != "AmazonSSM.GetParameters" || json.NewDecoder(r.Body).Decode(&asked) != nil {
		http.Error(w, "not known here", http.StatusBadRequest)
		return
	}
	known := map[string][2]string{"/shop/a": {"String", "of-the-store"}, "/shop/secret": {"SecureString", "of-the-store"}}
	var found []map[string]string
	var missing []string
	for _, name := range asked.Names {
		if p, ok := known[name]; ok {
			found = append(found, map[string]string{"Name": name, "Type": p[0], "Value": p[1]})
		} else {
			missing = append(missing, name)
		}
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if err := json.NewEncoder(w).Encode(map[string]any{"Parameters": found, "InvalidParameters": missing}); err != nil {
		panic(http.ErrAbortHandler)
	}
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
