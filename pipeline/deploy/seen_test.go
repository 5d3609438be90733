package deploy_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/pipeline/deploy"
	"github.com/slsflow/slsflow/stage"
)

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
	h.keepFor(t, "dev", name, value)
}

func (h *house) keepFor(t *testing.T, profile, name, value string) {
	t.Helper()
	key := params.Key{App: "shop", Profile: profile, Name: name}
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
