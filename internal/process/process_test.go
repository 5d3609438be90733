//go:build linux || darwin

package process_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/slsflow/slsflow/internal/process"
)

// role makes the test binary play the foreign program.
const role = "PROCESS_TEST_ROLE"

// quick spares the second that a program with the race detector waits at its end.
const quick = "GORACE=atexit_sleep_ms=0"

func TestMain(m *testing.M) {
	switch os.Getenv(role) {
	case "":
		goleak.VerifyTestMain(m)
	case "env":
		env := os.Environ()
		slices.Sort(env)
		fmt.Println(strings.Join(env, "\n"))
		dir, _ := os.Getwd()
		fmt.Println("in", dir)
	case "fail":
		fmt.Println("to stdout")
		fmt.Fprintln(os.Stderr, "to stderr")
		os.Exit(7)
	case "touch":
		_ = os.WriteFile(os.Getenv("FILE"), nil, 0o600)
	case "polite": // says so and ends when interrupted
		interrupt := make(chan os.Signal, 1)
		signal.Notify(interrupt, os.Interrupt)
		call()
		<-interrupt
		fmt.Println("interrupted")
	case "stubborn": // cannot be interrupted
		signal.Ignore(os.Interrupt)
		_, _ = io.Copy(io.Discard, call())
	case "parent": // leaves a stubborn child behind, which holds its output
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), role+"=stubborn")
		child.Stdout = os.Stdout
		_ = child.Start()
		if os.Getenv("STAY") != "" {
			_ = child.Wait()
		}
		_, _ = call().Read(make([]byte, 1)) // until the test has seen the child
	case "lines":
		for line := range strings.Lines(os.Getenv("TEXT")) {
			fmt.Print(line)
			_ = call().Close()
		}
	case "runner": // runs a program, and dies as by kill -9: in Started, or while it runs
		started := func(g process.Group) error {
			_ = os.WriteFile(os.Getenv("GROUP"), []byte(g.String()), 0o600)
			if os.Getenv("DIE") == "started" {
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
				select {}
			}
			return nil
		}
		_ = process.Run(context.Background(), process.Command{
			Args:    []string{os.Args[0]},
			Env:     append(os.Environ(), role+"="+os.Getenv("PROGRAM")),
			Started: started,
		})
	}
}

// call connects to the test, which so knows that a program has come this far,
// and that it is dead when the connection is.
func call() net.Conn {
	c, err := net.Dial("tcp", os.Getenv("TEST_ADDR"))
	if err != nil {
		os.Exit(99)
	}
	return c
}

// phone is where the programs call.
type phone struct {
	t *testing.T
	l net.Listener
}

func listen(t *testing.T) phone {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return phone{t, l}
}

func (p phone) accept() net.Conn {
	p.t.Helper()
	require.NoError(p.t, p.l.(*net.TCPListener).SetDeadline(time.Now().Add(20*time.Second)))
	c, err := p.l.Accept()
	require.NoError(p.t, err)
	p.t.Cleanup(func() { _ = c.Close() })
	return c
}

// dead waits until the process at the other end is gone.
func dead(t *testing.T, c net.Conn) {
	t.Helper()
	require.NoError(t, c.SetReadDeadline(time.Now().Add(20*time.Second)))
	_, err := c.Read(make([]byte, 1))
	require.False(t, errors.Is(err, os.ErrDeadlineExceeded), "it still runs")
	require.Error(t, err)
}

// lives reports an error if the process at the other end is gone.
func lives(t *testing.T, c net.Conn) {
	t.Helper()
	require.NoError(t, c.SetReadDeadline(time.Now().Add(50*time.Millisecond)))
	_, err := c.Read(make([]byte, 1))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
}

func program(t *testing.T, as string, env ...string) process.Command {
	t.Helper()
	exe, err := os.Executable()
	require.NoError(t, err)
	return process.Command{Args: []string{exe}, Env: append([]string{role + "=" + as, quick}, env...)}
}

func TestRunGivesExactlyTheEnvironment(t *testing.T) {
	t.Setenv("PROCESS_TEST_PARENT", "must not be seen")
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	for _, gated := range []bool{false, true} {
		var out bytes.Buffer
		c := program(t, "env", "A=1", "B=two words", "PWD=/nowhere")
		c.Dir, c.Stdout = dir, &out
		if gated {
			c.Started = func(process.Group) error { return nil }
		}
		require.NoError(t, process.Run(t.Context(), c))
		var got []string
		for line := range strings.Lines(out.String()) {
			key, _, _ := strings.Cut(line, "=")
			if gated && (key == "OLDPWD" || key == "SHLVL" || key == "_") {
				continue // of sh
			}
			got = append(got, line)
		}
		require.Equal(t, []string{"A=1\n", "B=two words\n", quick + "\n", role + "=env\n", "PWD=" + dir + "\n", "in " + dir + "\n"}, got)
	}
}

func TestRunTellsTheExitStatus(t *testing.T) {
	var out, errs bytes.Buffer
	c := program(t, "fail")
	c.Stdout, c.Stderr = &out, &errs
	err := process.Run(t.Context(), c)
	exit, ok := errors.AsType[*exec.ExitError](err)
	require.True(t, ok)
	require.Equal(t, 7, exit.ExitCode())
	require.EqualError(t, err, "run "+c.Args[0]+": exit status 7")
	require.Equal(t, "to stdout\n", out.String())
	require.Equal(t, "to stderr\n", errs.String())

	var both bytes.Buffer // not safe for concurrent use: the race detector would tell
	c.Stdout, c.Stderr = &both, &both
	require.Error(t, process.Run(t.Context(), c))
	require.ElementsMatch(t, []string{"to stdout", "to stderr"}, strings.Split(strings.TrimSpace(both.String()), "\n"))
}

func TestRunLooksUpInItsOwnPath(t *testing.T) {
	dir := t.TempDir()
	exe, err := os.Executable()
	require.NoError(t, err)
	require.NoError(t, os.Symlink(exe, filepath.Join(dir, "serverless")))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "plain"), nil, 0o600))
	t.Setenv("PATH", dir)

	run := func(name, path, in string) error {
		return process.Run(t.Context(), process.Command{Args: []string{name}, Dir: in, Env: []string{role + "=env", quick, "PATH=" + path}})
	}
	require.NoError(t, run("serverless", "/nowhere:"+dir, ""))
	require.NoError(t, run("./serverless", "", dir))
	for _, tt := range []struct{ name, path, in string }{
		{"serverless", "/nowhere", ""},
		{"serverless", ".", dir},
		{"serverless", "", dir},
		{"plain", dir, ""},
	} {
		err := run(tt.name, tt.path, tt.in)
		require.ErrorIs(t, err, exec.ErrNotFound)
		require.ErrorContains(t, err, fmt.Sprintf("run %s: executable file not found in $PATH (its PATH is %q)", tt.name, tt.path))
	}
	require.ErrorIs(t, run("./gone", "", dir), os.ErrNotExist)
	require.EqualError(t, process.Run(t.Context(), process.Command{}), "run: no program")
}

func TestRunStreams(t *testing.T) {
	p := listen(t)
	r, w := io.Pipe()
	c := program(t, "lines", "TEXT=one\ntwo\n", "TEST_ADDR="+p.l.Addr().String())
	c.Stdout = w
	done := make(chan error, 1)
	go func() { done <- process.Run(t.Context(), c) }()
	lines := bufio.NewScanner(r)
	for _, want := range []string{"one", "two"} {
		require.True(t, lines.Scan())
		require.Equal(t, want, lines.Text()) // it has not ended yet: it waits for us
		p.accept()
	}
	require.NoError(t, <-done)
}

func TestRunEnds(t *testing.T) {
	stop := errors.New("somebody asked for it")
	for _, tt := range []struct {
		as    string
		grace time.Duration
		out   string
		env   string
	}{
		{"polite", time.Minute, "interrupted\n", ""},
		{"polite", -1, "", ""},
		{"stubborn", 10 * time.Millisecond, "", ""},
		{"parent", 10 * time.Millisecond, "", "STAY=1"}, // what dies last is a grandchild
	} {
		t.Run(fmt.Sprint(tt.as, tt.grace), func(t *testing.T) {
			p := listen(t)
			var out bytes.Buffer
			c := program(t, tt.as, "TEST_ADDR="+p.l.Addr().String(), tt.env)
			c.Stdout, c.Grace = &out, tt.grace
			ctx, cancel := context.WithCancelCause(t.Context())
			done := make(chan error, 1)
			go func() { done <- process.Run(ctx, c) }()
			conn := p.accept()
			cancel(stop)
			err := <-done
			require.ErrorIs(t, err, stop)
			dead(t, conn)
			require.Equal(t, tt.out, out.String())
			if tt.out == "" {
				require.ErrorContains(t, err, "somebody asked for it (signal: ")
			}
		})
	}

	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(stop)
	require.ErrorIs(t, process.Run(ctx, program(t, "fail")), stop)
}

func TestRunLeavesNothingBehind(t *testing.T) {
	p := listen(t)
	var out bytes.Buffer
	c := program(t, "parent", "TEST_ADDR="+p.l.Addr().String())
	c.Stdout = &out
	done := make(chan error, 1)
	go func() { done <- process.Run(t.Context(), c) }()
	conns := []net.Conn{p.accept(), p.accept()} // of the program and its child
	for _, conn := range conns {
		_, err := conn.Write([]byte{1})
		require.NoError(t, err)
	}
	require.NoError(t, <-done)
	for _, conn := range conns {
		dead(t, conn)
	}
}

// failing is a log that cannot be written.
type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestRunGoesOnIfTheLogFails(t *testing.T) {
	p := listen(t)
	full := errors.New("disk is full")
	c := program(t, "lines", "TEXT="+strings.Repeat("x\n", 3), "TEST_ADDR="+p.l.Addr().String())
	c.Stdout = failing{full}
	done := make(chan error, 1)
	go func() { done <- process.Run(t.Context(), c) }()
	for range 3 {
		p.accept()
	}
	require.ErrorIs(t, <-done, full)
}

func TestStartedComesBeforeTheProgram(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ran")
	no := errors.New("ledger is gone")
	var group process.Group
	c := program(t, "touch", "FILE="+file)
	c.Started = func(g process.Group) error {
		group = g
		require.NoFileExists(t, file)
		return no
	}
	err := process.Run(t.Context(), c)
	require.ErrorIs(t, err, no)
	require.ErrorContains(t, err, "not started: ledger is gone")
	require.NoFileExists(t, file)
	require.Positive(t, group.ID)

	c.Started = func(g process.Group) error {
		back, err := process.ParseGroup(g.String())
		require.NoError(t, err)
		require.Equal(t, g, back)
		return nil
	}
	require.NoError(t, process.Run(t.Context(), c))
	require.FileExists(t, file)

	ended, err := process.End(t.Context(), group, 0)
	require.NoError(t, err)
	require.False(t, ended)
}

// runner starts a runner in a process of its own and returns the group that it
// has recorded once that runner was killed.
func runner(t *testing.T, die, as string, env ...string) (g process.Group, wait func()) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "group")
	exe, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(exe)
	cmd.Env = append([]string{role + "=runner", quick, "PROGRAM=" + as, "GROUP=" + file, "DIE=" + die}, env...)
	require.NoError(t, cmd.Start())
	var once sync.Once
	wait = func() { once.Do(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }) }
	t.Cleanup(wait)
	require.Eventually(t, func() bool {
		b, err := os.ReadFile(file)
		if err != nil || len(b) == 0 {
			return false
		}
		g, err = process.ParseGroup(string(b))
		return err == nil
	}, 20*time.Second, 5*time.Millisecond)
	return g, wait
}

func TestProgramDoesNotRunIfTheRunnerDiesBefore(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ran")
	g, wait := runner(t, "started", "touch", "FILE="+file)
	wait()
	require.Eventually(t, func() bool {
		ended, err := process.End(t.Context(), g, 20*time.Second)
		return err == nil && !ended
	}, 20*time.Second, 5*time.Millisecond)
	require.NoFileExists(t, file)
}

func TestEnd(t *testing.T) {
	for _, tt := range []struct {
		as    string
		grace time.Duration
		env   string
	}{
		{"polite", time.Minute, ""},
		{"stubborn", 10 * time.Millisecond, ""},
		{"stubborn", -1, ""},
		{"parent", -1, "STAY=1"},
	} {
		t.Run(fmt.Sprint(tt.as, tt.grace), func(t *testing.T) {
			p := listen(t)
			g, wait := runner(t, "", tt.as, "TEST_ADDR="+p.l.Addr().String(), tt.env)
			conn := p.accept()
			wait() // the runner is dead by kill -9, its program is not

			other := g
			other.Start += "1"
			ended, err := process.End(t.Context(), other, -1)
			require.NoError(t, err)
			require.False(t, ended, "the number was given to somebody else")
			other = g
			other.Host = "elsewhere"
			_, err = process.End(t.Context(), other, -1)
			require.ErrorIs(t, err, process.ErrElsewhere)
			require.EqualError(t, err, fmt.Sprintf("end process group %d: started on another machine, or before a restart", g.ID))
			lives(t, conn)

			ended, err = process.End(t.Context(), g, tt.grace)
			require.NoError(t, err)
			require.True(t, ended)
			dead(t, conn)
			ended, err = process.End(t.Context(), g, tt.grace)
			require.NoError(t, err)
			require.False(t, ended)
		})
	}
}

func TestEndStopsWithItsContext(t *testing.T) {
	p := listen(t)
	g, wait := runner(t, "", "stubborn", "TEST_ADDR="+p.l.Addr().String())
	conn := p.accept()
	wait()
	stop := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(stop)
	_, err := process.End(ctx, g, time.Minute)
	require.ErrorIs(t, err, stop)
	lives(t, conn)
	_, err = process.End(t.Context(), g, -1)
	require.NoError(t, err)
	dead(t, conn)
}

// A group whose first process is gone is still running if others are.
func TestEndOfAGroupThatHasLostItsFirst(t *testing.T) {
	p := listen(t)
	g, wait := runner(t, "", "parent", "STAY=1", "TEST_ADDR="+p.l.Addr().String())
	conn := p.accept()
	wait()
	require.NoError(t, syscall.Kill(g.ID, syscall.SIGKILL)) // the first alone
	lives(t, conn)
	ended, err := process.End(t.Context(), g, -1)
	require.NoError(t, err)
	require.True(t, ended)
	dead(t, conn)
}

func FuzzParseGroup(f *testing.F) {
	for _, s := range []string{"", "42 1 h", "1 1 h", "-5 1 h", "042 1 h", "42  h", "42 1 h x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		g, err := process.ParseGroup(s)
		if err != nil {
			return
		}
		if g.String() != s || g.ID <= 1 {
			t.Fatalf("%q comes back as %q", s, g)
		}
	})
}
