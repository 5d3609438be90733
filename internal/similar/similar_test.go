package similar_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/similar"
)

func Example() {
	fmt.Println("no option stagee" + similar.Hint("stagee", []string{"region", "stage"}))
	// Output: no option stagee (did you mean stage?)
}

func TestTo(t *testing.T) {
	names := []string{"stage", "region", "db", "endpoint", "Endpoint2", "ab", strings.Repeat("x", 200)}
	for s, want := range map[string]string{
		"stag": "stage", "satge": "stage", "STAGE": "stage", "sta": "", "reigno": "region", "da": "db", "x": "", "": "", "endpiont": "endpoint",
		"endpoint3": "endpoint", "endpoint2": "Endpoint2", "other": "", strings.Repeat("x", 199): "", "é": "",
	} {
		require.Equal(t, want, similar.To(s, names), "%q", s)
	}
	require.Empty(t, similar.To("x", nil))
	require.Empty(t, similar.Hint("other", names))
}
