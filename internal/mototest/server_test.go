package mototest_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/mototest"
	"github.com/slsflow/slsflow/internal/testenv"
)

const (
	dev     = "111111111111"
	staging = "222222222222"
	prod    = "333333333333"
)

func accountOf(t *testing.T, cfg aws.Config) string {
	t.Helper()
	out, err := sts.NewFromConfig(cfg).GetCallerIdentity(t.Context(), nil)
	require.NoError(t, err)
	return aws.ToString(out.Account)
}

func TestConfigActsInItsAccount(t *testing.T) {
	s := mototest.Start(t)
	configs := map[string]aws.Config{}
	for _, account := range []string{dev, staging, prod} {
		configs[account] = s.Config(account)
		require.Equal(t, account, accountOf(t, configs[account]))
	}
	// Old keys would now belong to moto's default account, without an error.
	s.Reset(t)
	for account, cfg := range configs {
		require.Equal(t, account, accountOf(t, cfg), "after a reset")
	}
}

func TestConfigFetchesCredentialsOnce(t *testing.T) {
	var log bytes.Buffer
	s, err := mototest.Launch(t.Context(), testenv.Moto(t), &log)
	require.NoError(t, err)
	cfg := s.Config(dev)
	for range 3 {
		require.Equal(t, dev, accountOf(t, cfg))
	}
	require.NoError(t, s.Close()) // now the log is complete
	require.Equal(t, 4, strings.Count(log.String(), `"POST / HTTP`), "one AssumeRole, three GetCallerIdentity")
}

func TestAccountThatIsNone(t *testing.T) {
	_, err := mototest.Start(t).Env(t.Context(), "prod")
	require.EqualError(t, err, `mototest: credentials of account "prod": want 12 digits`)
}

func refused(t *testing.T, address string) bool {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(t.Context(), "tcp", u.Host)
	if err == nil {
		require.NoError(t, conn.Close())
	}
	return err != nil
}

func TestCloseEndsTheServer(t *testing.T) {
	s, err := mototest.Launch(t.Context(), testenv.Moto(t), nil)
	require.NoError(t, err)
	require.False(t, refused(t, s.URL))
	require.NoError(t, s.Close())
	require.True(t, refused(t, s.URL))
	require.NoError(t, s.Close(), "a second time")
	require.ErrorContains(t, s.Clear(t.Context()), "mototest: clear: ")
}

func TestDoneContextEndsTheServer(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s, err := mototest.Launch(ctx, testenv.Moto(t), nil)
	require.NoError(t, err)
	cancel()
	require.Eventually(t, func() bool { return refused(t, s.URL) }, 10*time.Second, 10*time.Millisecond)
	require.NoError(t, s.Close())

	_, err = mototest.Launch(ctx, testenv.Moto(t), nil)
	require.ErrorIs(t, err, context.Canceled)
}

func TestLaunchWithoutMoto(t *testing.T) {
	_, err := mototest.Launch(t.Context(), "no-such-python", nil)
	require.ErrorContains(t, err, "mototest: start no-such-python: ")

	var log bytes.Buffer
	_, err = mototest.Launch(t.Context(), script(t, "echo no module named moto >&2; exit 3"), &log)
	require.ErrorContains(t, err, "it ended at once: exit status 3")
	require.Equal(t, "no module named moto\n", log.String())
}

// script returns the path of a shell script that stands in for python.
func script(t *testing.T, body string) string {
	t.Helper()
	path := t.TempDir() + "/python"
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\n"), 0o700)) //nolint:gosec // it is to be run
	return path
}

// owner is the environment variable that makes this test binary start a server, print
// its address, and wait to be killed.
const owner = "MOTOTEST_TEST_OWNER_PYTHON"

func TestMain(m *testing.M) {
	if python := os.Getenv(owner); python != "" {
		s, err := mototest.Launch(context.Background(), python, nil)
		fmt.Println(s.URL, err)
		select {}
	}
	status := m.Run()
	if only.server != nil {
		_ = only.server.Close()
	}
	os.Exit(status)
}

func TestServerDoesNotOutliveItsOwner(t *testing.T) {
	python := testenv.Moto(t)
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), owner+"="+python)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	var address string
	_, err = fmt.Fscan(out, &address)
	require.NoError(t, err)
	require.False(t, refused(t, address))
	require.NoError(t, cmd.Process.Signal(syscall.SIGKILL))
	require.Error(t, cmd.Wait())
	require.Eventually(t, func() bool { return refused(t, address) }, 10*time.Second, 10*time.Millisecond)
}
