package main

import (
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/slsflow/slsflow/internal/testenv"
)

var update = flag.Bool("update", false, "write what is printed into the scripts")

// The test binary is the program, and an osls for scripts that need none in
// particular.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"deploy": main, "osls": fakeOsls, "spell": spell})
}

// Each file of testdata is a repository and what a person does in it. Beside the
// usual commands of testscript there are
//
//	run STATUS ARGS…   the program, which must exit with that status; what it
//	                   prints is in the files $WORK/out and $WORK/err
//	normal             makes these files of the last exec or wait
//	await FILE         until the file is there
//	await-history RE   until -history -json prints what matches
//
// In these files each run is RUN1, RUN2 and so on, and times are TIME and WHEN.
func TestScripts(t *testing.T) {
	testenv.Git(t)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			cloud := httptest.NewServer(http.HandlerFunc(serveAWS))
			env.Defer(cloud.Close)
			env.Values[runsKey{}] = map[string]string{}
			for name, value := range map[string]string{
				"SLSFLOW_USER": "alice", "AWS_URL": cloud.URL, "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret-of-alice",
				"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_EC2_METADATA_DISABLED": "true",
				"GIT_CONFIG_GLOBAL": os.DevNull, "GIT_CONFIG_NOSYSTEM": "1",
				"GIT_AUTHOR_NAME": "Ann", "GIT_AUTHOR_EMAIL": "ann@example.com", "GIT_AUTHOR_DATE": "1700000000 +0000",
				"GIT_COMMITTER_NAME": "Ann", "GIT_COMMITTER_EMAIL": "ann@example.com", "GIT_COMMITTER_DATE": "1700000000 +0000",
			} {
				env.Setenv(name, value)
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"run": runCmd, "normal": normalCmd, "await": awaitCmd, "await-history": awaitHistoryCmd},
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
	if err := ts.Exec("deploy", args[1:]...); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Check(err)
		}
		status = exit.ExitCode()
	}
	normalCmd(ts, false, nil)
	if status != want {
		ts.Fatalf("exit status %d, want %d", status, want)
	}
}

// normalCmd is the command normal.
func normalCmd(ts *testscript.TestScript, _ bool, _ []string) {
	for from, to := range map[string]string{"stdout": "out", "stderr": "err"} {
		text := normal(ts, ts.ReadFile(from))
		ts.Check(os.WriteFile(filepath.Join(ts.Getenv("WORK"), to), []byte(text), 0o600))
	}
}

type runsKey struct{}

var (
	runForm  = regexp.MustCompile(`\b\d{8}T\d{6}Z-[a-z2-7]{6}\b`)
	timeForm = regexp.MustCompile(`(\(|took )\d+(\.\d+)?m?s\b`)
	whenForm = regexp.MustCompile(`\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`)
)

// normal makes a text the same in every run of the test.
func normal(ts *testscript.TestScript, text string) string {
	runs, _ := ts.Value(runsKey{}).(map[string]string)
	text = runForm.ReplaceAllStringFunc(text, func(id string) string {
		if runs[id] == "" {
			runs[id] = fmt.Sprintf("RUN%d", len(runs)+1)
		}
		return runs[id]
	})
	text = timeForm.ReplaceAllString(text, "${1}TIME")
	text = whenForm.ReplaceAllString(text, "WHEN")
	if host, err := os.Hostname(); err == nil {
		text = strings.ReplaceAll(text, "alice@"+host, "alice@HOST")
	}
	return strings.ReplaceAll(text, ts.Getenv("WORK"), "$WORK")
}

// awaitCmd is the command await.
func awaitCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: await FILE")
	}
	await(ts, args[0], func() bool {
		_, err := os.Stat(ts.MkAbs(args[0]))
		return err == nil
	})
}

// awaitHistoryCmd is the command await-history.
func awaitHistoryCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: await-history RE")
	}
	form, err := regexp.Compile(args[0])
	ts.Check(err)
	await(ts, args[0], func() bool {
		ts.Check(ts.Exec("deploy", "-history", "-json"))
		return form.MatchString(ts.ReadFile("stdout"))
	})
}

// await returns when something is so.
func await(ts *testscript.TestScript, what string, is func() bool) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(time.Minute)
	for !is() {
		select {
		case <-tick.C:
		case <-deadline:
			ts.Fatalf("%s is not there after a minute", what)
		}
	}
}

// serveAWS answers as AWS does for credentials of account 999999999999, where
// nothing is deployed.
func serveAWS(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	switch r.Form.Get("Action") {
	case "GetCallerIdentity":
		fmt.Fprint(w, `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
			<Arn>arn:aws:iam::999999999999:user/alice</Arn><UserId>AIDAALICE</UserId><Account>999999999999</Account>
			</GetCallerIdentityResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></GetCallerIdentityResponse>`)
	case "DescribeStacks":
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error><Type>Sender</Type>
			<Code>ValidationError</Code><Message>Stack with id %s does not exist</Message></Error><RequestId>1</RequestId></ErrorResponse>`, r.Form.Get("StackName"))
	default:
		http.Error(w, "not known here: "+r.Form.Get("Action"), http.StatusNotImplemented)
	}
}

// fakeOsls is a command line that notes how it was called, with the account that
// it would act in, and fails if it is told to.
func fakeOsls() {
	f, err := os.OpenFile(os.Getenv("SLS_FAKE_CALLS"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = fmt.Fprintf(f, "osls %s\n", strings.Join(os.Args[1:], " "))
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(3)
	}
	if why := os.Getenv("SLS_FAKE_FAILURE"); why != "" {
		fmt.Printf("\nError:\n%s\n\n", why)
		os.Exit(1)
	}
}
