package pipeline_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/pipeline"
)

// FuzzApply plays any sequence of entries, good and bad ones, that the bytes
// choose. Whatever it is, Apply never panics, refuses without a change, and Next
// never asks for what Apply would refuse.
func FuzzApply(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0, 3, 0, 4, 0, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
	f.Add([]byte{0, 0, 1, 0, 0, 5, 0, 1, 1, 0, 2, 2, 0, 3, 3})
	f.Add([]byte("any text will do, as long as it is longer than the plan has steps"))
	p := plan(f, "a: | one two! three", "b: a | one!", "empty: a b", "c: empty | one two", "d: | one")
	digest, err := p.Digest()
	require.NoError(f, err)
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := pipeline.NewState("run", p)
		require.NoError(t, err)
		s, err = pipeline.Apply(s, pipeline.Entry{V: 1, N: 1, At: now, Kind: pipeline.Planned, Digest: digest})
		require.NoError(t, err)
		token := int64(1)
		apply := func(e pipeline.Entry) error {
			e.V, e.N, e.At = 1, s.Len()+1, now
			if !e.Kind.Request() {
				e.Token = token
			}
			next, err := pipeline.Apply(s, e)
			if err != nil {
				require.Equal(t, s.Len(), next.Len())
				return err
			}
			require.Equal(t, s.Len()+1, next.Len())
			s = next
			return nil
		}
		must := func(e pipeline.Entry) { require.NoError(t, apply(e), "%+v", e) }
		must(pipeline.Entry{Kind: pipeline.Held, Holder: "h", Lease: time.Minute})
		statuses := []pipeline.Status{pipeline.Succeeded, pipeline.Failed, pipeline.Skipped, pipeline.Cancelled, pipeline.Interrupted}
		for len(data) > 1 && !s.Status().Done() {
			op, arg := data[0]%10, int(data[1])
			data = data[2:]
			now = now.Add(time.Second)
			job := p.Jobs[arg%len(p.Jobs)]
			var e pipeline.Entry
			if len(job.Steps) > 0 {
				js, _ := s.Job(job.ID)
				k := arg / 8 % len(job.Steps)
				e = pipeline.Entry{Job: job.ID, Step: job.Steps[k].Name, Attempt: js.Steps[k].Attempt}
			}
			switch op {
			case 0, 1, 2, 3: // what is right
				d := pipeline.Next(s, now, pipeline.Bounds{Parallel: 1 + arg%3})
				for _, a := range d.Begin {
					must(pipeline.Entry{Kind: pipeline.Began, Job: a.Job, Step: a.Step, Attempt: a.Number})
				}
				for _, a := range d.Abandon {
					must(pipeline.Entry{Kind: pipeline.Ended, Job: a.Job, Step: a.Step, Attempt: a.Number, Status: pipeline.Cancelled})
				}
				for _, a := range d.Stop {
					js, ok := s.Job(a.Job)
					require.True(t, ok && js.Status == pipeline.Running)
				}
				if d.Finish != "" {
					must(pipeline.Entry{Kind: pipeline.Finished, Status: d.Finish})
				}
			case 4: // another runner
				token++
				must(pipeline.Entry{Kind: pipeline.Held, Holder: "h", Lease: time.Minute})
			case 5:
				if arg > 200 {
					must(pipeline.Entry{Kind: pipeline.CancelRequested})
				} else if arg > 150 {
					must(pipeline.Entry{Kind: pipeline.SupersedeRequested})
				}
			case 6:
				e.Kind = pipeline.Began
				e.Attempt += arg % 2
				_ = apply(e)
			case 7:
				e.Kind, e.Note = pipeline.Noted, []byte(`1`)
				_ = apply(e)
			default:
				e.Kind, e.Status = pipeline.Ended, statuses[arg%len(statuses)]
				if arg%7 == 0 {
					e.RetryAt = now.Add(time.Minute)
				}
				_ = apply(e)
			}
		}
		// Whatever happened, the run can be brought to its end.
		token++
		for range 1000 {
			if s.Status().Done() {
				break
			}
			must(pipeline.Entry{Kind: pipeline.Held, Holder: "h", Lease: time.Minute})
			now = now.Add(time.Hour)
			d := pipeline.Next(s, now, pipeline.Bounds{})
			for _, a := range d.Begin {
				must(pipeline.Entry{Kind: pipeline.Began, Job: a.Job, Step: a.Step, Attempt: a.Number})
				must(pipeline.Entry{Kind: pipeline.Ended, Job: a.Job, Step: a.Step, Attempt: a.Number, Status: pipeline.Succeeded})
			}
			for _, a := range d.Abandon {
				must(pipeline.Entry{Kind: pipeline.Ended, Job: a.Job, Step: a.Step, Attempt: a.Number, Status: pipeline.Cancelled})
			}
			if d.Finish != "" {
				must(pipeline.Entry{Kind: pipeline.Finished, Status: d.Finish})
			}
		}
		require.True(t, s.Status().Done(), "%s", summary(s))
		for j := range s.Jobs() {
			require.True(t, j.Status.Done(), "%s", summary(s))
			for _, st := range j.Steps {
				require.True(t, st.Status.Done(), "%s", summary(s))
			}
		}
	})
}
