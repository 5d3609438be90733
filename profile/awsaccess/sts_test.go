package awsaccess_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// fakeSTS is an STS that enforces trust policies, as moto does not.
type fakeSTS struct {
	*httptest.Server
	roles map[string]trust // by ARN

	mu       sync.Mutex
	keys     map[string]principal // by access key
	now      time.Time
	calls    []string     // "AssumeRole" and so on
	asked    []url.Values // the parameters of each
	lifetime time.Duration
	issued   int
	lie      string // the account that GetCallerIdentity gives for all roles, if not ""
	broken   bool   // answers 503
}

type trust struct {
	who        string // the access key that may take it
	externalID string
	tags       bool
}

type principal struct {
	account, arn string
	expires      time.Time // zero: never
}

func newSTS(tb testing.TB) *fakeSTS {
	tb.Helper()
	s := startSTS()
	tb.Cleanup(s.Close)
	return s
}

func startSTS() *fakeSTS {
	s := &fakeSTS{
		now: time.Now().UTC().Truncate(time.Second), lifetime: time.Hour,
		roles: map[string]trust{
			"arn:aws:iam::111111111111:role/ci/deploy": {who: "AKIAALICE", externalID: "workshop", tags: true},
			"arn:aws:iam::333333333333:role/open":      {who: "AKIAALICE", tags: true},
			"arn:aws:iam::333333333333:role/untagged":  {who: "AKIAALICE"},
		},
		keys: map[string]principal{
			"AKIAALICE": {account: "999999999999", arn: "arn:aws:iam::999999999999:user/alice"},
			"AKIABOB":   {account: "999999999999", arn: "arn:aws:iam::999999999999:user/bob"},
			"AKIAOLD":   {account: "999999999999", arn: "arn:aws:iam::999999999999:user/old", expires: time.Unix(1, 0)},
		},
	}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	return s
}

// config is one with the key of a user. Failures are not tried again.
func (s *fakeSTS) config(key string) aws.Config {
	return aws.Config{
		BaseEndpoint: aws.String(s.URL),
		Credentials:  credentials.NewStaticCredentialsProvider(key, "secret-of-"+key, ""),
		Retryer:      func() aws.Retryer { return aws.NopRetryer{} },
	}
}

var accessKey = regexp.MustCompile(`Credential=([A-Z0-9]+)/`)

func (s *fakeSTS) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = r.ParseForm()
	s.calls, s.asked = append(s.calls, r.Form.Get("Action")), append(s.asked, r.Form)
	if s.broken {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	m := accessKey.FindStringSubmatch(r.Header.Get("Authorization"))
	if m == nil {
		refuse(w, "MissingAuthenticationToken", "Request is missing Authentication Token")
		return
	}
	p, ok := s.keys[m[1]]
	switch {
	case !ok:
		refuse(w, "InvalidClientTokenId", "The security token included in the request is invalid.")
		return
	case !p.expires.IsZero() && !s.now.Before(p.expires):
		refuse(w, "ExpiredToken", "The security token included in the request is expired")
		return
	}
	switch r.Form.Get("Action") {
	case "GetCallerIdentity":
		account := p.account
		if s.lie != "" && strings.Contains(p.arn, ":assumed-role/") {
			account = s.lie
		}
		fmt.Fprintf(w, `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>%s</Arn><Account>%s</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`, p.arn, account)
	case "AssumeRole":
		s.assume(w, m[1], p, r.Form)
	default:
		refuse(w, "InvalidAction", "Could not find operation")
	}
}

func (s *fakeSTS) assume(w http.ResponseWriter, key string, p principal, form url.Values) {
	arn := form.Get("RoleArn")
	policy, ok := s.roles[arn]
	switch {
	case !ok || policy.who != key || policy.externalID != "" && policy.externalID != form.Get("ExternalId"):
		refuse(w, "AccessDenied", fmt.Sprintf("User: %s is not authorized to perform: sts:AssumeRole on resource: %s", p.arn, arn))
		return
	case !policy.tags && form.Get("Tags.member.1.Key") != "":
		refuse(w, "AccessDenied", fmt.Sprintf("User: %s is not authorized to perform: sts:TagSession on resource: %s", p.arn, arn))
		return
	}
	s.issued++
	part := strings.Split(arn, ":")
	name := part[5][strings.LastIndexByte(part[5], '/')+1:]
	sum := sha256.Sum256(fmt.Append(nil, arn, s.issued))
	id := "ASIA" + strings.ToUpper(hex.EncodeToString(sum[:6]))
	expires := s.now.Add(s.lifetime)
	s.keys[id] = principal{
		account: part[4], arn: "arn:aws:sts::" + part[4] + ":assumed-role/" + name + "/" + form.Get("RoleSessionName"), expires: expires,
	}
	fmt.Fprintf(w, `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>%s</AccessKeyId><SecretAccessKey>s</SecretAccessKey>`+
		`<SessionToken>token</SessionToken><Expiration>%s</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`, id, expires.Format(time.RFC3339))
}

func refuse(w http.ResponseWriter, code, message string) {
	w.WriteHeader(http.StatusForbidden)
	fmt.Fprintf(w, `<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error></ErrorResponse>`, code, html.EscapeString(message))
}

func (s *fakeSTS) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// set changes something under the lock.
func (s *fakeSTS) set(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// seen returns the calls since the last one, and forgets them.
func (s *fakeSTS) seen() (calls string, asked []url.Values) {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls, asked = strings.Join(s.calls, " "), s.asked
	s.calls, s.asked = nil, nil
	return calls, asked
}
