package awsaccess_test

import (
	"errors"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/profile"
	"github.com/slsflow/slsflow/profile/awsaccess"
)

// doer is an HTTP client that reaches nobody, and tells who asked.
type doer func(authorization string)

func (d doer) Do(r *http.Request) (*http.Response, error) {
	d(r.Header.Get("Authorization"))
	return nil, errors.New("no network")
}

func TestSessionIsWhatAWSTakes(t *testing.T) {
	s := newSTS(t)
	name := func(session awsaccess.Session) (string, string) {
		t.Helper()
		provider, err := awsaccess.New(s.Config("AKIAALICE"), profile.Profile{Name: "x", Role: role(t, openRole)}, session, nil)
		require.NoError(t, err)
		_, err = provider.Retrieve(t.Context())
		require.NoError(t, err)
		_, asked := s.Seen()
		return asked[0].Get("RoleSessionName"), asked[0].Get("Tags.member.1.Value")
	}
	valid := regexp.MustCompile(`^[\w+=,.@-]{2,64}$`)
	seen := map[string]bool{}
	for _, run := range []string{"", "r-1", "r/1", "r:1", "é", "ö", strings.Repeat("x", 56), strings.Repeat("x", 57), strings.Repeat("x", 58), strings.Repeat("é", 200)} {
		got, _ := name(awsaccess.Session{Run: run})
		require.Regexp(t, valid, got)
		require.False(t, seen[got], "two runs look alike: %s", got)
		seen[got] = true
		require.True(t, strings.HasPrefix(got, "slsflow"))
	}
	_, tag := name(awsaccess.Session{Run: "r;1\té" + strings.Repeat("x", 300)})
	require.Equal(t, "r-1-é"+strings.Repeat("x", 251), tag)

	// Without anything to tell there are no tags, and no right is needed.
	provider, err := awsaccess.New(s.Config("AKIAALICE"), profile.Profile{Name: "x", Role: role(t, untaggedRole)}, awsaccess.Session{}, nil)
	require.NoError(t, err)
	_, err = provider.Retrieve(t.Context())
	require.NoError(t, err)
}
