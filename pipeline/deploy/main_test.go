package deploy_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// role makes the test binary play another program.
const role = "DEPLOY_TEST_ROLE"

// quick spares the second that a program with the race detector waits at its end.
const quick = "GORACE=atexit_sleep_ms=0"

func TestMain(m *testing.M) {
	switch os.Getenv(role) {
	case "":
		goleak.VerifyTestMain(m)
	case "cli": // a command line that tells what it was given
		exit(tell())
	case "forms": // prints the variable KEY in the forms that programs do
		key := os.Getenv("KEY")
		quoted, err := json.Marshal(key)
		fmt.Printf("raw %s\nbase64 %s\nurl %s\npath %s\njson %s\n", key,
			base64.StdEncoding.EncodeToString([]byte("user:"+key)), url.QueryEscape(key), url.PathEscape(key), quoted)
		exit(err)
	case "runner": // carries out a plan, and is killed while it does
		exit(carry(context.Background(), os.Args[1], os.Args[2], os.Args[3]))
	}
}

func exit(err error) {
	if err != nil {
		fmt.Println("Error:\n" + err.Error())
		os.Exit(1)
	}
}

// told is what the command line of the role "cli" was given.
type told struct {
	Args   []string
	Env    []string // "NAME=value", sorted
	Config string   // the text of the file behind --config
}

// tell writes it into the file that TELL names.
func tell() error {
	w := told{Args: os.Args[1:], Env: os.Environ()}
	slices.Sort(w.Env)
	if i := slices.Index(w.Args, "--config"); i >= 0 {
		text, err := os.ReadFile(w.Args[i+1])
		if err != nil {
			return err
		}
		w.Config = string(text)
	}
	text, err := json.Marshal(w)
	if err != nil {
		return err
	}
	return os.WriteFile(os.Getenv("TELL"), text, 0o600)
}

// carry deploys as alice.
func carry(ctx context.Context, repo, state, run string) error {
	h, err := open(ctx, repo, state)
	if err != nil {
		return err
	}
	plan, err := h.plan(ctx, alice())
	if err != nil {
		return err
	}
	h.runner.Lease = 500 * time.Millisecond
	st, err := h.runner.Start(ctx, run, plan)
	if err != nil {
		return err
	}
	return st.Err()
}

// self is the path of the test binary.
func self() string {
	exe, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return filepath.Clean(exe)
}
