package awsaccess

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/slsflow/slsflow/internal/httpget"
)

// Token gives the token of an OIDC provider, as a CI job has it. It is asked each
// time that a role is taken, since tokens are good for some minutes only.
type Token func(context.Context) (string, error)

// Audience is what the tokens are for, unless another one was chosen.
const Audience = "sts.amazonaws.com"

// TokenFile reads the token from a file, each time. Kubernetes writes one for a
// service account.
func TokenFile(name string) Token {
	return func(context.Context) (string, error) {
		b, err := os.ReadFile(name)
		return strings.TrimSpace(string(b)), err
	}
}

// GitHubToken asks GitHub Actions for the token of a job that has "permissions:
// id-token: write". address and bearer are its variables
// ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN; the audience
// "" is [Audience]. client may be nil.
func GitHubToken(address, bearer, audience string, client *http.Client) Token {
	if audience == "" {
		audience = Audience
	}
	return func(ctx context.Context) (string, error) {
		u, err := url.Parse(address)
		if err != nil {
			return "", errors.New("ACTIONS_ID_TOKEN_REQUEST_URL is no URL")
		}
		query := u.Query()
		query.Set("audience", audience)
		u.RawQuery = query.Encode()
		status, body, err := httpget.Get(ctx, httpget.Request{
			URL: u.String(), Header: http.Header{"Authorization": {"Bearer " + bearer}}, Client: client,
		})
		if err != nil {
			return "", fmt.Errorf("GitHub Actions gives no token: %w", err)
		}
		var answer struct{ Value string }
		if status != http.StatusOK {
			return "", fmt.Errorf("GitHub Actions gives no token: status %d (the job needs permissions: id-token: write)", status)
		}
		if err := json.Unmarshal(body, &answer); err != nil {
			return "", fmt.Errorf("GitHub Actions gives no token: %w", err)
		}
		return answer.Value, nil
	}
}

// TokenFromEnv returns the token of the CI job whose environment getenv reads, or
// nil if there is none that should take the roles of profiles. It is, in this order:
//
//   - the text of SLSFLOW_ID_TOKEN, which GitLab CI sets for a job with
//     "id_tokens: {SLSFLOW_ID_TOKEN: {aud: sts.amazonaws.com}}";
//   - the file of SLSFLOW_ID_TOKEN_FILE;
//   - that of GitHub Actions, unless AWS_ACCESS_KEY_ID or AWS_ROLE_ARN says that the
//     usual chain has credentials to begin with.
func TokenFromEnv(getenv func(string) string) Token {
	text, file, address := getenv("SLSFLOW_ID_TOKEN"), getenv("SLSFLOW_ID_TOKEN_FILE"), getenv("ACTIONS_ID_TOKEN_REQUEST_URL")
	switch {
	case text != "":
		return func(context.Context) (string, error) { return text, nil }
	case file != "":
		return TokenFile(file)
	case address != "" && getenv("AWS_ACCESS_KEY_ID") == "" && getenv("AWS_ROLE_ARN") == "":
		return GitHubToken(address, getenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN"), "", nil)
	default:
		return nil
	}
}

// claims are what a token says of itself. None of it is secret.
type claims struct{ issuer, subject, audience string }

// readClaims reads a token without checking it, which is what STS does.
func readClaims(token string) (claims, bool) {
	part := strings.Split(token, ".")
	if len(part) != 3 {
		return claims{}, false
	}
	b, err := base64.RawURLEncoding.DecodeString(part[1])
	var c struct {
		Iss, Sub string
		Aud      any
	}
	if err != nil || json.Unmarshal(b, &c) != nil {
		return claims{}, false
	}
	audience := fmt.Sprint(c.Aud)
	return claims{c.Iss, c.Sub, strings.Trim(audience, "[]")}, true
}

// refusedToken is what STS said to a token.
type refusedToken struct {
	claims claims
	known  bool
	err    error
}

func (e *refusedToken) Error() string { return e.err.Error() }
func (e *refusedToken) Unwrap() error { return e.err }

// assumeWeb takes the role with a token.
func (r retriever) assumeWeb(ctx context.Context) (aws.Credentials, error) {
	token, err := r.opt.WebIdentity(ctx)
	if err == nil && token == "" {
		err = errors.New("the token is empty")
	}
	if err != nil {
		return aws.Credentials{}, &noKeys{err}
	}
	cfg := r.cfg.Copy()
	cfg.Credentials = nil // the call is not signed
	out, err := sts.NewFromConfig(cfg).AssumeRoleWithWebIdentity(ctx, &sts.AssumeRoleWithWebIdentityInput{
		RoleArn:          aws.String(r.profile.Role.String()),
		RoleSessionName:  aws.String(r.session.name()),
		WebIdentityToken: aws.String(token),
		DurationSeconds:  aws.Int32(int32(r.opt.Duration / time.Second)),
		Policy:           r.policy(),
	})
	if err != nil {
		c, known := readClaims(token)
		return aws.Credentials{}, &refusedToken{c, known, err}
	}
	return r.keys(out.Credentials)
}
