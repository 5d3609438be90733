package slscli_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/slsflow/slsflow/pipeline/slscli"
	"github.com/slsflow/slsflow/stage"
)

// role makes the test binary play the command line.
const role = "SLSCLI_TEST_ROLE"

// seen is what the program tells about the call that it got.
type seen struct {
	Args     []string
	Env      []string
	Dir      string
	DirMode  os.FileMode
	Config   string // the content of the file behind --config
	FileMode os.FileMode
	Before   []string // the files in the directory
}

func TestMain(m *testing.M) {
	switch os.Getenv(role) {
	case "":
		goleak.VerifyTestMain(m)
	case "tell": // tells what it sees, and leaves what the real one does
		must(json.NewEncoder(os.Stdout).Encode(look()))
		must(os.MkdirAll(".serverless", 0o755))
		for _, name := range []string{"cloudformation-template-update-stack.json", "serverless-state.json"} {
			must(os.WriteFile(filepath.Join(".serverless", name), []byte(`{"of":"`+name+`"}`), 0o644))
		}
	case "print":
		fmt.Print(os.Getenv("TEXT"))
		fmt.Fprint(os.Stderr, os.Getenv("ERRTEXT"))
		if os.Getenv("FAIL") != "" {
			os.Exit(3)
		}
	case "hang":
		interrupt := make(chan os.Signal, 1)
		signal.Notify(interrupt, os.Interrupt)
		must(os.MkdirAll(".serverless", 0o755))
		c, err := net.Dial("tcp", os.Getenv("TEST_ADDR"))
		must(err)
		done := make(chan struct{})
		go func() { _, _ = io.Copy(io.Discard, c); close(done) }()
		select {
		case <-done:
		case <-interrupt:
			fmt.Println("Error:\ninterrupted")
			os.Exit(1)
		}
	}
}

func must(err error) {
	if err != nil {
		fmt.Println("Error:\n", err)
		os.Exit(1)
	}
}

func look() seen {
	s := seen{Args: os.Args[1:], Env: os.Environ()}
	slices.Sort(s.Env)
	var err error
	s.Dir, err = os.Getwd()
	must(err)
	info, err := os.Stat(".")
	must(err)
	s.DirMode = info.Mode().Perm()
	entries, err := os.ReadDir(".")
	must(err)
	for _, e := range entries {
		s.Before = append(s.Before, e.Name())
	}
	if i := slices.Index(s.Args, "--config"); i >= 0 {
		b, err := os.ReadFile(s.Args[i+1])
		must(err)
		s.Config = string(b)
		info, err := os.Stat(s.Args[i+1])
		must(err)
		s.FileMode = info.Mode().Perm()
	}
	return s
}

// quick spares the second that a program with the race detector waits at its end.
const quick = "GORACE=atexit_sleep_ms=0"

// fake is a command line that is this test binary.
func fake(t *testing.T, as string, env ...string) (slscli.CLI, slscli.Call) {
	t.Helper()
	exe, err := os.Executable()
	require.NoError(t, err)
	return slscli.CLI{Command: []string{exe, "first"}}, slscli.Call{
		Dir: service(t), Stage: name(t, "dev"), Env: append([]string{role + "=" + as, quick}, env...),
	}
}

func service(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "serverless.yml"), []byte("service: a\n"), 0o600))
	return dir
}

func name(t *testing.T, s string) stage.Name {
	t.Helper()
	n, err := stage.Parse(s)
	require.NoError(t, err)
	return n
}

// told is what the program of role "tell" has printed.
func told(t *testing.T, text string) seen {
	t.Helper()
	var s seen
	require.NoError(t, json.Unmarshal([]byte(text), &s), text)
	return s
}

// phone is where the program of role "hang" calls: it runs until it is hung up.
type phone struct {
	t *testing.T
	l *net.TCPListener
}

func listen(t *testing.T) phone {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return phone{t, l.(*net.TCPListener)}
}

func (p phone) env() string { return "TEST_ADDR=" + p.l.Addr().String() }

func (p phone) accept() net.Conn {
	p.t.Helper()
	require.NoError(p.t, p.l.SetDeadline(time.Now().Add(20*time.Second)))
	c, err := p.l.Accept()
	require.NoError(p.t, err)
	p.t.Cleanup(func() { _ = c.Close() })
	return c
}

// dead waits until the program at the other end is gone.
func dead(t *testing.T, c net.Conn) {
	t.Helper()
	require.NoError(t, c.SetReadDeadline(time.Now().Add(20*time.Second)))
	_, err := c.Read(make([]byte, 1))
	require.Error(t, err)
	require.NotErrorIs(t, err, os.ErrDeadlineExceeded)
}

func perm(t *testing.T, path string) os.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	require.NoError(t, err)
	return info.Mode() & (os.ModePerm | os.ModeSetgid)
}

func list(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}
