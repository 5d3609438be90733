package workflow_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/pipeline/workflow"
)

// many is a repository of n services, each of which reads the output of an
// earlier one; every tenth reads one whose address is not known.
func many(tb testing.TB, n int) workflow.Input {
	tb.Helper()
	tree := make(fstest.MapFS)
	for i := range n {
		read := fmt.Sprintf("${output::${param:env}::service-%d.name}", i/2)
		if i == 0 {
			read = "none"
		}
		if i%10 == 9 {
			read = "${output:${env:WHERE}.name}"
		}
		tree[fmt.Sprintf("services/%d/serverless.yml", i)] = &fstest.MapFile{Data: fmt.Appendf(nil, `service: service-%d
provider: {name: aws, region: us-east-1, stage: "${opt:stage, 'dev'}"}
custom: {table: "table-${sls:stage}-${self:custom.suffix}", suffix: "${param:env}", read: "%s"}
functions:
  a: {handler: a.handler, environment: {TABLE: "${self:custom.table}", READ: "${self:custom.read}"}}
outputs: {name: "${self:custom.table}"}
`, i, read)}
	}
	return workflow.Input{
		File: parse(tb, string(manyFile(n))), Tree: tree, Changed: []string{"shared/x"}, ChangedKnown: true,
		Event: workflow.Event{Kind: workflow.Push, Branch: "main", Commit: "c1", Trust: workflow.Trusted},
	}
}

func manyFile(n int) []byte {
	b := []byte("app: many\nprofiles: {dev: {account: \"111111111111\", params: {env: dev}}}\nstages: {dev: dev}\nbranches: {main: dev}\nservices:\n")
	for i := range n {
		b = fmt.Appendf(b, "  service-%d: {dir: services/%d, test: npm test, triggers: [shared/**, \"**/*.lock\"]}\n", i, i)
	}
	return b
}

func parse(tb testing.TB, src string) *workflow.File {
	tb.Helper()
	f, err := workflow.ParseFile("slsflow.yml", []byte(src))
	require.NoError(tb, err)
	return f
}

func TestPlanOfManyServices(t *testing.T) {
	in := many(t, 1000)
	start := time.Now()
	out, err := workflow.Plan(t.Context(), in)
	took := time.Since(start)
	require.NoError(t, err)
	require.Len(t, out.Plans, 1)
	require.Len(t, out.Plans[0].Jobs, 2001)
	require.NoError(t, out.Plans[0].Validate())
	require.Less(t, took, 20*time.Second, "far from what it takes, but for a cost that grows with the square")
	digest, err := out.Plans[0].Digest()
	require.NoError(t, err)
	again, err := workflow.Plan(t.Context(), in)
	require.NoError(t, err)
	same, err := again.Plans[0].Digest()
	require.NoError(t, err)
	require.Equal(t, digest, same)
}

// The order of what was recorded and of what changed says nothing.
func TestPlanDoesNotDependOnTheOrderOfItsInput(t *testing.T) {
	in := many(t, 30)
	in.Event = workflow.Event{Kind: workflow.PullRequest, Action: workflow.Updated, Branch: "x", Target: "main", PullRequest: 1, Commit: "c1", Trust: workflow.Trusted}
	in.File = parse(t, strings.Replace(string(manyFile(30)), "stages:", "defaultProfile: dev\nstages:", 1))
	in.Changed = nil
	for i := range 30 {
		in.Changed = append(in.Changed, fmt.Sprintf("services/%d/a", i%7), fmt.Sprintf("services/%d/b", i%5))
		for n, status := range []outputs.Status{outputs.Deployed, outputs.Failed, outputs.Removed} {
			in.Instances = append(in.Instances, outputs.Record{
				Instance: outputs.Instance{App: "many", Service: fmt.Sprintf("service-%d", i), Stage: name(t, "x"), Region: []string{"us-east-1", "eu-west-1"}[(i+n)%2]},
				Number:   int64(n + 1), Status: status, Owner: "branch:x", Profile: "dev", Account: "111111111111",
			})
		}
	}
	out, err := workflow.Plan(t.Context(), in)
	want := show(t, out, err)
	r := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		in.Instances, in.Changed = slices.Clone(in.Instances), slices.Clone(in.Changed)
		r.Shuffle(len(in.Instances), func(i, j int) { in.Instances[i], in.Instances[j] = in.Instances[j], in.Instances[i] })
		r.Shuffle(len(in.Changed), func(i, j int) { in.Changed[i], in.Changed[j] = in.Changed[j], in.Changed[i] })
		out, err := workflow.Plan(t.Context(), in)
		require.Equal(t, want, show(t, out, err))
	}
}

func BenchmarkPlan(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			in := many(b, n)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := workflow.Plan(b.Context(), in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkParseFile(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			src := manyFile(n)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := workflow.ParseFile("slsflow.yml", src); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
