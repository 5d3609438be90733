package awsaccess_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go/logging"
	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/profile"
	"github.com/slsflow/slsflow/profile/awsaccess"
)

func TestStepsOfARunShareCredentials(t *testing.T) {
	s := newSTS(t)
	var runs awsaccess.Runs
	get := func(p profile.Profile, session awsaccess.Session, policy string) string {
		t.Helper()
		provider, err := runs.Provider(s.Config("AKIAALICE"), p, session, &awsaccess.Options{Now: s.Clock, Policy: policy})
		require.NoError(t, err)
		keys, err := provider.Retrieve(t.Context())
		require.NoError(t, err)
		return keys.AccessKeyID
	}
	prod := profile.Profile{Name: "prod", Role: role(t, openRole)}
	one := get(prod, awsaccess.Session{Run: "r-1"}, "")
	require.Equal(t, one, get(prod, awsaccess.Session{Run: "r-1"}, ""))
	seen := map[string]bool{one: true}
	for _, other := range []string{
		get(prod, awsaccess.Session{Run: "r-2"}, ""),
		get(prod, awsaccess.Session{Run: "r-1", App: "shop"}, ""),
		get(prod, awsaccess.Session{Run: "r-1"}, "{}"),
		get(profile.Profile{Name: "other", Role: prod.Role}, awsaccess.Session{Run: "r-1"}, ""),
		get(profile.Profile{Name: "prod", Role: role(t, deployRole), ExternalID: "workshop"}, awsaccess.Session{Run: "r-1"}, ""),
	} {
		require.False(t, seen[other])
		seen[other] = true
	}
	s.Advance(2 * time.Hour)
	require.NotEqual(t, one, get(prod, awsaccess.Session{Run: "r-1"}, ""))
	_, err := runs.Provider(s.Config(""), profile.Profile{Account: "1"}, awsaccess.Session{}, nil)
	require.ErrorIs(t, err, profile.ErrInvalid)
}

func TestSessionPolicyIsHandedOver(t *testing.T) {
	s := newSTS(t)
	p := profile.Profile{Name: "prod", Role: role(t, openRole)}
	provider, err := awsaccess.New(s.Config("AKIAALICE"), p, session(t), &awsaccess.Options{Policy: `{"Version": "2012-10-17"}`})
	require.NoError(t, err)
	_, err = provider.Retrieve(t.Context())
	require.NoError(t, err)
	_, asked := s.Seen()
	require.JSONEq(t, `{"Version": "2012-10-17"}`, asked[0].Get("Policy"))

	for policy, want := range map[string]string{
		"{":                                   "session policy: no JSON",
		`"` + strings.Repeat("x", 2047) + `"`: "session policy: 2049 characters, AWS takes 2048",
	} {
		_, err := awsaccess.New(s.Config("AKIAALICE"), p, session(t), &awsaccess.Options{Policy: policy})
		require.ErrorContains(t, err, want)
	}
	_, err = awsaccess.New(s.Config("AKIAALICE"), profile.Profile{Name: "x"}, session(t), &awsaccess.Options{Policy: "{}"})
	require.ErrorContains(t, err, "a session policy needs a role")
}

func TestWhatFailsForAMomentIsTriedAgain(t *testing.T) {
	s := newSTS(t)
	cfg := s.Config("AKIAALICE")
	cfg.Retryer = func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) {
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		})
	}
	provider, err := awsaccess.New(cfg, profile.Profile{Name: "prod", Role: role(t, openRole)}, session(t), nil)
	require.NoError(t, err)
	s.Fail(2)
	_, err = provider.Retrieve(t.Context())
	require.NoError(t, err)
	calls, _ := s.Seen()
	require.Equal(t, "AssumeRole AssumeRole AssumeRole GetCallerIdentity", calls)

	// What is refused is not.
	provider, err = awsaccess.New(cfg, profile.Profile{Name: "dev", Role: role(t, deployRole)}, session(t), nil)
	require.NoError(t, err)
	_, err = provider.Retrieve(t.Context())
	require.ErrorIs(t, err, awsaccess.ErrDenied)
	calls, _ = s.Seen()
	require.Equal(t, "AssumeRole", calls)
}

func TestSTSThatNeverAnswers(t *testing.T) {
	hang := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm() // only then the server looks whether the caller has gone
		<-r.Context().Done()
	}))
	defer hang.Close()
	cfg := newSTS(t).Config("AKIAALICE")
	cfg.BaseEndpoint = aws.String(hang.URL)
	provider, err := awsaccess.New(cfg, profile.Profile{Name: "prod", Role: role(t, openRole)}, session(t), &awsaccess.Options{Timeout: 50 * time.Millisecond})
	require.NoError(t, err)
	_, err = provider.Retrieve(t.Context())
	require.ErrorIs(t, err, awsaccess.ErrUnreachable)
	require.ErrorContains(t, err, "no answer within 50ms")
}

// What is there serves also if the STS that is asked too early never answers.
func TestSTSThatNeverAnswersAgain(t *testing.T) {
	s := newSTS(t)
	wait := make(chan struct{})
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-wait:
			_ = r.ParseForm()
			<-r.Context().Done()
		default:
			s.Server.Config.Handler.ServeHTTP(w, r)
		}
	}))
	defer front.Close()
	cfg := s.Config("AKIAALICE")
	cfg.BaseEndpoint = aws.String(front.URL)
	provider, err := awsaccess.New(cfg, profile.Profile{Name: "prod", Role: role(t, openRole)}, session(t), &awsaccess.Options{Now: s.Clock, Timeout: 2 * time.Second})
	require.NoError(t, err)
	first, err := provider.Retrieve(t.Context())
	require.NoError(t, err)
	close(wait)
	s.Advance(50 * time.Minute)
	again, err := provider.Retrieve(t.Context())
	require.NoError(t, err)
	require.Equal(t, first, again)
}

// However much the SDK is told to log, no secret is in it.
func TestNothingIsLogged(t *testing.T) {
	s := newSTS(t)
	var log bytes.Buffer
	cfg := s.Config("AKIAALICE")
	cfg.Logger = logging.LoggerFunc(func(_ logging.Classification, format string, args ...any) { fmt.Fprintf(&log, format, args...) })
	cfg.ClientLogMode = aws.LogSigning | aws.LogRequestWithBody | aws.LogResponseWithBody
	provider, err := awsaccess.New(cfg, profile.Profile{Name: "prod", Role: role(t, openRole)}, session(t), nil)
	require.NoError(t, err)
	_, err = provider.Retrieve(t.Context())
	require.NoError(t, err)
	require.NotContains(t, log.String(), "secret-of-")
	require.NotContains(t, log.String(), "<SecretAccessKey>")
}
