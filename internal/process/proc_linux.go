package process

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// reap waits for the program, kills what it left in its group, and returns how
// it ended. The program is not waited for before the kill, so that the number of
// the group cannot be another's by then.
func (ch *child) reap() error {
	for {
		err := unix.Waitid(unix.P_PID, ch.id, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	ch.mu.Lock()
	defer ch.mu.Unlock()
	_ = syscall.Kill(-ch.id, syscall.SIGKILL)
	ch.gone = true
	return ch.cmd.Wait()
}

// host is the boot of the machine and the container in which a number of a
// process counts.
func host() (string, error) {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", err
	}
	space, err := os.Readlink("/proc/self/ns/pid") // pid:[4026531836]
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(string(boot)) + "/" + space, nil
}

// stat is what /proc tells of a process.
// https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
type stat struct {
	state string
	group int
	start string // in clock ticks since the boot
}

// statOf has three results: a process that is not there is no error.
func statOf(id string) (stat, bool, error) {
	b, err := os.ReadFile("/proc/" + id + "/stat")
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
		return stat{}, false, nil
	}
	if err != nil {
		return stat{}, false, err
	}
	return parseStat(string(b))
}

func parseStat(s string) (stat, bool, error) {
	// The second field is the name of the program in parentheses, which may hold
	// spaces and parentheses. What is behind it is the third to the last field.
	field := strings.Fields(s[strings.LastIndexByte(s, ')')+1:])
	if len(field) < 20 {
		return stat{}, false, fmt.Errorf("/proc: %q is no state of a process", s)
	}
	group, err := strconv.Atoi(field[2])
	if err != nil {
		return stat{}, false, fmt.Errorf("/proc: %q is no state of a process: %w", s, err)
	}
	return stat{state: field[0], group: group, start: field[19]}, true, nil
}

func startOf(id int) (string, bool, error) {
	s, ok, err := statOf(strconv.Itoa(id))
	return s.start, ok, err
}

// alive reports whether a group has a process that is no zombie: a zombie does
// nothing, and may stay for as long as its parent likes.
func alive(group int) (bool, error) {
	if err := syscall.Kill(-group, 0); errors.Is(err, syscall.ESRCH) {
		return false, nil
	}
	dir, err := os.Open("/proc")
	if err != nil {
		return false, err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return false, err
	}
	for _, name := range names {
		if name[0] < '1' || name[0] > '9' {
			continue
		}
		s, ok, err := statOf(name)
		if err != nil {
			return false, err
		}
		if ok && s.group == group && s.state != "Z" && s.state != "X" {
			return true, nil
		}
	}
	return false, nil
}
