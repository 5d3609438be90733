package workflow_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/pipeline/workflow"
	"github.com/slsflow/slsflow/stage"
)

// input is what the section "input" of a golden file says.
type input struct {
	Event     workflow.Event
	Changed   []string // absent: not known
	Since     map[string][]string
	Instances []outputs.Record
	Branches  []string
	Params    params.Map
}

// Every file of testdata/plan holds a sentence, an event, and what comes out of
// it. Its other sections are files of the tree, on top of those of
// testdata/base.txtar; one that holds "gone" alone is not there.
func TestPlan(t *testing.T) {
	golden(t, filepath.Join("testdata", "plan"), func(t *testing.T, a *txtar.Archive) string {
		t.Helper()
		in := load(t, a)
		out, err := workflow.Plan(t.Context(), in)
		for _, plan := range append(out.Plans, refused(out)...) {
			require.NoError(t, plan.Validate())
		}
		text := show(t, out, err)

		again, err := workflow.Plan(t.Context(), in)
		require.Equal(t, text, show(t, again, err), "the same input gives the same bytes")
		return text
	})
}

func refused(out workflow.Outcome) (plans []pipeline.Plan) {
	for _, r := range out.Refused {
		plans = append(plans, r.Plans...)
	}
	return plans
}

// load makes the input of a golden file.
func load(t *testing.T, a *txtar.Archive) workflow.Input {
	t.Helper()
	base, err := txtar.ParseFile(filepath.Join("testdata", "base.txtar"))
	require.NoError(t, err)
	tree := make(fstest.MapFS)
	var file string
	for _, f := range append(base.Files, a.Files...) {
		switch {
		case f.Name == "want" || f.Name == "input":
		case f.Name == "target/"+workflow.FileName: // that of the target branch
			file = string(f.Data)
		case strings.TrimSpace(string(f.Data)) == "gone":
			delete(tree, f.Name)
		default:
			tree[f.Name] = &fstest.MapFile{Data: f.Data}
		}
	}
	if file == "" {
		file = string(tree[workflow.FileName].Data)
	}
	f, err := workflow.ParseFile(workflow.FileName, []byte(file))
	require.NoError(t, err)

	var in input
	dec := json.NewDecoder(strings.NewReader(section(t, a, "input")))
	dec.DisallowUnknownFields()
	require.NoError(t, dec.Decode(&in))
	for i := range in.Instances {
		r := &in.Instances[i]
		require.NotEmpty(t, r.Status)
		if r.App == "" {
			r.App, r.Region, r.Number, r.Account, r.Profile = f.App, "us-east-1", 1, "111111111111", "dev"
		}
	}
	return workflow.Input{
		File: f, Event: in.Event, Tree: tree, Changed: in.Changed, ChangedKnown: in.Changed != nil,
		Since: in.Since, Instances: in.Instances, Branches: in.Branches, Params: in.Params,
	}
}

// show writes an outcome for people to read, with all there is in it.
func show(t *testing.T, out workflow.Outcome, err error) string {
	t.Helper()
	var b bytes.Buffer
	if err != nil {
		_, ours := errors.AsType[workflow.Errors](err)
		require.True(t, ours, "%v", err)
		fmt.Fprintf(&b, "errors:\n%v\n", err)
	}
	for _, d := range out.Decisions {
		in, at := "out", ""
		if d.In {
			in = "in "
		}
		if !d.Stage.IsZero() {
			at = " to " + d.Stage.String()
		}
		fmt.Fprintf(&b, "%s %s%s: %s\n", in, d.Service, at, d.Reason)
	}
	for _, n := range out.Notes {
		fmt.Fprintf(&b, "note: %s\n", n)
	}
	for _, r := range out.Refused {
		fmt.Fprintf(&b, "refused: %s: %s\n", r.Event, r.Reason)
		showPlans(t, &b, r.Plans)
	}
	showPlans(t, &b, out.Plans)
	return b.String()
}

// showPlans writes what all tasks of a plan have in common once.
func showPlans(t *testing.T, b *bytes.Buffer, plans []pipeline.Plan) {
	t.Helper()
	for _, plan := range plans {
		fmt.Fprintf(b, "plan %s %s\n", plan.Key, marshal(t, plan.Labels))
		var common map[string]json.RawMessage
		for _, j := range plan.Jobs {
			for _, s := range j.Steps {
				var task workflow.Task
				dec := json.NewDecoder(bytes.NewReader(s.Input))
				dec.DisallowUnknownFields()
				require.NoError(t, dec.Decode(&task))
				fields := fieldsOf(t, s.Input)
				if common == nil {
					common = fields
				}
				maps.DeleteFunc(common, func(k string, v json.RawMessage) bool { return string(fields[k]) != string(v) })
			}
		}
		fmt.Fprintf(b, "  all tasks %s\n", marshal(t, common))
		for _, j := range plan.Jobs {
			fmt.Fprintf(b, "  %s (%s) %s", j.ID, j.Reason, marshal(t, j.Labels))
			if len(j.Needs) > 0 {
				fmt.Fprintf(b, " after %s", marshal(t, j.Needs))
			}
			if len(j.Limits) > 0 {
				fmt.Fprintf(b, " holds %s", marshal(t, j.Limits))
			}
			fmt.Fprintln(b)
			for _, s := range j.Steps {
				require.Equal(t, s.Name, s.Action)
				fields := fieldsOf(t, s.Input)
				maps.DeleteFunc(fields, func(k string, _ json.RawMessage) bool { return common[k] != nil })
				fmt.Fprintf(b, "    %s %s\n", s.Action, marshal(t, fields))
			}
		}
	}
}

func fieldsOf(t *testing.T, object []byte) (fields map[string]json.RawMessage) {
	t.Helper()
	require.NoError(t, json.Unmarshal(object, &fields))
	return fields
}

func marshal(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return string(b)
}

func TestPlanRefusesWhatIsNoEvent(t *testing.T) {
	f := &workflow.File{Name: "slsflow.yml", App: "a"}
	for _, tt := range []struct {
		event workflow.Event
		why   string
	}{
		{workflow.Event{}, `plan: unknown kind of event "", want pull-request, push, branch-deleted or manual`},
		{workflow.Event{Kind: workflow.PullRequest}, `plan: event "pull-request": unknown action "", want opened, updated or closed`},
		{workflow.Event{Kind: workflow.PullRequest, Action: workflow.Opened}, `plan: event "pull-request": Branch is missing`},
		{workflow.Event{Kind: workflow.PullRequest, Action: workflow.Opened, Branch: "x"}, `plan: event "pull-request": Target is missing`},
		{workflow.Event{Kind: workflow.PullRequest, Action: workflow.Opened, Branch: "x", Target: "y"}, `plan: event "pull-request": PullRequest, a number above 0, is missing`},
		{workflow.Event{Kind: workflow.PullRequest, Action: workflow.Opened, Branch: "x", Target: "y", PullRequest: 1}, `plan: event "pull-request": Commit is missing`},
		{workflow.Event{Kind: workflow.Push}, `plan: event "push": Branch is missing`},
		{workflow.Event{Kind: workflow.Push, Branch: "x"}, `plan: event "push": Commit is missing`},
		{workflow.Event{Kind: workflow.BranchDeleted}, `plan: event "branch-deleted": Branch is missing`},
		{workflow.Event{Kind: workflow.Manual}, `plan: event "manual": Actor is missing`},
		{workflow.Event{Kind: workflow.Push, Branch: "x", Commit: "y"}, `plan: the input has no tree`},
	} {
		_, err := workflow.Plan(t.Context(), workflow.Input{File: f, Event: tt.event})
		require.EqualError(t, err, tt.why)
	}
	_, err := workflow.Plan(t.Context(), workflow.Input{})
	require.EqualError(t, err, "plan: the input has no workflow file")
}

// A secret of the command line is known to a deployment and not to its plan.
func TestPlanHoldsNoSecretOfTheCommandLine(t *testing.T) {
	base, err := txtar.ParseFile(filepath.Join("testdata", "base.txtar"))
	require.NoError(t, err)
	tree := make(fstest.MapFS)
	for _, f := range base.Files {
		tree[f.Name] = &fstest.MapFile{Data: f.Data}
	}
	tree["restapi/serverless.yml"] = &fstest.MapFile{Data: []byte("service: fullstack-restapi\ncustom:\n  key: ${param:key}\n  table: ${output:${param:key}.name}\n")}
	f, err := workflow.ParseFile(workflow.FileName, tree[workflow.FileName].Data)
	require.NoError(t, err)
	out, err := workflow.Plan(t.Context(), workflow.Input{
		File: f, Tree: tree, Params: params.Map{"key": params.NewSecret("canary")},
		Event: workflow.Event{Kind: workflow.Manual, Actor: "alice", Trust: workflow.Trusted, Services: []string{"fullstack-restapi"}},
	})
	require.NoError(t, err)
	require.Len(t, out.Plans, 1)
	require.Contains(t, out.Notes[0], "is not known before the deployment")
	require.NotContains(t, show(t, out, err)+marshal(t, out), "canary")
}

func TestTrust(t *testing.T) {
	require.False(t, workflow.Event{}.Trusted())
	require.True(t, workflow.Event{Trust: workflow.Trusted}.Trusted())
	require.False(t, workflow.Event{Trust: workflow.Trusted, Fork: true}.Trusted())
	require.False(t, workflow.Event{Approved: ""}.Trusted(), "nothing was approved")
	require.True(t, workflow.Event{Fork: true, Commit: "c", Approved: "c"}.Trusted())
	require.False(t, workflow.Event{Fork: true, Commit: "d", Approved: "c"}.Trusted())

	var none workflow.Trust
	require.Equal(t, workflow.Untrusted, none)
	for _, trust := range []workflow.Trust{workflow.Trusted, workflow.Untrusted} {
		var again workflow.Trust
		require.NoError(t, json.Unmarshal([]byte(marshal(t, trust)), &again))
		require.Equal(t, trust, again)
	}
	require.EqualError(t, json.Unmarshal([]byte(`"yes"`), &none), `trust "yes": unknown, want trusted or untrusted`)
}

func name(tb testing.TB, s string) stage.Name {
	tb.Helper()
	n, err := stage.Parse(s)
	require.NoError(tb, err)
	return n
}
