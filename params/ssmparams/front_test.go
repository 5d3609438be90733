package ssmparams_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/testenv"
	"github.com/slsflow/slsflow/params/ssmparams"
)

// front stands before moto and does what moto does not: it counts requests, and
// answers or delays some of them as AWS would.
type front struct {
	url string

	mu    sync.Mutex
	calls map[string]int
	// on is asked before a request goes to moto. It may answer itself.
	on func(r request) *answer
}

// request is one to SSM.
type request struct {
	action string // such as PutParameter
	n      int    // of that action, from 1
	body   map[string]any
}

// answer is what the front says instead of moto. With after, moto is asked first,
// and its answer is lost.
type answer struct {
	status  int
	code    string
	message string
	after   bool
}

func newFront(t *testing.T) *front {
	t.Helper()
	testenv.Moto(t)
	server.Reset(t)
	f := &front{calls: make(map[string]int)}
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	f.url = s.URL
	return f
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_, action, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	asked := request{action: action}
	_ = json.Unmarshal(text, &asked.body)
	f.mu.Lock()
	f.calls[action]++
	asked.n = f.calls[action]
	on := f.on
	f.mu.Unlock()
	var a *answer
	if on != nil {
		a = on(asked)
	}
	if a != nil && !a.after {
		a.write(w)
		return
	}
	out, err := http.NewRequestWithContext(r.Context(), r.Method, server.URL+r.URL.Path, bytes.NewReader(text))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	out.Header = r.Header.Clone()
	resp, err := http.DefaultClient.Do(out)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer func() { _ = resp.Body.Close() }()
	if a != nil {
		a.write(w)
		return
	}
	for name := range resp.Header {
		w.Header().Set(name, resp.Header.Get(name))
	}
	w.WriteHeader(resp.StatusCode)
	_, _ = io.Copy(w, resp.Body)
}

func (a *answer) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(a.status)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": a.code, "message": a.message})
}

// set changes what the front does, and forgets what was counted.
func (f *front) set(on func(request) *answer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.on = on
	clear(f.calls)
}

// count returns the requests since set, by action.
func (f *front) count() map[string]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.calls)
}

func (f *front) config() aws.Config {
	cfg := server.Config("111111111111")
	cfg.BaseEndpoint = aws.String(f.url)
	return cfg
}

// open returns a store that goes through the front.
func (f *front) open(t *testing.T, prefix string, o *ssmparams.Options) *ssmparams.Store {
	t.Helper()
	s, err := ssmparams.New(f.config(), prefix, o)
	require.NoError(t, err)
	return s
}

// direct returns a store that does not.
func (f *front) direct(t *testing.T, prefix string) *ssmparams.Store {
	t.Helper()
	s, err := ssmparams.New(server.Config("111111111111"), prefix, nil)
	require.NoError(t, err)
	return s
}
