package stage_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/stage"
)

func TestParse(t *testing.T) {
	for _, s := range []string{"dev", "feature-X", "-", "7", strings.Repeat("a", stage.MaxLen)} {
		n, err := stage.Parse(s)
		require.NoError(t, err)
		require.Equal(t, s, n.String())
	}
	for s, why := range map[string]string{
		"":                                     `invalid stage name "": empty`,
		"feature/x":                            `invalid stage name "feature/x": byte 7 is '/', want A-Z, a-z, 0-9 or '-'`,
		"é":                                    `invalid stage name "é": byte 0 is 'Ã', want A-Z, a-z, 0-9 or '-'`,
		"a b":                                  `invalid stage name "a b": byte 1 is ' ', want A-Z, a-z, 0-9 or '-'`,
		strings.Repeat("a", stage.MaxLen+1)[:]: fmt.Sprintf("invalid stage name %q: 127 bytes, at most 126 are allowed", strings.Repeat("a", 127)),
	} {
		n, err := stage.Parse(s)
		require.ErrorIs(t, err, stage.ErrInvalid)
		require.EqualError(t, err, why)
		require.True(t, n.IsZero())
	}
}

func TestNameAsText(t *testing.T) {
	type doc struct {
		Stage  stage.Name
		Stages map[stage.Name]int
	}
	in := `{"Stage":"feature-X","Stages":{"dev":1}}`
	var d doc
	require.NoError(t, json.Unmarshal([]byte(in), &d))
	out, err := json.Marshal(d)
	require.NoError(t, err)
	require.JSONEq(t, in, string(out))

	require.ErrorIs(t, json.Unmarshal([]byte(`{"Stage":"a/b"}`), &d), stage.ErrInvalid)
	require.NoError(t, json.Unmarshal([]byte(`{"Stage":""}`), &d))
	require.True(t, d.Stage.IsZero())
}

func TestPolicies(t *testing.T) {
	o := stage.Origin{User: "alice.b", Branch: "feature/ph-api", PullRequest: 142}
	for policy, want := range map[stage.Policy]string{
		{}:                             "feature-ph-api",
		stage.ByBranch():               "feature-ph-api",
		stage.ByDeveloper():            "alice-b",
		stage.ByPullRequest():          "pr-142",
		stage.ByUnique():               "feature-ph-api-2ftm67oeqrrlmxuq",
		stage.Fixed(must(t, "review")): "review",
	} {
		n, err := policy.Name(o, nil)
		require.NoError(t, err)
		require.Equal(t, want, n.String(), policy.String())

		again, err := stage.ParsePolicy(policy.String())
		require.NoError(t, err)
		require.Equal(t, policy, again)
	}
}

func TestBranchKeepsCaseAndReplacesEachCharacter(t *testing.T) {
	for branch, want := range map[string]string{
		"feature-X":   "feature-X",
		"feature/X_1": "feature-X-1",
		"a//b":        "a--b",
		"grün":        "gr-n",
		"\xff":        "-",
	} {
		n, err := stage.Branch(branch)
		require.NoError(t, err)
		require.Equal(t, want, n.String())
	}
}

func TestNothingToNameAStageAfter(t *testing.T) {
	for _, p := range []stage.Policy{stage.ByBranch(), stage.ByUnique(), stage.ByDeveloper(), stage.ByPullRequest(), stage.Fixed(stage.Name{})} {
		_, err := p.Name(stage.Origin{}, nil)
		require.ErrorIs(t, err, stage.ErrInvalid, p.String())
	}
	_, err := stage.ParsePolicy("brunch")
	require.EqualError(t, err, `stage policy "brunch": unknown, want branch, unique, unique:LENGTH, developer, pull-request or fixed:NAME`)
}

func TestProtectedStages(t *testing.T) {
	protected := stage.Protected{must(t, "prod"), must(t, "pr-1")}
	for policy, o := range map[stage.Policy]stage.Origin{
		stage.ByBranch():      {Branch: "prod"},
		stage.ByUnique():      {Branch: "Prod"},
		stage.ByDeveloper():   {User: "PROD"},
		stage.ByPullRequest(): {PullRequest: 1},
	} {
		_, err := policy.Name(o, protected)
		require.ErrorIs(t, err, stage.ErrProtected, policy.String())
	}
	_, err := stage.ByBranch().Name(stage.Origin{Branch: "prod"}, protected)
	require.EqualError(t, err, `branch "prod" may not deploy to stage "prod": protected stage (rename the branch, or choose another stage policy)`)

	n, err := stage.Fixed(must(t, "prod")).Name(stage.Origin{Branch: "x"}, protected)
	require.NoError(t, err, "a fixed stage is configuration, not a branch's name")
	require.Equal(t, "prod", n.String())
}

// The branches are those that people and robots write, and the ones made to
// look like what Unique returns for another.
func TestUniqueIsInjectiveOverAMillionBranches(t *testing.T) {
	if testing.Short() {
		t.Skip("a million names")
	}
	seen := make(map[stage.Name]string, 1_500_000)
	add := func(branch string) stage.Name {
		n, err := stage.Unique(branch)
		require.NoError(t, err)
		if other, taken := seen[n]; taken && other != branch {
			t.Fatalf("branches %q and %q share the stage %q", other, branch, n)
		}
		seen[n] = branch
		return n
	}
	shapes := []string{"feature/%d", "feature-%d", "feature_%d", "Feature/%d", "feat%d", "renovate/a-%d.x", "dependabot/npm/b-%d", "-%d", "%d/", "é%d"}
	for i := range 100_000 {
		for _, shape := range shapes {
			n := add(fmt.Sprintf(shape, i))
			if i%10 == 0 {
				add(n.String()) // a branch that is called like another one's stage
			}
		}
	}
	require.GreaterOrEqual(t, len(seen), 1_000_000)
}

func FuzzPoliciesReturnWhatParseAccepts(f *testing.F) {
	f.Add("feature/ph-api", "alice", 1)
	f.Add("prod", "prod", 0)
	f.Add("a-aaaaaaaaaaaaaaaa", "\xff", -1)
	f.Add(strings.Repeat("a/", 200), "", 142)
	protected := stage.Protected{must(f, "prod")}
	policies := []stage.Policy{stage.ByBranch(), stage.ByUnique(), stage.ByDeveloper(), stage.ByPullRequest()}
	f.Fuzz(func(t *testing.T, branch, user string, number int) {
		for _, p := range policies {
			n, err := p.Name(stage.Origin{User: user, Branch: branch, PullRequest: number}, protected)
			if err != nil {
				continue
			}
			if again, err := stage.Parse(n.String()); err != nil || again != n {
				t.Errorf("%v of %q gave %q, which Parse refuses: %v", p, branch, n, err)
			}
			if strings.EqualFold(n.String(), "prod") {
				t.Errorf("%v of %q gave the protected stage", p, branch)
			}
		}
		a, errA := stage.Unique(branch)
		b, errB := stage.Unique(user)
		if errA == nil && errB == nil && a == b && branch != user {
			t.Errorf("branches %q and %q share the stage %q", branch, user, a)
		}
	})
}

func BenchmarkUnique(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_, _ = stage.Unique("feature/ABC-7_login")
	}
}

func must(tb testing.TB, s string) stage.Name {
	tb.Helper()
	n, err := stage.Parse(s)
	require.NoError(tb, err)
	return n
}
