package profile_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/profile"
)

// A person may put a secret into a store as a plain text. It is masked all the same.
func TestASecretThatIsKeptAsATextIsASecret(t *testing.T) {
	p := profile.Profile{Name: "dev", Secrets: []string{"key"}}
	v, ok, err := p.Layer(params.Map{"key": "by hand"}).Lookup(t.Context(), "key")
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, params.NewSecret("by hand"), v)
}
