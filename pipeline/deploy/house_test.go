package deploy_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/outputs/sqliteoutputs"
	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/sqliteparams"
	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/pipeline/deploy"
	"github.com/slsflow/slsflow/pipeline/sqliteledger"
	"github.com/slsflow/slsflow/pipeline/workflow"
	"github.com/slsflow/slsflow/stage"
)

// house is a repository and all that deploys it, with real parts: the records,
// the secrets and the ledger are in one SQLite file.
type house struct {
	repo    string // the work tree
	state   string
	file    *workflow.File
	records *sqliteoutputs.Store
	secrets *sqliteparams.Store
	ledger  *sqliteledger.Ledger
	exec    *deploy.Executor // that of each run; a test may change it before
	runner  *pipeline.Runner
	runs    int
}

// build makes a house of a txtar archive of the repository's files.
func build(t *testing.T, files string) *house {
	t.Helper()
	h, err := open(t.Context(), plant(t, files), t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, h.close()) })
	return h
}

// plant writes the files of a repository.
func plant(t *testing.T, files string) string {
	t.Helper()
	repo := t.TempDir()
	for _, f := range txtar.Parse([]byte(files)).Files {
		path := filepath.Join(repo, filepath.FromSlash(f.Name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, f.Data, 0o600))
	}
	return repo
}

// open opens a house, also one that another process has open.
func open(ctx context.Context, repo, state string) (*house, error) {
	h := &house{repo: repo, state: state}
	text, err := os.ReadFile(filepath.Join(repo, workflow.FileName))
	if err != nil {
		return nil, err
	}
	if h.file, err = workflow.ParseFile(workflow.FileName, text); err != nil {
		return nil, err
	}
	key := filepath.Join(state, "age.key")
	if _, err := os.Stat(key); errors.Is(err, fs.ErrNotExist) {
		text, err := sqliteparams.NewKey()
		if err := errors.Join(err, os.WriteFile(key, []byte(text), 0o600)); err != nil {
			return nil, err
		}
	}
	db := filepath.Join(state, "state.db")
	if h.records, err = sqliteoutputs.Open(ctx, db, sqliteoutputs.Options{KeyFile: key}); err != nil {
		return nil, err
	}
	if h.secrets, err = sqliteparams.Open(ctx, db, sqliteparams.Options{KeyFile: key}); err != nil {
		return nil, err
	}
	if h.ledger, err = sqliteledger.Open(ctx, db); err != nil {
		return nil, err
	}
	h.exec = &deploy.Executor{
		File: h.file, Records: h.records, Secrets: h.secrets, Workspaces: deploy.WorkTree(repo),
		Provisioner: &deploy.Local{Root: h.cloud()}, Env: map[string]string{"PATH": os.Getenv("PATH")}, Grace: 5 * time.Second,
	}
	h.runner = &pipeline.Runner{
		Ledger: h.ledger, Executor: h.exec, Logs: pipeline.LogDir(filepath.Join(state, "logs")), Poll: 20 * time.Millisecond,
	}
	return h, nil
}

func (h *house) close() error {
	return errors.Join(h.ledger.Close(), h.secrets.Close(), h.records.Close())
}

func (h *house) cloud() string { return filepath.Join(h.state, "cloud") }

// alice is a person who deploys to a stage of her own, or to another one.
func alice(services ...string) workflow.Event {
	return workflow.Event{Kind: workflow.Manual, Trust: workflow.Trusted, Actor: "alice", Services: services}
}

func removal(services ...string) workflow.Event {
	e := alice(services...)
	e.Remove = true
	return e
}

func at(e workflow.Event, s string) workflow.Event {
	e.Stage = must(stage.Parse(s))
	return e
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// plan plans an event that must come to one plan.
func (h *house) plan(ctx context.Context, e workflow.Event) (pipeline.Plan, error) {
	instances, err := h.records.Latest(ctx, outputs.Filter{})
	if err != nil {
		return pipeline.Plan{}, err
	}
	out, err := workflow.Plan(ctx, workflow.Input{File: h.file, Event: e, Tree: os.DirFS(h.repo), Instances: instances, Params: h.exec.Params})
	if err == nil && len(out.Plans) != 1 {
		err = fmt.Errorf("%v: %d plans, %v", e, len(out.Plans), out.Refused)
	}
	if err != nil {
		return pipeline.Plan{}, err
	}
	return out.Plans[0], nil
}

// try carries out an event and returns how the run ended.
func (h *house) try(t *testing.T, e workflow.Event) pipeline.State {
	t.Helper()
	plan, err := h.plan(t.Context(), e)
	require.NoError(t, err)
	return h.start(t, plan)
}

// start carries out a plan.
func (h *house) start(t *testing.T, plan pipeline.Plan) pipeline.State {
	t.Helper()
	h.runs++
	st, err := h.runner.Start(t.Context(), fmt.Sprintf("run-%d", h.runs), plan)
	require.NoError(t, err)
	return st
}

// run carries out an event with success.
func (h *house) run(t *testing.T, e workflow.Event) pipeline.State {
	t.Helper()
	st := h.try(t, e)
	require.NoError(t, st.Err())
	return st
}

// log returns the log of the latest attempt of a step.
func (h *house) log(t *testing.T, st pipeline.State, job, step string) string {
	t.Helper()
	r, err := h.runner.Logs.Open(t.Context(), pipeline.LogID{Run: st.Run(), Job: job, Step: step, Attempt: stepOf(t, st, job, step).Attempt})
	require.NoError(t, err)
	defer r.Close()
	text, err := io.ReadAll(r)
	require.NoError(t, err)
	return string(text)
}

func stepOf(t *testing.T, st pipeline.State, job, step string) pipeline.StepState {
	t.Helper()
	js, ok := st.Job(job)
	require.True(t, ok, "job %s", job)
	for _, s := range js.Steps {
		if s.Name == step {
			return s
		}
	}
	require.Fail(t, "no step "+step)
	return pipeline.StepState{}
}

// instance is one of the app shop in us-east-1.
func instance(service, in string) outputs.Instance {
	return outputs.Instance{App: "shop", Service: service, Stage: must(stage.Parse(in)), Region: "us-east-1"}
}

// history returns the records of a service, newest first.
func (h *house) history(t *testing.T, service, in string) []outputs.Record {
	t.Helper()
	list, err := h.records.History(t.Context(), instance(service, in))
	require.NoError(t, err)
	return list
}

// rendered returns the file that the local executor has made of a service.
func (h *house) rendered(t *testing.T, service, in string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(h.cloud(), "111111111111", "us-east-1", "shop", in, service, "serverless.json"))
	require.NoError(t, err)
	return string(text)
}

// keep puts a secret of the profile dev into the store.
func (h *house) keep(t *testing.T, name, value string) {
	t.Helper()
	key := params.Key{App: "shop", Profile: "dev", Name: name}
	require.NoError(t, h.secrets.Put(t.Context(), key, params.NewSecret(value)))
}

// write replaces a file of the repository.
func (h *house) write(t *testing.T, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(h.repo, filepath.FromSlash(name)), []byte(text), 0o600))
}

// provisioner is a deploy.Provisioner of functions. A nil one does nothing.
type provisioner struct {
	deploy, remove func(context.Context, deploy.Deployment) error
}

func (p provisioner) Deploy(ctx context.Context, d deploy.Deployment) error {
	if p.deploy == nil {
		return nil
	}
	return p.deploy(ctx, d)
}

func (p provisioner) Remove(ctx context.Context, d deploy.Deployment) error {
	if p.remove == nil {
		return nil
	}
	return p.remove(ctx, d)
}

// lines returns the lines of a text that begin so, without that.
func lines(text, prefix string) (list []string) {
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(strings.TrimRight(line, "\n"), prefix); ok {
			list = append(list, rest)
		}
	}
	return list
}

// deployed writes the record of a deployment that nobody made.
func (h *house) deployed(t *testing.T, service, in string, published map[string]outputs.Output) outputs.Record {
	t.Helper()
	history := h.history(t, service, in)
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	r, err := h.records.Begin(t.Context(), outputs.Record{
		Instance: instance(service, in), Status: outputs.Deploying, Run: "earlier", Owner: "user:alice", Actor: "alice",
		Profile: "dev", Account: "111111111111", Dir: service, Started: now,
	}, int64(len(history)))
	require.NoError(t, err)
	r.Status, r.Ended, r.Outputs = outputs.Deployed, now, published
	require.NoError(t, h.records.End(t.Context(), r))
	return r
}

// attempt makes the executor do the one step of a plan that has this action.
func (h *house) attempt(t *testing.T, e workflow.Event, action string, number int, notes ...string) (json.RawMessage, string, error) {
	t.Helper()
	task, log := h.task(t, e, action, number, notes...)
	result, err := h.exec.Execute(t.Context(), task)
	return result, log.String(), err
}

func (h *house) task(t *testing.T, e workflow.Event, action string, number int, notes ...string) (pipeline.Task, *bytes.Buffer) {
	t.Helper()
	plan, err := h.plan(t.Context(), e)
	require.NoError(t, err)
	log := new(bytes.Buffer)
	task := pipeline.Task{
		Run: "run", Plan: plan, Attempt: number, Log: log, Mask: func(...string) {},
		Note: func(context.Context, json.RawMessage) error { return nil },
	}
	for _, n := range notes {
		task.Notes = append(task.Notes, json.RawMessage(n))
	}
	for _, job := range plan.Jobs {
		for _, step := range job.Steps {
			if step.Action == action {
				task.Job, task.Step = job, step
			}
		}
	}
	require.NotEmpty(t, task.Step.Name)
	return task, log
}

// reread takes another workflow file.
func (h *house) reread(t *testing.T, text string) {
	t.Helper()
	file, err := workflow.ParseFile(workflow.FileName, []byte(text))
	require.NoError(t, err)
	h.file, h.exec.File = file, file
}
