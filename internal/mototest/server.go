// Package mototest runs a private AWS on loopback: moto, with several accounts, and
// with those faults of its CloudFormation mended that keep the osls CLI from working.
// What was found, and what is mended, is in the README of this folder.
//
// In a test call [Start]; in a program [Launch]. Then [Server.Config] gives an
// aws.Config that acts in an account, and [Server.Env] the environment for a command
// line such as osls. An account exists as soon as it is used. moto lets anybody assume
// any role and do anything: what must be refused cannot be tested with it.
package mototest

import (
	"context"
	_ "embed" // for the server's program
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

//go:embed mend.py
var program []byte

// startTimeout is how long the server may take to answer for the first time.
// A second or two is usual.
const startTimeout = time.Minute

// A Server is a running moto. Its methods may be called concurrently.
type Server struct {
	// URL is the endpoint of all its services, such as http://127.0.0.1:40123.
	URL string

	cmd    *exec.Cmd
	exited chan struct{} // is closed when the process has ended
	client *http.Client
	resets atomic.Int64 // credentials of before a reset belong to nobody
}

// Launch starts a server on a free port of 127.0.0.1 with the given Python, which must
// have moto[server] (internal/testenv finds one), and waits until it answers. What the
// server prints, a line for each request above all, is written to log; nil discards it.
//
// The server ends when [Server.Close] is called, when ctx is done, and when this
// process ends, however it ends.
func Launch(ctx context.Context, python string, log io.Writer) (*Server, error) {
	s, err := launch(ctx, python, log)
	if err != nil {
		return nil, fmt.Errorf("mototest: start %s: %w", filepath.Base(python), err)
	}
	return s, nil
}

// launch keeps the program in a file until the server has answered, and so has read it.
func launch(ctx context.Context, python string, log io.Writer) (_ *Server, err error) {
	dir, err := os.MkdirTemp("", "mototest")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	file := filepath.Join(dir, "mend.py")
	if err := os.WriteFile(file, program, 0o600); err != nil {
		return nil, err
	}
	s, err := start(ctx, python, file, log)
	if err != nil {
		return nil, err
	}
	if err := s.wait(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// start begins the process. It hands over a socket that listens already: no port has
// to be guessed, and a first request waits for its answer instead of being refused.
func start(ctx context.Context, python, file string, log io.Writer) (*Server, error) {
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer listener.Close()
	tcp, ok := listener.(*net.TCPListener)
	if !ok {
		return nil, fmt.Errorf("listen: %T", listener)
	}
	socket, err := tcp.File()
	if err != nil {
		return nil, err
	}
	defer socket.Close()

	const fd = 3 // the first of ExtraFiles
	cmd := exec.CommandContext(ctx, python, "-I", file, strconv.Itoa(fd))
	cmd.Dir = os.TempDir()
	cmd.Env = environ(os.Environ())
	cmd.Stdout, cmd.Stderr = log, log
	cmd.ExtraFiles = []*os.File{socket}
	cmd.WaitDelay = 5 * time.Second
	killGroup(cmd)
	// The server ends when its input does, so with this process however it ends.
	if _, err := cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &Server{
		URL:    "http://" + listener.Addr().String(),
		cmd:    cmd,
		exited: make(chan struct{}),
		client: &http.Client{Transport: &http.Transport{}},
	}
	go func() {
		defer close(s.exited)
		_ = cmd.Wait() // that it was killed is no news; ProcessState has the rest
	}()
	return s, nil
}

// environ is env without what would change the server: settings of moto and AWS.
func environ(env []string) []string {
	var keep []string
	for _, kv := range env {
		if !strings.HasPrefix(kv, "MOTO_") && !strings.HasPrefix(kv, "AWS_") {
			keep = append(keep, kv)
		}
	}
	return keep
}

// wait returns when the server has answered.
func (s *Server) wait(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, fmt.Errorf("no answer within %v", startTimeout))
	defer cancel()
	err := s.post(ctx, "/moto-api/reset")
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	// Most likely the process has ended and its socket was closed with it.
	select {
	case <-s.exited:
		return fmt.Errorf("it ended at once: %v (its output says why; run make testenv)", s.cmd.ProcessState)
	case <-time.After(time.Second):
		return err
	}
}

func (s *Server) post(ctx context.Context, path string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+path, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	err = errors.Join(err, resp.Body.Close())
	if resp.StatusCode != http.StatusOK {
		err = errors.Join(err, fmt.Errorf("post %s: %s", path, resp.Status))
	}
	return err
}

// Clear deletes everything in all accounts, credentials too. A Config made before
// gets itself new ones; what [Server.Env] gave must be asked for again, as its old
// keys would act in moto's default account, 123456789012.
func (s *Server) Clear(ctx context.Context) error {
	defer s.resets.Add(1)
	if err := s.post(ctx, "/moto-api/reset"); err != nil {
		return fmt.Errorf("mototest: clear: %w", err)
	}
	return nil
}

// Close ends the server and waits until it is gone. It may be called more than once.
func (s *Server) Close() error {
	s.client.CloseIdleConnections()
	select {
	case <-s.exited:
	default:
		if err := s.cmd.Cancel(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return fmt.Errorf("mototest: close: %w", err)
		}
		<-s.exited
	}
	return nil
}
