package terminal_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/pipeline"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// book writes the log of a run by hand and reports each entry.
type book struct {
	t     *testing.T
	to    pipeline.LineReporter
	run   string
	plan  pipeline.Plan
	state pipeline.State
	now   time.Time
	last  pipeline.Report
}

// newBook begins a run and reports that.
func newBook(t *testing.T, to pipeline.LineReporter, run string, plan pipeline.Plan) *book {
	t.Helper()
	s, err := pipeline.NewState(run, plan)
	require.NoError(t, err)
	digest, err := plan.Digest()
	require.NoError(t, err)
	b := &book{t: t, to: to, run: run, plan: plan, state: s, now: noon}
	b.add(pipeline.Entry{Kind: pipeline.Planned, Digest: digest})
	b.add(pipeline.Entry{Kind: pipeline.Held, Holder: "test", Token: 1, Lease: time.Hour})
	return b
}

// append appends an entry, and add reports it too.
func (b *book) append(e pipeline.Entry) {
	b.t.Helper()
	e.V, e.N, e.At = pipeline.Version, b.state.Len()+1, b.now
	if !e.Kind.Request() {
		e.Token = 1
	}
	s, err := pipeline.Apply(b.state, e)
	require.NoError(b.t, err)
	b.state = s
	b.last = pipeline.Report{Run: b.run, Plan: b.plan, Entry: e, State: s}
}

func (b *book) add(e pipeline.Entry) {
	b.t.Helper()
	b.append(e)
	require.NoError(b.t, b.to.Report(b.t.Context(), b.last))
}

func (b *book) attempt(job, step string) int {
	j, ok := b.state.Job(job)
	require.True(b.t, ok)
	for _, s := range j.Steps {
		if s.Name == step {
			return s.Attempt
		}
	}
	b.t.Fatalf("no step %s", step)
	return 0
}

func (b *book) begin(job, step string) {
	b.t.Helper()
	b.add(pipeline.Entry{Kind: pipeline.Began, Job: job, Step: step, Attempt: b.attempt(job, step) + 1})
}

// end ends an attempt as e says, after it has taken d.
func (b *book) end(job, step string, d time.Duration, e pipeline.Entry) {
	b.t.Helper()
	b.now = b.now.Add(d)
	e.Kind, e.Job, e.Step, e.Attempt = pipeline.Ended, job, step, b.attempt(job, step)
	b.add(e)
}

func (b *book) ok(job, step string, d time.Duration) {
	b.t.Helper()
	b.end(job, step, d, pipeline.Entry{Status: pipeline.Succeeded})
}

func (b *book) finish(status pipeline.Status) {
	b.t.Helper()
	b.add(pipeline.Entry{Kind: pipeline.Finished, Status: status})
}

func (b *book) line(job, step, text string) {
	b.to.ReportLine(pipeline.Line{Run: b.run, Job: job, Step: step, Attempt: b.attempt(job, step), Text: text})
}

// fullstack is a plan of two services, the second of which needs the first.
func fullstack(stage string) pipeline.Plan {
	return pipeline.Plan{Key: "fullstack/" + stage, Jobs: []pipeline.Job{
		{ID: "test api", Steps: []pipeline.Step{{Name: "install", Action: "install"}, {Name: "test", Action: "test"}}},
		{ID: "deploy database", Needs: []string{"test api"}, Steps: []pipeline.Step{{Name: "deploy", Action: "deploy"}}},
		{ID: "deploy api", Needs: []string{"deploy database"}, Steps: []pipeline.Step{{Name: "deploy", Action: "deploy"}, {Name: "verify", Action: "verify"}}},
	}}
}
