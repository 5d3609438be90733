package awsaccess_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/ststest"
	"github.com/slsflow/slsflow/profile"
	"github.com/slsflow/slsflow/profile/awsaccess"
	"github.com/slsflow/slsflow/stage"
)

const (
	deployRole   = "arn:aws:iam::111111111111:role/ci/deploy"
	openRole     = "arn:aws:iam::333333333333:role/open"
	untaggedRole = "arn:aws:iam::333333333333:role/untagged"
)

func role(t *testing.T, s string) profile.RoleARN {
	t.Helper()
	r, err := profile.ParseRoleARN(s)
	require.NoError(t, err)
	return r
}

func session(t *testing.T) awsaccess.Session {
	t.Helper()
	n, err := stage.Parse("alice")
	require.NoError(t, err)
	return awsaccess.Session{App: "fullstack", Stage: n, Run: "r-42"}
}

func TestRoleIsAssumedAndVerified(t *testing.T) {
	s := newSTS(t)
	p := profile.Profile{Name: "dev", Account: "111111111111", Role: role(t, deployRole), ExternalID: "workshop"}
	provider, err := awsaccess.New(s.Config("AKIAALICE"), p, session(t), nil)
	require.NoError(t, err)
	calls, _ := s.Seen()
	require.Empty(t, calls)

	keys, err := provider.Retrieve(t.Context())
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(keys.AccessKeyID, "ASIA"))
	require.Equal(t, "token", keys.SessionToken)
	require.Equal(t, "111111111111", keys.AccountID)
	require.True(t, keys.CanExpire)
	require.Equal(t, s.Clock().Add(time.Hour), keys.Expires)

	calls, asked := s.Seen()
	require.Equal(t, "AssumeRole GetCallerIdentity", calls)
	require.Equal(t, "workshop", asked[0].Get("ExternalId"))
	require.Equal(t, "3600", asked[0].Get("DurationSeconds"))
	require.Equal(t, "slsflow-r-42", asked[0].Get("RoleSessionName"))
	for i, want := range []string{"slsflow:app=fullstack", "slsflow:stage=alice", "slsflow:run=r-42", "="} {
		at := "Tags.member." + string(rune('1'+i))
		require.Equal(t, want, asked[0].Get(at+".Key")+"="+asked[0].Get(at+".Value"))
	}

	id, err := awsaccess.Guard(t.Context(), withKeys(s, provider), p)
	require.NoError(t, err)
	require.Equal(t, awsaccess.Identity{Account: "111111111111", ARN: "arn:aws:sts::111111111111:assumed-role/deploy/slsflow-r-42"}, id)
}

func withKeys(s *ststest.Server, p aws.CredentialsProvider) aws.Config {
	cfg := s.Config("")
	cfg.Credentials = p
	return cfg
}

func TestCredentialsAreRenewedBeforeTheyExpire(t *testing.T) {
	s := newSTS(t)
	p := profile.Profile{Name: "prod", Role: role(t, openRole)}
	provider, err := awsaccess.New(s.Config("AKIAALICE"), p, session(t), &awsaccess.Options{Now: s.Clock})
	require.NoError(t, err)
	get := func() string {
		t.Helper()
		keys, err := provider.Retrieve(t.Context())
		require.NoError(t, err)
		return keys.AccessKeyID
	}
	first := get()
	s.Advance(47 * time.Minute)
	require.Equal(t, first, get())
	calls, _ := s.Seen()
	require.Equal(t, "AssumeRole GetCallerIdentity", calls)

	s.Advance(time.Minute) // four fifths of an hour
	second := get()
	require.NotEqual(t, first, second)
	require.Equal(t, second, get())
	calls, _ = s.Seen()
	require.Equal(t, "AssumeRole GetCallerIdentity", calls)

	// STS is gone for a while: what there is serves until it expires.
	s.Advance(59 * time.Minute)
	s.Fail(-1)
	require.Equal(t, second, get())
	s.Advance(time.Minute)
	_, err = provider.Retrieve(t.Context())
	require.ErrorContains(t, err, `profile "prod": assume role`)
	s.Fail(0)
	third := get()
	require.NotEqual(t, second, third)

	// What comes in their place belongs to somebody else: nothing serves.
	s.Advance(49 * time.Minute)
	s.Lie("111111111111")
	_, err = provider.Retrieve(t.Context())
	require.ErrorIs(t, err, awsaccess.ErrAccount)
}

func TestManyAskOnce(t *testing.T) {
	s := newSTS(t)
	provider, err := awsaccess.New(s.Config("AKIAALICE"), profile.Profile{Name: "prod", Role: role(t, openRole)}, session(t), nil)
	require.NoError(t, err)
	var wait sync.WaitGroup
	for range 20 {
		wait.Go(func() {
			if _, err := provider.Retrieve(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	calls, _ := s.Seen()
	require.Equal(t, "AssumeRole GetCallerIdentity", calls)
}

func TestOwnCredentialsAreVerifiedToo(t *testing.T) {
	s := newSTS(t)
	provider, err := awsaccess.New(s.Config("AKIAALICE"), profile.Profile{Name: "dev", Account: "999999999999"}, session(t), nil)
	require.NoError(t, err)
	for range 2 {
		keys, err := provider.Retrieve(t.Context())
		require.NoError(t, err)
		require.Equal(t, "AKIAALICE", keys.AccessKeyID)
		require.Equal(t, "999999999999", keys.AccountID)
	}
	calls, _ := s.Seen()
	require.Equal(t, "GetCallerIdentity", calls)

	// A profile that names no account takes any.
	provider, err = awsaccess.New(s.Config("AKIABOB"), profile.Profile{Name: "any"}, session(t), nil)
	require.NoError(t, err)
	_, err = provider.Retrieve(t.Context())
	require.NoError(t, err)
}

type noSource struct{ err error }

func (n noSource) Retrieve(context.Context) (aws.Credentials, error) {
	return aws.Credentials{}, n.err
}

func TestWhatCanBeWrong(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	nobody := "http://" + l.Addr().String()
	require.NoError(t, l.Close())

	const denied = `access denied: AccessDenied: User: arn:aws:iam::999999999999:user/`
	for _, tt := range []struct {
		what    string
		key     string
		profile profile.Profile
		change  func(*ststest.Server, *aws.Config)
		kind    error
		want    []string
	}{
		{
			what: "not in the trust policy", key: "AKIABOB", kind: awsaccess.ErrDenied,
			profile: profile.Profile{Role: role(t, openRole)},
			want: []string{
				`profile "x": assume role (` + openRole + `): ` + denied + `bob is not authorized to perform: sts:AssumeRole on resource: ` + openRole +
					` (one of these: (1) the role does not exist; (2) its trust policy does not name the caller, or the caller's own policy does not allow sts:AssumeRole on it; ` +
					`(3) it asks for an external ID, the profile has none; to tell which, with credentials of account 333333333333: ` +
					`aws iam get-role --role-name open --query Role.AssumeRolePolicyDocument)`,
			},
		},
		{
			what: "external ID is missing", key: "AKIAALICE", kind: awsaccess.ErrDenied,
			profile: profile.Profile{Role: role(t, deployRole)},
			want:    []string{denied + "alice is not", "(3) it asks for an external ID, the profile has none"},
		},
		{
			what: "external ID is another", key: "AKIAALICE", kind: awsaccess.ErrDenied,
			profile: profile.Profile{Role: role(t, deployRole), ExternalID: "other"},
			want:    []string{`(3) it asks for another external ID than the profile's "other"`},
		},
		{
			what: "tags are not allowed", key: "AKIAALICE", kind: awsaccess.ErrDenied,
			profile: profile.Profile{Role: role(t, untaggedRole)},
			want:    []string{"not authorized to perform: sts:TagSession", "does not allow sts:TagSession beside sts:AssumeRole"},
		},
		{
			what: "wrong account of a role", key: "AKIAALICE", kind: awsaccess.ErrAccount,
			profile: profile.Profile{Role: role(t, openRole), Account: "333333333333"},
			change:  func(s *ststest.Server, _ *aws.Config) { s.Lie("111111111111") },
			want: []string{
				`verify account (` + openRole + `): wrong account: the credentials are those of arn:aws:sts::333333333333:assumed-role/open/slsflow-r-42 in account 111111111111, ` +
					`the profile's account is 333333333333 (use credentials of that account, or correct the account of the profile)`,
			},
		},
		{
			what: "wrong account of one's own", key: "AKIAALICE", kind: awsaccess.ErrAccount,
			profile: profile.Profile{Account: "111111111111"},
			want:    []string{`profile "x": verify account: wrong account: the credentials are those of arn:aws:iam::999999999999:user/alice in account 999999999999`, "give the profile a role in it"},
		},
		{
			what: "expired", key: "AKIAOLD", kind: awsaccess.ErrExpired,
			profile: profile.Profile{Role: role(t, openRole)},
			want:    []string{"the credentials have expired: ExpiredToken: The security token included in the request is expired (log in again"},
		},
		{
			what: "expired, one's own", key: "AKIAOLD", kind: awsaccess.ErrExpired,
			profile: profile.Profile{Account: "999999999999"}, want: []string{"verify account: the credentials have expired"},
		},
		{
			what: "unknown key", key: "AKIANOBODY", kind: awsaccess.ErrNoCredentials,
			profile: profile.Profile{Role: role(t, openRole)}, want: []string{"no valid credentials: InvalidClientTokenId"},
		},
		{
			what: "no credentials", kind: awsaccess.ErrNoCredentials,
			profile: profile.Profile{Role: role(t, openRole)},
			change:  func(_ *ststest.Server, cfg *aws.Config) { cfg.Credentials = nil },
			want:    []string{"assume role (" + openRole + "): no valid credentials: the configuration has none (log in"},
		},
		{
			what: "no credentials of one's own", kind: awsaccess.ErrNoCredentials,
			change: func(_ *ststest.Server, cfg *aws.Config) { cfg.Credentials = nil },
			want:   []string{"get credentials: no valid credentials: the configuration has none"},
		},
		{
			what: "source fails", kind: awsaccess.ErrNoCredentials,
			profile: profile.Profile{Role: role(t, openRole)},
			change:  func(_ *ststest.Server, cfg *aws.Config) { cfg.Credentials = noSource{errors.New("no EC2 role found")} },
			want:    []string{"no valid credentials: no EC2 role found"},
		},
		{
			what: "source of one's own fails", kind: awsaccess.ErrNoCredentials,
			change: func(_ *ststest.Server, cfg *aws.Config) { cfg.Credentials = noSource{errors.New("no EC2 role found")} },
			want:   []string{"get credentials: no valid credentials: no EC2 role found"},
		},
		{
			what: "no network", key: "AKIAALICE", kind: awsaccess.ErrUnreachable,
			profile: profile.Profile{Role: role(t, openRole)},
			change:  func(_ *ststest.Server, cfg *aws.Config) { cfg.BaseEndpoint = aws.String(nobody) },
			want:    []string{"cannot reach STS: ", "connect: connection refused (check the network, the proxy and the region)"},
		},
		{
			what: "STS is ill", key: "AKIAALICE", kind: nil,
			profile: profile.Profile{Role: role(t, openRole)},
			change:  func(s *ststest.Server, _ *aws.Config) { s.Fail(-1) },
			want:    []string{"503"},
		},
	} {
		t.Run(tt.what, func(t *testing.T) {
			s := newSTS(t)
			cfg := s.Config(tt.key)
			if tt.change != nil {
				tt.change(s, &cfg)
			}
			tt.profile.Name = "x"
			provider, err := awsaccess.New(cfg, tt.profile, session(t), nil)
			require.NoError(t, err)
			keys, err := provider.Retrieve(t.Context())
			require.Empty(t, keys)
			for _, kind := range []error{
				awsaccess.ErrDenied, awsaccess.ErrAccount, awsaccess.ErrExpired, awsaccess.ErrNoCredentials, awsaccess.ErrUnreachable,
			} {
				require.Equal(t, errors.Is(tt.kind, kind), errors.Is(err, kind), "%v: %v", kind, err)
			}
			for _, want := range tt.want {
				require.ErrorContains(t, err, want)
			}
			require.NotContains(t, err.Error(), "secret-of-")
			e, ok := errors.AsType[*awsaccess.Error](err)
			require.True(t, ok)
			require.Equal(t, tt.kind, e.Kind)
		})
	}
}

func TestCancelledIsNoFaultOfAWS(t *testing.T) {
	s := newSTS(t)
	provider, err := awsaccess.New(s.Config("AKIAALICE"), profile.Profile{Name: "x", Role: role(t, openRole)}, session(t), nil)
	require.NoError(t, err)
	stop := errors.New("somebody asked for it")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(stop)
	_, err = provider.Retrieve(ctx)
	require.ErrorIs(t, err, stop)
	require.NotErrorIs(t, err, awsaccess.ErrUnreachable)
	require.ErrorContains(t, err, "somebody asked for it")
}

func TestGuardRefusesBeforeTheFirstCall(t *testing.T) {
	s := newSTS(t)
	_, err := awsaccess.Guard(t.Context(), s.Config("AKIAALICE"), profile.Profile{Name: "prod", Account: "333333333333"})
	require.ErrorIs(t, err, awsaccess.ErrAccount)
	_, err = awsaccess.Guard(t.Context(), aws.Config{}, profile.Profile{Name: "prod"})
	require.ErrorIs(t, err, awsaccess.ErrNoCredentials)
}

func TestNewRefuses(t *testing.T) {
	for _, tt := range []struct {
		profile profile.Profile
		options awsaccess.Options
		want    string
	}{
		{profile.Profile{Name: "x", Account: "1"}, awsaccess.Options{}, `profile "x": invalid account "1"`},
		{profile.Profile{Name: "x", Account: "111111111111", Role: role(t, openRole)}, awsaccess.Options{}, "it is in account 333333333333"},
		{profile.Profile{}, awsaccess.Options{Duration: 2 * time.Hour}, "duration 2h0m0s: want 15m0s to 1h0m0s"},
		{profile.Profile{}, awsaccess.Options{Duration: time.Minute}, "duration 1m0s: want 15m0s"},
		{profile.Profile{}, awsaccess.Options{Duration: 15 * time.Minute, Early: 15 * time.Minute}, "renewal 15m0s before the end of 15m0s"},
		{profile.Profile{}, awsaccess.Options{Early: -1}, "renewal -1ns"},
	} {
		_, err := awsaccess.New(aws.Config{}, tt.profile, awsaccess.Session{}, &tt.options)
		require.ErrorContains(t, err, tt.want)
	}
}

func TestRegionOfThePartition(t *testing.T) {
	for arn, want := range map[string]string{
		"arn:aws:iam::111111111111:role/x":        "us-east-1",
		"arn:aws-cn:iam::111111111111:role/x":     "cn-north-1",
		"arn:aws-us-gov:iam::111111111111:role/x": "us-gov-west-1",
	} {
		cfg := aws.Config{BaseEndpoint: aws.String("http://127.0.0.1:1")}
		var region string
		cfg.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "A", SecretAccessKey: "B"}, nil
		})
		cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
		cfg.HTTPClient = doer(func(authorization string) { region = strings.Split(authorization, "/")[2] })
		provider, err := awsaccess.New(cfg, profile.Profile{Name: "x", Role: role(t, arn)}, awsaccess.Session{}, nil)
		require.NoError(t, err)
		_, err = provider.Retrieve(t.Context())
		require.ErrorIs(t, err, awsaccess.ErrUnreachable)
		require.Equal(t, want, region)
	}
}
