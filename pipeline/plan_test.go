package pipeline_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/pipeline"
)

func TestValidate(t *testing.T) {
	step := func(name string) pipeline.Step { return pipeline.Step{Name: name, Action: "x"} }
	for _, c := range []struct {
		name string
		plan pipeline.Plan
		want []string
	}{
		{"good", plan(t, "a: | one two", "b: a", "c: a b | one"), nil},
		{"no jobs", pipeline.Plan{Key: "k"}, nil},
		{"no key", pipeline.Plan{}, []string{`plan: key: key is empty`}},
		{"names", pipeline.Plan{Key: "k\n", Jobs: []pipeline.Job{{ID: ""}, {ID: strings.Repeat("x", 513)}, {ID: "a\xff"}}}, []string{
			`plan: key: key "k\n" has characters that cannot be printed`,
			`plan: jobs[0]: id is empty`,
			`plan: jobs[1]: id has 513 bytes, at most 512 are allowed`,
			`plan: jobs[2]: id "a\xff" has characters that cannot be printed`,
		}},
		{"needs", pipeline.Plan{Key: "k", Jobs: []pipeline.Job{{ID: "a", Needs: []string{"a", "x", "b", "b"}}, {ID: "b"}}}, []string{
			`plan: jobs[0] (a): needs itself`,
			`plan: jobs[0] (a): needs "x", which is not in the plan`,
			`plan: jobs[0] (a): needs "b" twice`,
		}},
		{"twins", pipeline.Plan{Key: "k", Jobs: []pipeline.Job{{ID: "a", Limits: []string{"l", "", "l"}}, {ID: "a", Steps: []pipeline.Step{step("s"), step("s")}}}}, []string{
			`plan: jobs[1] (a): the ID is that of jobs[0] too (rename one)`,
			`plan: jobs[0] (a): limit is empty`,
			`plan: jobs[0] (a): has the limit "l" twice`,
			`plan: jobs[1].steps[1] (a): the job has two steps "s" (rename one)`,
		}},
		{"steps", pipeline.Plan{Key: "k", Jobs: []pipeline.Job{{ID: "a", Steps: []pipeline.Step{
			{Name: "s", Input: json.RawMessage(`{`)}, {Name: "t", Action: "x", Timeout: -1},
		}}}}, []string{
			`plan: jobs[0].steps[0] (a): action is empty`,
			`plan: jobs[0].steps[0] (a): input is no valid JSON`,
			`plan: jobs[0].steps[1] (a): timeout, delay and attempts may not be negative`,
		}},
		{"cycle", pipeline.Plan{Key: "k", Jobs: []pipeline.Job{
			{ID: "a"}, {ID: "b", Needs: []string{"a", "d"}}, {ID: "c", Needs: []string{"b"}}, {ID: "d", Needs: []string{"c"}}, {ID: "e", Needs: []string{"d"}},
		}}, []string{`plan: jobs[1] (b): cycle: "b" needs "d" needs "c" needs "b"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.plan.Validate()
			if c.want == nil {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, strings.Join(c.want, "\n"))
			_, err2 := pipeline.NewState("run", c.plan)
			require.EqualError(t, err2, err.Error())
		})
	}
}

// What a ledger gives back has the digest of what it was given.
func TestDigestSurvivesJSON(t *testing.T) {
	p := plan(t, "a: | one two!", "b: a", "c: a b | <&>\u2028")
	p.Labels = map[string]string{"b": "1", "a": "<é>"}
	p.Jobs[0].Steps[0].Input = json.RawMessage("{ \"b\": 1.50,\n \"a\": \"<\u2028\" }")
	p.Jobs[0].Steps[0].Timeout = 90 * time.Second
	want, err := p.Digest()
	require.NoError(t, err)
	b, err := json.Marshal(p)
	require.NoError(t, err)
	var q pipeline.Plan
	require.NoError(t, json.Unmarshal(b, &q))
	got, err := q.Digest()
	require.NoError(t, err)
	require.Equal(t, want, got)

	q.Jobs[1].Reason += "."
	got, err = q.Digest()
	require.NoError(t, err)
	require.NotEqual(t, want, got)
}

// A log that cannot be that of the run is refused, with the reason.
func TestApplyRefuses(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	p := plan(t, "a: | one two", "b: a | one")
	digest, err := p.Digest()
	require.NoError(t, err)
	e := func(k pipeline.Kind, token int64, job, step string, attempt int) pipeline.Entry {
		return pipeline.Entry{V: 1, At: now, Kind: k, Token: token, Job: job, Step: step, Attempt: attempt, Lease: time.Minute, Holder: "h"}
	}
	planned := e(pipeline.Planned, 0, "", "", 0)
	planned.Digest = digest
	held, began := e(pipeline.Held, 3, "", "", 0), e(pipeline.Began, 3, "a", "one", 1)
	ended := e(pipeline.Ended, 3, "a", "one", 1)
	ended.Status = pipeline.Succeeded
	other, newer, odd, fin := planned, held, ended, e(pipeline.Finished, 3, "", "", 0)
	other.Digest, newer.V, odd.Status, fin.Status = "0123", 2, pipeline.Pending, pipeline.Succeeded
	for _, c := range []struct {
		name string
		log  []pipeline.Entry
		last pipeline.Entry
		want string
	}{
		{"another plan", nil, other, "the log is of the plan 0123, not of " + digest[:12]},
		{"no plan", nil, held, "the first entry, and only that, is the plan's digest"},
		{"two plans", []pipeline.Entry{planned}, planned, "the first entry, and only that, is the plan's digest"},
		{"version", []pipeline.Entry{planned}, newer, "it has version 2, this program knows up to 1 (update it)"},
		{"kind", []pipeline.Entry{planned}, e(pipeline.Queued, 0, "", "", 0), "it does not belong into the log of a run"},
		{"not held", []pipeline.Entry{planned}, began, "token 3 has not taken the run"},
		{"given back", []pipeline.Entry{planned, held, e(pipeline.Released, 3, "", "", 0)}, began, "token 3 has given the run back"},
		{"older token", []pipeline.Entry{planned, held}, e(pipeline.Held, 2, "", "", 0), "taken over by another runner: token 2 is older than 3"},
		{"no token", []pipeline.Entry{planned, held}, e(pipeline.Began, 0, "a", "one", 1), "token 0: requests have none, facts need one"},
		{"unknown job", []pipeline.Entry{planned, held}, e(pipeline.Began, 3, "x", "one", 1), `job "x" is not in the plan`},
		{"unknown step", []pipeline.Entry{planned, held}, e(pipeline.Began, 3, "a", "x", 1), `job "a" has no step "x"`},
		{"not ready", []pipeline.Entry{planned, held}, e(pipeline.Began, 3, "b", "one", 1), `job "b" is not ready`},
		{"not next", []pipeline.Entry{planned, held, began, ended}, e(pipeline.Began, 3, "a", "one", 2), `attempt 2 of step "one" of job "a" is not next`},
		{"wrong attempt", []pipeline.Entry{planned, held}, e(pipeline.Began, 3, "a", "one", 2), `attempt 2 of step "one" of job "a" is not next`},
		{"twice at once", []pipeline.Entry{planned, held, began}, e(pipeline.Began, 3, "a", "one", 2), `job "a" has an attempt that has not ended`},
		{"ended twice", []pipeline.Entry{planned, held, began, ended}, ended, `attempt 1 of step "one" of job "a" does not run`},
		{"note too late", []pipeline.Entry{planned, held, began, ended}, e(pipeline.Noted, 3, "a", "one", 1), `attempt 1 of step "one" of job "a" does not run`},
		{"odd end", []pipeline.Entry{planned, held, began}, odd, `an attempt does not end as "pending"`},
		{"cancelled", []pipeline.Entry{planned, held, began, e(pipeline.CancelRequested, 0, "", "", 0), ended}, e(pipeline.Began, 3, "a", "two", 1), `attempt 1 of step "two" of job "a" is not next`},
		{"finished too early", []pipeline.Entry{planned, held}, fin, `the run finished as "succeeded", but its jobs say ""`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := pipeline.NewState("run", p)
			require.NoError(t, err)
			for i, e := range c.log {
				e.N = i + 1
				s, err = pipeline.Apply(s, e)
				require.NoError(t, err)
			}
			c.last.N = len(c.log) + 1
			before := summary(s)
			got, err := pipeline.Apply(s, c.last)
			require.ErrorContains(t, err, c.want)
			require.Equal(t, before, summary(got))
			c.last.N++
			_, err = pipeline.Apply(s, c.last)
			require.Error(t, err, "an entry is missing")
		})
	}
}
