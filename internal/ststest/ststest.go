// Package ststest is an STS on loopback that enforces trust policies, as moto does
// not: whoever is not trusted gets what AWS would answer. It knows AssumeRole,
// AssumeRoleWithWebIdentity and GetCallerIdentity.
package ststest

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

// Server is the STS. Its methods may be called concurrently.
type Server struct {
	*httptest.Server

	mu       sync.Mutex
	roles    map[string]Policy // by ARN
	keys     map[string]principal
	now      time.Time
	calls    []string
	asked    []url.Values
	lifetime time.Duration
	issued   int
	lie      string
	fails    int
}

type principal struct {
	account, arn string
	expires      time.Time // zero: never
}

// Start returns a server that ends with the test.
func Start(tb testing.TB) *Server {
	tb.Helper()
	s := New()
	tb.Cleanup(s.Close)
	return s
}

// New returns a server that the caller closes. Its clock stands at the time of now.
func New() *Server {
	s := &Server{
		now: time.Now().UTC().Truncate(time.Second), lifetime: time.Hour,
		roles: make(map[string]Policy), keys: make(map[string]principal),
	}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	return s
}

// Role makes a role with a trust policy, or gives it another one.
func (s *Server) Role(arn, trust string) error {
	p, err := Parse(trust)
	if err != nil {
		return err
	}
	s.set(func() { s.roles[arn] = p })
	return nil
}

// User gives the user with an ARN an access key; its secret is "secret-of-" and
// the key. expired says that the key is one of a session that has ended.
func (s *Server) User(key, arn string, expired bool) {
	p := principal{account: strings.Split(arn, ":")[4], arn: arn}
	if expired {
		p.expires = time.Unix(1, 0)
	}
	s.set(func() { s.keys[key] = p })
}

// Config is one with the key of a user, or with no credentials if key is "".
// Failures are not tried again.
func (s *Server) Config(key string) aws.Config {
	cfg := aws.Config{
		BaseEndpoint: aws.String(s.URL),
		Retryer:      func() aws.Retryer { return aws.NopRetryer{} },
	}
	if key != "" {
		cfg.Credentials = credentials.NewStaticCredentialsProvider(key, "secret-of-"+key, "")
	}
	return cfg
}

// Clock returns the time of the server.
func (s *Server) Clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// Advance sets the clock forward.
func (s *Server) Advance(d time.Duration) { s.set(func() { s.now = s.now.Add(d) }) }

// Fail makes the next n calls fail with status 503; -1 means all.
func (s *Server) Fail(n int) { s.set(func() { s.fails = n }) }

// Lie makes GetCallerIdentity give an account for all sessions of roles; "" ends it.
func (s *Server) Lie(account string) { s.set(func() { s.lie = account }) }

// Seen returns the calls since the last Seen, and their parameters.
func (s *Server) Seen() (calls string, asked []url.Values) {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls, asked = strings.Join(s.calls, " "), s.asked
	s.calls, s.asked = nil, nil
	return calls, asked
}

func (s *Server) set(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

var accessKey = regexp.MustCompile(`Credential=([A-Z0-9]+)/`)

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = r.ParseForm()
	action := r.Form.Get("Action")
	s.calls, s.asked = append(s.calls, action), append(s.asked, r.Form)
	if s.fails != 0 {
		s.fails--
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	if action == "AssumeRoleWithWebIdentity" {
		s.assumeWeb(w, r.Form)
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
	switch action {
	case "GetCallerIdentity":
		account := p.account
		if s.lie != "" && strings.Contains(p.arn, ":assumed-role/") {
			account = s.lie
		}
		fmt.Fprintf(w, `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>%s</Arn><Account>%s</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`, p.arn, account)
	case "AssumeRole":
		s.assume(w, p, r.Form)
	default:
		refuse(w, "InvalidAction", "Could not find operation")
	}
}

func (s *Server) assume(w http.ResponseWriter, p principal, form url.Values) {
	arn := form.Get("RoleArn")
	ask := Request{Action: "sts:AssumeRole", Principal: p.arn, Context: map[string]string{"sts:RoleSessionName": form.Get("RoleSessionName")}}
	if id := form.Get("ExternalId"); id != "" {
		ask.Context["sts:ExternalId"] = id
	}
	trust, ok := s.roles[arn]
	if !ok || !trust.Allows(ask) {
		refuse(w, "AccessDenied", fmt.Sprintf("User: %s is not authorized to perform: sts:AssumeRole on resource: %s", p.arn, arn))
		return
	}
	ask.Action = "sts:TagSession"
	if form.Get("Tags.member.1.Key") != "" && !trust.Allows(ask) {
		refuse(w, "AccessDenied", fmt.Sprintf("User: %s is not authorized to perform: sts:TagSession on resource: %s", p.arn, arn))
		return
	}
	s.issue(w, "AssumeRole", form)
}

// issue gives out credentials of a role.
func (s *Server) issue(w http.ResponseWriter, action string, form url.Values) {
	s.issued++
	arn := form.Get("RoleArn")
	part := strings.Split(arn, ":")
	name := part[5][strings.LastIndexByte(part[5], '/')+1:]
	sum := sha256.Sum256(fmt.Append(nil, arn, s.issued))
	id := "ASIA" + strings.ToUpper(hex.EncodeToString(sum[:6]))
	expires := s.now.Add(s.lifetime)
	s.keys[id] = principal{
		account: part[4], arn: "arn:aws:sts::" + part[4] + ":assumed-role/" + name + "/" + form.Get("RoleSessionName"), expires: expires,
	}
	fmt.Fprintf(w, `<%[1]sResponse><%[1]sResult><Credentials><AccessKeyId>%[2]s</AccessKeyId><SecretAccessKey>secret-of-%[2]s</SecretAccessKey>`+
		`<SessionToken>token</SessionToken><Expiration>%[3]s</Expiration></Credentials></%[1]sResult></%[1]sResponse>`, action, id, expires.Format(time.RFC3339))
}

func refuse(w http.ResponseWriter, code, message string) {
	status := http.StatusForbidden
	if code == "ExpiredTokenException" || code == "InvalidIdentityToken" {
		status = http.StatusBadRequest
	}
	w.WriteHeader(status)
	fmt.Fprintf(w, `<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error></ErrorResponse>`, code, html.EscapeString(message))
}
