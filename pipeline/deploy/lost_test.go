//go:build linux || darwin

package deploy_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/pipeline/deploy"
	"github.com/slsflow/slsflow/pipeline/workflow"
)

// slow is a service whose first deployment never ends: it is noted in a file who
// runs, and where the deployment stands.
const slow = `
-- slsflow.yml --
app: shop
profiles: {dev: {account: "111111111111"}}
defaultProfile: dev
services:
  db:
    dir: db
    test: echo tested >> ../tests
    hooks: {beforeDeploy: "if [ ! -e ../pid ]; then echo $$ > ../pid.part; mv ../pid.part ../pid; exec sleep 1000; fi"}
-- db/serverless.yml --
service: db
outputs: {table: orders}
`

// killed is a house in which a run was killed with its process, in the middle of
// a deployment. What it had started still runs.
func killed(t *testing.T) (h *house, pid int) {
	t.Helper()
	h = build(t, slow)
	cmd := exec.CommandContext(t.Context(), self(), h.repo, h.state, "lost")
	cmd.Env = []string{role + "=runner", quick, "PATH=" + os.Getenv("PATH")}
	cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
	require.NoError(t, cmd.Start())
	file := filepath.Join(h.repo, "pid")
	require.Eventually(t, func() bool { _, err := os.Stat(file); return err == nil }, 20*time.Second, 5*time.Millisecond)
	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	pid, err = strconv.Atoi(strings.TrimSpace(string(text)))
	require.NoError(t, err)
	require.True(t, alive(pid))
	t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGKILL) })
	require.Equal(t, outputs.Deploying, h.history(t, "db", "alice")[0].Status)
	return h, pid
}

// alive reports whether a process is there that nobody has ended.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return runtime.GOOS != "linux" // where there is no /proc
	}
	return !bytes.Contains(stat, []byte(") Z ")) // dead, but not waited for
}

// The same run goes on: it ends what is left before it begins again, and
// continues the record.
func TestResumeAfterKill(t *testing.T) {
	h, pid := killed(t)
	looked := false
	local := h.exec.Provisioner
	h.exec.Provisioner = provisioner{deploy: func(ctx context.Context, d deploy.Deployment) error {
		looked = true
		if alive(pid) {
			return errors.New("the lost attempt is still running")
		}
		return local.Deploy(ctx, d)
	}}
	st, err := h.runner.Resume(t.Context(), "lost")
	require.NoError(t, err)
	require.NoError(t, st.Err())
	require.True(t, looked)
	require.Equal(t, 2, stepOf(t, st, "deploy db", "deploy").Attempt)
	require.Contains(t, h.log(t, st, "deploy db", "deploy"), "ended what an earlier attempt had left running\n")
	tests, err := os.ReadFile(filepath.Join(h.repo, "tests"))
	require.NoError(t, err)
	require.Equal(t, "tested\n", string(tests), "what had succeeded is not repeated")

	list := h.history(t, "db", "alice")
	require.Len(t, list, 1)
	require.Equal(t, outputs.Deployed, list[0].Status)
	require.Equal(t, "lost", list[0].Run)
	require.NotEmpty(t, list[0].Outputs)
}

// The run is cancelled instead: what is left is ended, and the record with it.
func TestCancelAfterKill(t *testing.T) {
	h, pid := killed(t)
	require.NoError(t, pipeline.Cancel(t.Context(), h.ledger, "lost", pipeline.Request{By: "bob", Reason: "enough", At: time.Now().UTC()}))
	st, err := h.runner.Resume(t.Context(), "lost")
	require.NoError(t, err)
	require.Equal(t, pipeline.Cancelled, st.Status())
	require.False(t, alive(pid))
	list := h.history(t, "db", "alice")
	require.Len(t, list, 1)
	require.Equal(t, outputs.Failed, list[0].Status)
	require.Equal(t, "run lost was cancelled, and this attempt was lost before", list[0].Error)
	require.NoDirExists(t, h.cloud())
}

// unfinished begins a record that nobody ends.
func (h *house) unfinished(t *testing.T, run string, status outputs.Status) outputs.Record {
	t.Helper()
	r, err := h.records.Begin(t.Context(), outputs.Record{
		Instance: instance("db", "alice"), Status: status, Run: run, Owner: "user:alice", Actor: "alice",
		Profile: "dev", Account: "111111111111", Dir: "db", Started: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC),
	}, int64(len(h.history(t, "db", "alice"))))
	require.NoError(t, err)
	return r
}

// A run that never came back is closed by the next one on the stage.
func TestNextRunClosesTheRecordOfALostOne(t *testing.T) {
	h := build(t, pair)
	h.unfinished(t, "lost", outputs.Deploying)
	h.run(t, alice("db"))
	h.unfinished(t, "lost too", outputs.Removing)
	h.run(t, alice("db"))
	h.unfinished(t, "lost again", outputs.Deploying)
	h.run(t, removal("db"))
	var told []string
	for _, r := range h.history(t, "db", "alice") {
		told = append(told, string(r.Status)+" "+r.Run+" "+r.Error)
	}
	require.Equal(t, []string{
		"removed run-3 ",
		"failed lost again run lost again did not come to an end",
		"deployed run-2 ",
		"failed lost too run lost too did not come to an end",
		"deployed run-1 ",
		"failed lost run lost did not come to an end",
	}, told)
}

// Only the report of an attempt was lost: what it did is not done again, nor
// recorded twice.
func TestStepThatWasDoneIsNotDoneAgain(t *testing.T) {
	h := build(t, pair)
	calls := 0
	h.exec.Provisioner = provisioner{
		deploy: func(context.Context, deploy.Deployment) error { calls++; return nil },
		remove: func(context.Context, deploy.Deployment) error { calls++; return nil },
	}
	first, _, err := h.attempt(t, alice("db"), workflow.ActionDeploy, 1)
	require.NoError(t, err)
	again, log, err := h.attempt(t, alice("db"), workflow.ActionDeploy, 2)
	require.NoError(t, err)
	require.JSONEq(t, string(first), string(again))
	require.Equal(t, "shop:alice:us-east-1:db is deployed already, by an earlier attempt of this run\n", strings.ReplaceAll(log, "/", ":"))
	require.Equal(t, 1, calls)
	require.Len(t, h.history(t, "db", "alice"), 1)

	first, _, err = h.attempt(t, removal("db"), workflow.ActionRemove, 1)
	require.NoError(t, err)
	h.unfinished(t, "run", outputs.Removing) // so that a removal is planned
	task, _ := h.task(t, removal("db"), workflow.ActionRemove, 2)
	r := h.history(t, "db", "alice")[0]
	r.Status, r.Ended = outputs.Removed, time.Now()
	require.NoError(t, h.records.End(t.Context(), r))
	again, err = h.exec.Execute(t.Context(), task)
	require.NoError(t, err)
	require.Contains(t, string(first), `"number":2,"status":"removed"`)
	require.Contains(t, string(again), `"number":3,"status":"removed"`)
	require.Equal(t, 2, calls)
}

// Somebody else may close the record of a lost run at the same time.
func TestRecordThatIsClosedMeanwhile(t *testing.T) {
	h := build(t, pair)
	h.unfinished(t, "lost", outputs.Deploying)
	h.exec.Records = store{h.records, func(r outputs.Record) error {
		if r.Run != "lost" {
			return nil
		}
		r.Error = "closed by somebody else"
		return errors.Join(h.records.End(t.Context(), r), outputs.ErrDone)
	}}
	h.run(t, alice("db"))
	list := h.history(t, "db", "alice")
	require.Equal(t, outputs.Deployed, list[0].Status)
	require.Equal(t, "closed by somebody else", list[1].Error)
}

// A record that is continued says what was read by the attempt that ended it.
func TestContinuedRecordReadsAnew(t *testing.T) {
	h := build(t, pair)
	h.deployed(t, "db", "alice", map[string]outputs.Output{"table": {Value: json.RawMessage(`"old"`)}})
	fails := errors.New("no connection")
	h.exec.Records = store{h.records, func(outputs.Record) error { return fails }}
	_, _, err := h.attempt(t, alice("api"), workflow.ActionDeploy, 1)
	require.ErrorContains(t, err, "no connection")
	require.Equal(t, outputs.Deploying, h.history(t, "api", "alice")[0].Status)

	fails = nil
	h.deployed(t, "db", "alice", map[string]outputs.Output{"table": {Value: json.RawMessage(`"new"`)}})
	_, _, err = h.attempt(t, alice("api"), workflow.ActionDeploy, 2)
	require.NoError(t, err)
	list := h.history(t, "api", "alice")
	require.Len(t, list, 1)
	require.Equal(t, []outputs.Read{{Instance: instance("db", "alice"), Key: "table", Number: 2, Hash: outputs.Hash(json.RawMessage(`"new"`))}}, list[0].Reads)
}

func TestNotesOfEarlierAttempts(t *testing.T) {
	h := build(t, pair)
	_, log, err := h.attempt(t, alice("db"), workflow.ActionDeploy, 2, `{"group": "4000000 1 elsewhere"}`)
	require.NoError(t, err)
	require.Contains(t, log, "an earlier attempt ran elsewhere: ")
	for _, n := range []string{`{"group": "what"}`, `[]`} {
		_, _, err := h.attempt(t, alice("db"), workflow.ActionDeploy, 3, n)
		require.ErrorContains(t, err, "note of an earlier attempt: ")
	}
}

// End leaves alone what is not of the lost attempt.
func TestEndOfOthers(t *testing.T) {
	h := build(t, pair)
	task, _ := h.task(t, alice("db"), workflow.ActionDeploy, 1)
	require.NoError(t, h.exec.End(t.Context(), task), "it was lost before it began a record")
	h.unfinished(t, "another", outputs.Deploying)
	require.NoError(t, h.exec.End(t.Context(), task))
	require.Equal(t, outputs.Deploying, h.history(t, "db", "alice")[0].Status)
	task.Run = "another"
	require.NoError(t, h.exec.End(t.Context(), task))
	require.NoError(t, h.exec.End(t.Context(), task))
	require.Equal(t, outputs.Failed, h.history(t, "db", "alice")[0].Status)
}
