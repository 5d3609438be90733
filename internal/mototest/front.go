package mototest

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Front stands before a [Server], counts the calls to it, and may answer in its
// place: moto does not throttle, loses no answers and lets anybody assume any role.
type Front struct {
	URL string

	mu     sync.Mutex
	calls  map[string]int
	answer func(call string, w http.ResponseWriter, r *http.Request, pass http.Handler)
}

// NewFront starts a Front that ends with the test.
func (s *Server) NewFront(tb testing.TB) *Front {
	tb.Helper()
	target, err := url.Parse(s.URL)
	if err != nil {
		tb.Fatal(err)
	}
	pass := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = r.In.Host }}
	f := &Front{calls: make(map[string]int)}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		call := callOf(r, body)
		f.mu.Lock()
		f.calls[call]++
		answer := f.answer
		f.mu.Unlock()
		if answer == nil {
			pass.ServeHTTP(w, r)
			return
		}
		answer(call, w, r, pass)
	}))
	tb.Cleanup(front.Close)
	f.URL = front.URL
	return f
}

// callOf is the name of what is asked for, such as "DynamoDB.GetItem" or
// "AssumeRole", or the method and the path of a call that has none.
func callOf(r *http.Request, body []byte) string {
	if target := r.Header.Get("X-Amz-Target"); target != "" { // DynamoDB_20120810.GetItem
		service, name, _ := strings.Cut(target, ".")
		service, _, _ = strings.Cut(service, "_")
		return service + "." + name
	}
	if form, err := url.ParseQuery(string(body)); err == nil && form.Get("Action") != "" {
		return form.Get("Action")
	}
	return r.Method + " " + r.URL.Path
}

// Config is [Server.Config] through the front.
func (f *Front) Config(cfg aws.Config) aws.Config {
	cfg = cfg.Copy()
	cfg.BaseEndpoint = aws.String(f.URL)
	return cfg
}

// Answer lets do answer each call from now on, which pass hands to the server. Nil:
// all are handed on.
func (f *Front) Answer(do func(call string, w http.ResponseWriter, r *http.Request, pass http.Handler)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer = do
}

// Calls returns how often each call came since the last time, by its name.
func (f *Front) Calls() map[string]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	calls := maps.Clone(f.calls)
	clear(f.calls)
	return calls
}

// Refuse answers a call of a service that speaks JSON with an error.
func Refuse(w http.ResponseWriter, code string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(http.StatusBadRequest)
	_, _ = io.WriteString(w, `{"__type":"com.amazonaws#`+code+`","message":"refused by the test"}`)
}

// Lose hands a call on and ends the connection in place of an answer.
func Lose(w http.ResponseWriter, r *http.Request, pass http.Handler) {
	pass.ServeHTTP(httptest.NewRecorder(), r)
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		_ = conn.Close()
	}
}

// Trust is what a role asks of who assumes it.
type Trust struct {
	Role       string // its ARN
	ExternalID string
}

// Enforce makes the front refuse to assume any other role than these, or one of
// them with another external ID, as AWS would.
func (f *Front) Enforce(roles ...Trust) {
	f.Answer(func(call string, w http.ResponseWriter, r *http.Request, pass http.Handler) {
		if call != "AssumeRole" {
			pass.ServeHTTP(w, r)
			return
		}
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		form, _ := url.ParseQuery(string(body))
		for _, role := range roles {
			if form.Get("RoleArn") == role.Role && form.Get("ExternalId") == role.ExternalID {
				pass.ServeHTTP(w, r)
				return
			}
		}
		w.Header().Set("Content-Type", "text/xml")
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>AccessDenied</Code>`+
			`<Message>not authorized to perform: sts:AssumeRole</Message></Error><RequestId>test</RequestId></ErrorResponse>`)
	})
}
