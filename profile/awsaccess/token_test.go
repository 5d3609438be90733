package awsaccess_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/ststest"
	"github.com/slsflow/slsflow/profile"
	"github.com/slsflow/slsflow/profile/awsaccess"
)

const (
	github  = "https://token.actions.githubusercontent.com"
	webRole = "arn:aws:iam::222222222222:role/web"
)

// trustGitHub trusts the jobs of the main branch of a repository.
const trustGitHub = `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
	"Principal": {"Federated": "arn:aws:iam::222222222222:oidc-provider/token.actions.githubusercontent.com"},
	"Condition": {"StringEquals": {"token.actions.githubusercontent.com:aud": "sts.amazonaws.com"},
		"StringLike": {"token.actions.githubusercontent.com:sub": "repo:shop/orders:ref:refs/heads/*"}}}]}`

func fixedToken(token string) awsaccess.Token {
	return func(context.Context) (string, error) { return token, nil }
}

func webSTS(t *testing.T) *ststest.Server {
	t.Helper()
	s := newSTS(t)
	require.NoError(t, s.Role(webRole, trustGitHub))
	return s
}

func TestWebIdentityTakesTheRole(t *testing.T) {
	s := webSTS(t)
	file := filepath.Join(t.TempDir(), "token")
	write := func(text string) { require.NoError(t, os.WriteFile(file, []byte(text+"\n"), 0o600)) }
	write(s.Token(github, "repo:shop/orders:ref:refs/heads/main", "sts.amazonaws.com"))
	p := profile.Profile{Name: "staging", Account: "222222222222", Role: role(t, webRole)}
	provider, err := awsaccess.New(s.Config(""), p, session(t), &awsaccess.Options{Now: s.Clock, WebIdentity: awsaccess.TokenFile(file), Policy: `{"Version":"2012-10-17"}`})
	require.NoError(t, err)
	keys, err := provider.Retrieve(t.Context())
	require.NoError(t, err)
	require.Equal(t, "222222222222", keys.AccountID)
	calls, asked := s.Seen()
	require.Equal(t, "AssumeRoleWithWebIdentity GetCallerIdentity", calls)
	require.Equal(t, "slsflow-r-42", asked[0].Get("RoleSessionName"))
	require.JSONEq(t, `{"Version":"2012-10-17"}`, asked[0].Get("Policy"))

	// The token is read again for the next credentials.
	s.Advance(50 * time.Minute)
	write(s.Token(github, "repo:shop/orders:ref:refs/heads/next", "sts.amazonaws.com"))
	again, err := provider.Retrieve(t.Context())
	require.NoError(t, err)
	require.NotEqual(t, keys.AccessKeyID, again.AccessKeyID)
}

func TestWebIdentityThatIsRefused(t *testing.T) {
	s := webSTS(t)
	good := s.Token(github, "repo:shop/orders:ref:refs/heads/main", "sts.amazonaws.com")
	for _, tt := range []struct {
		what  string
		role  string
		token awsaccess.Token
		kind  error
		want  string
	}{
		{
			"another repository", webRole, fixedToken(s.Token(github, "repo:shop/other:ref:refs/heads/main", "sts.amazonaws.com")), awsaccess.ErrDenied,
			`one of these: (1) the role does not exist; (2) its trust policy does not name the OIDC provider; (3) it asks for another subject or audience than the token's: ` +
				`issuer "https://token.actions.githubusercontent.com", subject "repo:shop/other:ref:refs/heads/main", audience "sts.amazonaws.com"; to tell which, with credentials of account 222222222222: aws iam get-role --role-name web`,
		},
		{"a pull request", webRole, fixedToken(s.Token(github, "repo:shop/orders:pull_request", "sts.amazonaws.com")), awsaccess.ErrDenied, `subject "repo:shop/orders:pull_request"`},
		{"another audience", webRole, fixedToken(s.Token(github, "repo:shop/orders:ref:refs/heads/main", "vault")), awsaccess.ErrDenied, `audience "vault"`},
		{"another issuer", webRole, fixedToken(s.Token("https://gitlab.com", "repo:shop/orders:ref:refs/heads/main", "sts.amazonaws.com")), awsaccess.ErrDenied, `issuer "https://gitlab.com"`},
		{"no such role", webRole + "-gone", fixedToken(good), awsaccess.ErrDenied, "(1) the role does not exist"},
		{"a role for users", openRole, fixedToken(good), awsaccess.ErrDenied, "(2) its trust policy does not name the OIDC provider"},
		{"forged", webRole, fixedToken(good[:len(good)-3] + "AAA"), awsaccess.ErrNoCredentials, "the account has no OIDC provider for the token's issuer"},
		{"no token", webRole, fixedToken("text"), awsaccess.ErrNoCredentials, "InvalidIdentityToken"},
		{"empty", webRole, fixedToken(""), awsaccess.ErrNoCredentials, "the token is empty"},
		{"no file", webRole, awsaccess.TokenFile(filepath.Join(t.TempDir(), "token")), awsaccess.ErrNoCredentials, "no such file"},
	} {
		t.Run(tt.what, func(t *testing.T) {
			p := profile.Profile{Name: "x", Role: role(t, tt.role)}
			provider, err := awsaccess.New(s.Config(""), p, awsaccess.Session{}, &awsaccess.Options{WebIdentity: tt.token})
			require.NoError(t, err)
			_, err = provider.Retrieve(t.Context())
			require.ErrorIs(t, err, tt.kind)
			require.ErrorContains(t, err, tt.want)
			require.NotContains(t, err.Error(), strings.SplitAfter(good, ".")[1][:20], "the token itself is told to nobody")
		})
	}
	s.Advance(2 * time.Hour)
	provider, err := awsaccess.New(s.Config(""), profile.Profile{Name: "x", Role: role(t, webRole)}, awsaccess.Session{}, &awsaccess.Options{WebIdentity: fixedToken(good)})
	require.NoError(t, err)
	_, err = provider.Retrieve(t.Context())
	require.ErrorIs(t, err, awsaccess.ErrExpired)
}

// The usual chain may have a token too: then it takes a role of its own, which
// takes that of the profile.
func TestWebIdentityOfTheUsualChain(t *testing.T) {
	s := webSTS(t)
	require.NoError(t, s.Role(openRole, trust("arn:aws:iam::222222222222:role/web", "", both)))
	file := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(file, []byte(s.Token(github, "repo:shop/orders:ref:refs/heads/main", "sts.amazonaws.com")), 0o600))
	for name, value := range map[string]string{
		"AWS_WEB_IDENTITY_TOKEN_FILE": file, "AWS_ROLE_ARN": webRole, "AWS_ENDPOINT_URL_STS": s.URL, "AWS_REGION": "us-east-1",
		"AWS_ACCESS_KEY_ID": "", "AWS_PROFILE": "", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(name, value)
	}
	cfg, err := config.LoadDefaultConfig(t.Context())
	require.NoError(t, err)
	provider, err := awsaccess.New(cfg, profile.Profile{Name: "prod", Role: role(t, openRole)}, session(t), nil)
	require.NoError(t, err)
	keys, err := provider.Retrieve(t.Context())
	require.NoError(t, err)
	require.Equal(t, "333333333333", keys.AccountID)
	calls, _ := s.Seen()
	require.Equal(t, "AssumeRoleWithWebIdentity AssumeRole GetCallerIdentity", calls)

	s.Close()
	provider, err = awsaccess.New(cfg, profile.Profile{Name: "prod", Role: role(t, openRole)}, session(t), nil)
	require.NoError(t, err)
	_, err = provider.Retrieve(t.Context())
	require.ErrorIs(t, err, awsaccess.ErrUnreachable)
}

func TestTokenOfGitHubActions(t *testing.T) {
	sts := webSTS(t)
	actions := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer job" || r.URL.Query().Get("x") != "1" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		_, _ = w.Write([]byte(`{"value": "` + sts.Token(github, "repo:shop/orders:ref:refs/heads/main", r.URL.Query().Get("audience")) + `"}`))
	}))
	defer actions.Close()
	env := map[string]string{"ACTIONS_ID_TOKEN_REQUEST_URL": actions.URL + "/?x=1", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "job"}
	token := awsaccess.TokenFromEnv(func(name string) string { return env[name] })
	provider, err := awsaccess.New(sts.Config(""), profile.Profile{Name: "x", Role: role(t, webRole)}, awsaccess.Session{}, &awsaccess.Options{WebIdentity: token})
	require.NoError(t, err)
	_, err = provider.Retrieve(t.Context())
	require.NoError(t, err)

	_, err = awsaccess.GitHubToken(actions.URL, "other", "", nil)(t.Context())
	require.EqualError(t, err, "GitHub Actions gives no token: status 403 (the job needs permissions: id-token: write)")
	from := func() awsaccess.Token {
		return awsaccess.TokenFromEnv(func(name string) string { return env[name] })
	}
	env["AWS_ROLE_ARN"] = webRole
	require.Nil(t, from(), "the usual chain has credentials")
	env["SLSFLOW_ID_TOKEN_FILE"] = "/nowhere/token"
	_, err = from()(t.Context())
	require.ErrorIs(t, err, os.ErrNotExist)
	env["SLSFLOW_ID_TOKEN"] = "text"
	text, err := from()(t.Context())
	require.NoError(t, err)
	require.Equal(t, "text", text)
	clear(env)
	require.Nil(t, from())
}

func TestWebIdentityNeedsARole(t *testing.T) {
	opt := &awsaccess.Options{WebIdentity: func(context.Context) (string, error) { return "", errors.New("unused") }}
	_, err := awsaccess.New(newSTS(t).Config(""), profile.Profile{Name: "x"}, awsaccess.Session{}, opt)
	require.ErrorContains(t, err, "a web identity needs a role to take")
	_, err = awsaccess.New(newSTS(t).Config(""), profile.Profile{Name: "x", Role: role(t, openRole), ExternalID: "shop"}, awsaccess.Session{}, opt)
	require.ErrorContains(t, err, "an external ID cannot go with a web identity")
}
