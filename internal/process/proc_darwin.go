package process

import (
	"errors"
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// reap waits for the program, kills what it left in its group, and returns how
// it ended.
func (ch *child) reap() error {
	err := ch.cmd.Wait()
	ch.mu.Lock()
	defer ch.mu.Unlock()
	_ = syscall.Kill(-ch.id, syscall.SIGKILL)
	ch.gone = true
	return err
}

// host is the boot of the machine.
func host() (string, error) {
	boot, err := unix.Sysctl("kern.bootsessionuuid")
	if err != nil {
		return "", fmt.Errorf("kern.bootsessionuuid: %w", err)
	}
	return boot, nil
}

// startOf has three results: a process that is not there is no error.
func startOf(id int) (string, bool, error) {
	p, err := unix.SysctlKinfoProc("kern.proc.pid", id)
	if errors.Is(err, unix.EIO) || errors.Is(err, unix.ESRCH) {
		return "", false, nil // the answer is empty
	}
	if err != nil {
		return "", false, fmt.Errorf("kern.proc.pid: %w", err)
	}
	if int(p.Proc.P_pid) != id {
		return "", false, nil
	}
	at := p.Proc.P_starttime
	return fmt.Sprintf("%d.%06d", at.Sec, at.Usec), true, nil
}

// alive reports whether a group has a process that is no zombie.
func alive(group int) (bool, error) {
	procs, err := unix.SysctlKinfoProcSlice("kern.proc.pgrp", group)
	if err != nil {
		return false, fmt.Errorf("kern.proc.pgrp: %w", err)
	}
	const zombie = 5 // SZOMB of sys/proc.h
	for _, p := range procs {
		if p.Proc.P_stat != zombie {
			return true, nil
		}
	}
	return false, nil
}
