package httpget_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/httpget"
)

func Example() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "for ", r.Header.Get("Authorization"))
	}))
	defer server.Close()
	status, body, err := httpget.Get(context.Background(), httpget.Request{URL: server.URL, Header: http.Header{"Authorization": {"joe"}}})
	fmt.Println(status, string(body), err)
	// Output: 200 for joe <nil>
}

func TestAttempts(t *testing.T) {
	for _, test := range []struct{ first, want, asked int }{
		{http.StatusServiceUnavailable, 200, 2},
		{http.StatusTooManyRequests, 200, 2},
		{http.StatusNotFound, 404, 1},
		{http.StatusForbidden, 403, 1},
		{http.StatusNotImplemented, 501, 1},
	} {
		var asked atomic.Int32
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if asked.Add(1) == 1 {
				w.WriteHeader(test.first)
			}
		}))
		status, _, err := httpget.Get(t.Context(), httpget.Request{URL: server.URL})
		server.Close()
		require.NoError(t, err)
		require.Equal(t, test.want, status)
		require.EqualValues(t, test.asked, asked.Load(), test.first)
	}
}

// A token goes to no other host.
func TestRedirect(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("asked") }))
	defer other.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/here" {
			http.Redirect(w, r, "/there", http.StatusTemporaryRedirect)
			return
		}
		if r.URL.Path == "/there" {
			fmt.Fprint(w, r.Header.Get("X-Token"))
			return
		}
		http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
	}))
	defer server.Close()
	header := http.Header{"X-Token": {"t"}}
	_, body, err := httpget.Get(t.Context(), httpget.Request{URL: server.URL + "/here", Header: header})
	require.NoError(t, err)
	require.Equal(t, "t", string(body))
	_, _, err = httpget.Get(t.Context(), httpget.Request{URL: server.URL, Header: header})
	require.ErrorContains(t, err, "it leads to another host, "+strings.TrimPrefix(other.URL, "http://"))
}

func TestDeadline(t *testing.T) {
	end := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-end }))
	defer server.Close()
	defer close(end)
	_, _, err := httpget.Get(t.Context(), httpget.Request{URL: server.URL, Timeout: 50 * time.Millisecond})
	require.EqualError(t, err, "no answer within 50ms")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err = httpget.Get(ctx, httpget.Request{URL: server.URL})
	require.ErrorIs(t, err, context.Canceled)
}

func TestTooLarge(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(make([]byte, httpget.MaxSize+1))
	}))
	defer server.Close()
	_, _, err := httpget.Get(t.Context(), httpget.Request{URL: server.URL})
	require.ErrorContains(t, err, "more than 16 MiB")
}
