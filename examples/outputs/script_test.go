package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/outputs/sqliteoutputs"
)

var update = flag.Bool("update", false, "write what is printed into the scripts")

func TestMain(m *testing.M) { testscript.Main(m, map[string]func(){"outputs": main}) }

// Each file of testdata is a repository, what has been deployed from it
// (deployed.json: records in their order), and what a person asks. "run STATUS
// ARGS…" is the program, which must exit with that status.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata", UpdateScripts: *update, RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("SLSFLOW_USER", "alice")
			return deployed(t.Context(), env.WorkDir)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"run": runCmd},
	})
}

func runCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: run STATUS ARGS…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	status := 0
	if err := ts.Exec("outputs", args[1:]...); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Check(err)
		}
		status = exit.ExitCode()
	}
	if status != want {
		ts.Fatalf("exit status %d, want %d", status, want)
	}
}

// deployed writes the records of deployed.json into the state of dir.
func deployed(ctx context.Context, dir string) (err error) {
	text, err := os.ReadFile(filepath.Join(dir, "deployed.json"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	var records []outputs.Record
	if err := json.Unmarshal(text, &records); err != nil {
		return err
	}
	state := filepath.Join(dir, ".slsflow")
	if err := os.Mkdir(state, 0o700); err != nil {
		return err
	}
	key, err := sqliteoutputs.NewKey()
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(state, "age.key"), []byte(key), 0o600); err != nil {
		return err
	}
	s, err := sqliteoutputs.Open(ctx, filepath.Join(state, "state.db"), sqliteoutputs.Options{Key: key})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	for _, r := range records {
		past, err := s.History(ctx, r.Instance)
		if err != nil {
			return err
		}
		for i, read := range r.Reads {
			found, _, err := outputs.Lookup(ctx, s, outputs.Ref{Instance: read.Instance, Key: read.Key})
			if err != nil {
				return err
			}
			r.Reads[i] = found.Read
		}
		begun := r
		begun.Outputs, begun.Reads, begun.Error, begun.Status = nil, nil, "", outputs.Deploying
		if r.Status == outputs.Removed {
			begun.Status = outputs.Removing
		}
		begun.Started = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		begun, err = s.Begin(ctx, begun, int64(len(past)))
		if err != nil {
			return err
		}
		r.Number, r.Removal, r.Started, r.Ended = begun.Number, begun.Removal, begun.Started, begun.Started.Add(time.Minute)
		if err := s.End(ctx, r); err != nil {
			return err
		}
	}
	return nil
}
