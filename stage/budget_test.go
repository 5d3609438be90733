package stage_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/stage"
)

// The longest stage that a name has room for fits, and one character more does
// not.
func TestCloudNameLongest(t *testing.T) {
	for _, test := range []struct {
		form  string // %s is the stage
		limit int
		want  int
	}{
		{"orders-%s", 128, 121},
		{"orders-%s", 140, stage.MaxLen},
		{"orders-%s-submit", 64, 50},
		{"%s-orders-%s", 63, 27},
		{"fixed", 5, stage.MaxLen},
		{"fixed", 4, 0},
		{"a%s", 1, 0},
		{"a%s", 2, 1},
	} {
		render := func(n int) stage.CloudName {
			name, err := stage.Parse(strings.Repeat("Q", n))
			require.NoError(t, err)
			return stage.CloudName{Text: strings.ReplaceAll(test.form, "%s", name.String()), Limit: test.limit, Stage: name}
		}
		got := render(3).Longest()
		require.Equal(t, test.want, got, test.form)
		if got > 0 {
			require.GreaterOrEqual(t, render(got).Left(), 0, test.form)
		}
		if got < stage.MaxLen {
			require.Negative(t, render(got+1).Left(), test.form)
		}
	}
}

// Which names are too long, and how long a stage may be.
func ExampleBudget() {
	n, _ := stage.Parse("feature-a-rather-long-branch")
	b := stage.Budget{
		{Service: "orders", What: "stack", Text: "orders-" + n.String(), Limit: 128, Stage: n},
		{Service: "orders", What: "function submit", Text: "orders-" + n.String() + "-submit-with-a-very-longer-name", Limit: 64, Stage: n},
	}
	for _, c := range b.Unfit() {
		fmt.Println(c.What, c.Left())
	}
	c, _ := b.Tightest()
	fmt.Println(c.What, c.Longest())
	// Output:
	// function submit -2
	// function submit 26
}
