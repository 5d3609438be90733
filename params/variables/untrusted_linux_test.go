package variables_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/slsflow/slsflow/params/variables"
)

const (
	sealedChild = "SLSFLOW_TEST_SEALED"
	noSeccomp   = 77
)

// Behind a filter that kills the process for opening a file or a socket, or for
// starting a program, an untrusted resolution comes to its end. With a file
// source the same document kills it, so the filter would have told.
func TestUntrustedOpensNothing(t *testing.T) {
	if mode := os.Getenv(sealedChild); mode != "" {
		os.Exit(sealed(mode))
	}
	child := func(mode string) (string, *exec.ExitError) {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestUntrustedOpensNothing$")
		cmd.Env = append(os.Environ(), sealedChild+"="+mode, "TOKEN=of-the-environment")
		out, err := cmd.CombinedOutput()
		exit, _ := errors.AsType[*exec.ExitError](err)
		if err != nil && exit == nil {
			require.NoError(t, err)
		}
		return string(out), exit
	}
	out, exit := child("untrusted")
	if exit != nil && exit.ExitCode() == noSeccomp {
		require.NotEqual(t, "true", os.Getenv("CI"), "%s", out)
		t.Skip(out)
	}
	require.Nil(t, exit, "%v: %s", exit, out)
	require.Contains(t, out, "env=${env:TOKEN, 'x'}\n")
	require.Contains(t, out, "file=${file(/etc/hostname)}\n")
	require.Contains(t, out, "nested=${file(${self:name}):a}\n")
	require.Contains(t, out, "name=given-dev\n")
	require.NotContains(t, out, "of-the-environment")

	out, exit = child("file")
	require.NotNil(t, exit, "nothing is told by the filter: %s", out)
	status, ok := exit.Sys().(syscall.WaitStatus)
	require.True(t, ok)
	require.True(t, status.Signaled() && status.Signal() == syscall.SIGSYS, "%v: %s", exit, out)
}

const hostile = `
service: x
name: ${opt:name}-${sls:stage}
env: ${env:TOKEN, 'x'}
file: ${file(/etc/hostname)}
relative: ${file(untrusted.go)}
nested: ${file(${self:name}):a}
git: ${git:branch}
output: ${output:a.b}
ssm: ${ssm:/a}
s3: ${s3:a/b}
http: ${terraform:outputs:a}
again: ${opt:again}
param: ${param:p}
bad: ${self:nope}
params:
  default: {p: '${file(untrusted.go)}'}
`

// sealed is the child.
func sealed(mode string) int {
	if err := seal(); err != nil {
		fmt.Println("no seccomp here:", err)
		return noSeccomp
	}
	d, err := variables.ParseDocument("serverless.yml", []byte(hostile))
	if err != nil {
		return 1
	}
	u := variables.Untrusted{Options: map[string]any{"name": "given", "again": "${file(untrusted.go)}"}, Trails: true}
	result, err := u.Resolve(context.Background(), d)
	if mode == "file" {
		r := variables.Resolver{Partial: true, Sources: variables.Local(os.DirFS("."), ".", u.Options, "dev")}
		result, err = r.Resolve(context.Background(), d)
	}
	for _, leaf := range result.Leaves() {
		fmt.Printf("%s=%v\n", leaf.Path, leaf.Value)
	}
	if err == nil || !strings.Contains(err.Error(), "the document has no nope") {
		fmt.Println(err)
		return 1
	}
	return 0
}

// seal forbids all threads of the process what would reach outside of it.
func seal() error {
	stat, ok := map[string]uint32{"amd64": 262, "arm64": 79}[runtime.GOARCH]
	if !ok {
		return errors.New("the numbers of its calls are not known for " + runtime.GOARCH)
	}
	forbidden := []uint32{
		stat, unix.SYS_OPENAT, unix.SYS_OPENAT2, unix.SYS_STATX, unix.SYS_FACCESSAT, unix.SYS_FACCESSAT2, unix.SYS_READLINKAT,
		unix.SYS_GETDENTS64, unix.SYS_SOCKET, unix.SYS_CONNECT, unix.SYS_SENDTO, unix.SYS_EXECVE, unix.SYS_EXECVEAT, unix.SYS_IO_URING_SETUP,
	}
	filter := []unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}} // the number of the call
	for _, call := range forbidden {
		filter = append(filter,
			unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: 1, K: call},
			unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_KILL_PROCESS})
	}
	filter = append(filter, unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW})
	prog := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	runtime.LockOSThread() // which has the right to set the filter for all
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&prog)))
	runtime.KeepAlive(filter)
	if errno != 0 {
		return errno
	}
	return nil
}
