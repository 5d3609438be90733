package mototest

import (
	"bytes"
	"sync"
	"testing"

	"github.com/slsflow/slsflow/internal/testenv"
)

// Start launches a server for one test and ends it with the test. Without
// `make testenv` the test is skipped, or with CI=true fails. The log of the server is
// shown when the test has failed.
func Start(tb testing.TB) *Server {
	tb.Helper()
	log := new(tail)
	s, err := Launch(tb.Context(), testenv.Moto(tb), log)
	if err != nil {
		tb.Fatalf("%v\n%s", err, log)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
		if tb.Failed() {
			tb.Logf("the end of what moto said:\n%s", log)
		}
	})
	return s
}

// Reset is [Server.Clear] for a test, which fails if that does.
func (s *Server) Reset(tb testing.TB) {
	tb.Helper()
	if err := s.Clear(tb.Context()); err != nil {
		tb.Fatal(err)
	}
}

// tail keeps the end of what is written to it. Its zero value is ready to use.
type tail struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

const tailSize = 16 << 10

func (l *tail) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(p)
	l.buf.Write(p)
	l.buf.Next(max(0, l.buf.Len()-tailSize))
	return n, nil
}

func (l *tail) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}
