package stage_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/slsflow/slsflow/stage"
)

// The longest branch of a Fit fits, whatever its characters, and there is a branch
// of one character more that does not.
func TestFitsAreTrueAndTight(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(20, 140).Draw(t, "limit")
		form := rapid.SampledFrom([]string{"db-%s", "db-%s-submit", "%s-db-%s", "db"}).Draw(t, "form")
		policy := rapid.SampledFrom([]stage.Policy{
			stage.ByBranch(), stage.ByUnique(), stage.ByUniqueWithin(12), stage.ByUniqueWithin(23), stage.ByUniqueWithin(40), stage.ByDeveloper(), stage.ByPullRequest(),
		}).Draw(t, "policy")
		name := func(n stage.Name) stage.CloudName {
			return stage.CloudName{Service: "db", What: "x", Text: strings.ReplaceAll(form, "%s", n.String()), Limit: limit, Stage: n}
		}
		other, err := stage.Parse("zq0qz")
		if err != nil {
			t.Fatal(err)
		}
		fit := stage.Budget{name(other)}.Fits(policy)[0]
		fits := func(length int, second string) bool {
			text := ("a" + second + strings.Repeat("a", length))[:length]
			if length == 1 {
				text = second
			}
			number := 1
			for range length - 1 {
				number *= 10
			}
			n, err := policy.Name(stage.Origin{User: text, Branch: text, PullRequest: number}, nil)
			if err != nil {
				return len(text) > stage.MaxLen // no name at all
			}
			return name(n).Problem() == ""
		}
		most := fit.Longest
		if fit.Always {
			most = stage.MaxLen
		}
		if policy == stage.ByPullRequest() {
			most = min(most, 18) // what an int holds
		}
		for n := 1; n <= most; n++ {
			if !fits(n, "a") || !fits(n, "_") {
				t.Fatalf("%v with %d: a branch of %d characters does not fit, %+v", policy, limit, n, fit)
			}
		}
		if !fit.Always && fit.Longest < stage.MaxLen && fits(most+1, "a") && fits(most+1, "_") {
			t.Fatalf("%v with %d: branches of %d characters fit too, %+v", policy, limit, most+1, fit)
		}
	})
}

func TestFitsOfAFixedStage(t *testing.T) {
	n := must(t, "Prod")
	b := stage.Budget{
		{Service: "db", What: "stack", Text: "db-Prod", Limit: 128, Stage: n},
		{Service: "db", What: "bucket", Text: "db-Prod-files", Limit: 63, Lower: true, Stage: n},
		{Service: "api", What: "stack", Text: "api-Prod", Limit: 128, Stage: n},
		{Service: "api", What: "thing", Text: strings.Repeat("x", 5000), Stage: n},
	}
	fits := b.Fits(stage.Fixed(n))
	require.Len(t, fits, 2)
	require.False(t, fits[0].OK())
	require.Equal(t, "it has capital letters: AWS allows none", fits[0].Unfit[0].Problem())
	require.True(t, fits[1].OK())
	require.Equal(t, 120, fits[1].Left)
}

// A bucket whose name has a capital letter of its own fits no stage at all.
func TestCapitalLettersFitNoStage(t *testing.T) {
	n := must(t, "zq0qz")
	b := stage.Budget{{Service: "db", What: "bucket", Text: "Files-zq0qz", Limit: 63, Lower: true, Stage: n}}
	for _, p := range []stage.Policy{stage.ByBranch(), stage.ByUniqueWithin(12), stage.ByPullRequest()} {
		fit := b.Fits(p)[0]
		require.False(t, fit.OK(), p.String())
		require.Equal(t, "bucket", fit.Unfit[0].What)
	}
}

func TestUniqueWithinKeepsToItsSize(t *testing.T) {
	for _, size := range []int{stage.MinUnique, 20, 23, 24, 40, stage.MaxLen} {
		seen := make(map[stage.Name]string)
		for i := range 20_000 {
			for _, shape := range []string{"feature/%d", "feature-%d", "f%d", "dependabot/npm_and_yarn/a-very-long-name-of-a-module-%d", "-%d", "%d/"} {
				branch := fmt.Sprintf(shape, i)
				n, err := stage.UniqueWithin(branch, size)
				require.NoError(t, err)
				if len(n.String()) > size {
					t.Fatalf("%q has the stage %q of more than %d characters", branch, n, size)
				}
				if other, taken := seen[n]; taken {
					t.Fatalf("%q and %q share the stage %q", branch, other, n)
				}
				seen[n] = branch
			}
		}
		// What is called like another branch's stage does not get it.
		for n, branch := range seen {
			again, err := stage.UniqueWithin(n.String(), size)
			if err != nil || again == n && branch != n.String() {
				t.Fatalf("%q and %q share the stage %q: %v", branch, n, n, err)
			}
		}
	}
	for _, size := range []int{0, stage.MinUnique - 1, stage.MaxLen + 1} {
		_, err := stage.UniqueWithin("x", size)
		require.ErrorIs(t, err, stage.ErrInvalid)
	}
}

func TestPolicyOfALength(t *testing.T) {
	p, err := stage.ParsePolicy("unique:40")
	require.NoError(t, err)
	require.Equal(t, stage.ByUniqueWithin(40), p)
	b, err := json.Marshal(p)
	require.NoError(t, err)
	require.Equal(t, `"unique:40"`, string(b))
	for _, s := range []string{"unique:", "unique:11", "unique:127", "unique:040", "unique:+40", "unique:x"} {
		_, err := stage.ParsePolicy(s)
		require.ErrorContains(t, err, "want 12 to 126", s)
	}
}

// How long a branch may be, and a policy with which all fit.
func ExampleBudget_Fits() {
	n, _ := stage.Parse("anystage")
	b := stage.Budget{
		{Service: "orders", What: "stack", Text: "orders-anystage", Limit: 128, Stage: n},
		{Service: "orders", What: "role", Text: "orders-anystage-us-east-1-lambdaRole", Limit: 64, Stage: n},
	}
	for _, p := range []stage.Policy{stage.ByBranch(), stage.ByUniqueWithin(36)} {
		f := b.Fits(p)[0]
		fmt.Println(p, f.Name.Form(), f.Left, f.Longest, f.Always)
	}
	// Output:
	// branch orders-<stage>-us-east-1-lambdaRole 36 36 false
	// unique:36 orders-<stage>-us-east-1-lambdaRole 36 126 true
}
