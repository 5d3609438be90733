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
func Start(t testing.TB) *Server {
	t.Helper()
	log := new(tail)
	s, err := Launch(t.Context(), testenv.Moto(t), log)
	if err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("the end of what moto said:\n%s", log)
		}
	})
	return s
}

// Reset is [Server.Clear] for a test, which fails if that does.
func (s *Server) Reset(t testing.TB) {
	t.Helper()
	if err := s.Clear(t.Context()); err != nil {
		t.Fatal(err)
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
