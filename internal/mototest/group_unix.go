//go:build unix

package mototest

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// killGroup makes cmd the leader of a process group, and its Cancel one that kills the
// group.
func killGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error {
		err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		if errors.Is(err, syscall.ESRCH) {
			return os.ErrProcessDone
		}
		return err
	}
}
