package slscli

import (
	"errors"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/slsflow/slsflow/internal/redact"
)

// ErrNoStack is wrapped by the error of Remove and Info for a service that is
// not deployed.
var ErrNoStack = errors.New("no such stack")

// Error is a command that has not succeeded.
type Error struct {
	// Program is what was run, such as "osls", and Command its command.
	Program, Command string
	// Dir is the directory of the service, Stage its stage.
	Dir, Stage string
	// Status is the exit status, or -1 if the program was killed or never ran.
	Status int
	// Reason is what the program gives as the reason, in a few lines, or "".
	Reason string
	// Output is the end of what it printed, 8 KiB at most. Both have the secrets
	// of the call as REDACTED.
	Output string
	// Err is why: the cause of the context, an *exec.ExitError.
	Err error
}

// Error returns the error in one line, or few if the reason has more.
func (e *Error) Error() string {
	s := fmt.Sprintf("%s %s in %s for stage %q: %v", e.Program, e.Command, e.Dir, e.Stage, e.Err)
	if e.Reason != "" {
		s += ": " + e.Reason
	}
	return s
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// failure makes an Error of what the program printed: it prints errors on its
// standard output.
func (call Call) failure(c CLI, command, output string, err error) error {
	output = call.mask(output)
	e := &Error{
		Program: c.Flavor.program(), Command: command, Dir: call.Dir, Stage: call.Stage.String(),
		Status: -1, Output: output, Err: err,
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		e.Status = exit.ExitCode()
		e.Reason = reason(output)
		if (command == "remove" || command == "info") && noStack.MatchString(e.Reason) {
			e.Err = fmt.Errorf("%w (%w)", ErrNoStack, err)
		}
	}
	return e
}

// noStack is how CloudFormation tells of a stack that it does not have.
var noStack = regexp.MustCompile(`(?i)\bstack\b.*\bdoes not exist\b`)

// mask hides the secrets of the call, in whatever form the program prints them.
func (call Call) mask(s string) string {
	set := redact.NewSet()
	for _, secret := range call.secrets() {
		set.Add(secret)
	}
	return set.Text(s)
}

// reasonLines bounds the reason.
const reasonLines = 12

// reason returns what stands behind the last "Error:" up to the next empty line,
// or else the last lines.
func reason(output string) string {
	lines := strings.Split(colors.ReplaceAllString(output, ""), "\n")
	for i, line := range slices.Backward(lines) {
		text, ok := strings.CutPrefix(strings.TrimSpace(line), "Error:")
		if !ok {
			continue
		}
		found := []string{}
		for _, line := range append([]string{text}, lines[i+1:]...) {
			line = strings.TrimSpace(line)
			if line == "" && len(found) > 0 || strings.HasPrefix(line, "Environment:") {
				break
			}
			if line != "" {
				found = append(found, line)
			}
		}
		return strings.Join(found[:min(len(found), reasonLines)], "\n")
	}
	lines = slices.DeleteFunc(lines, func(l string) bool { return strings.TrimSpace(l) == "" })
	return strings.Join(lines[max(0, len(lines)-reasonLines):], "\n")
}

var colors = regexp.MustCompile("\x1b\\[[0-9;?]*[A-Za-z]")

// tailSize bounds what of the output is kept for an error.
const tailSize = 8 << 10

// tail hands what is written to it on to a log, and keeps the end of it.
type tail struct {
	shared *tail // if not nil, whose end this is a part of; nothing is logged
	log    io.Writer
	mu     sync.Mutex
	buf    []byte
}

func (t *tail) Write(p []byte) (int, error) {
	if t.shared != nil {
		t.shared.keep(p)
		return len(p), nil
	}
	t.keep(p)
	if t.log == nil {
		return len(p), nil
	}
	return t.log.Write(p)
}

func (t *tail) keep(p []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p...)
	if over := len(t.buf) - tailSize; over > 0 {
		t.buf = slices.Delete(t.buf, 0, over)
	}
}

// text returns the end of the output, from the start of a line.
func (t *tail) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := string(t.buf)
	if len(s) == tailSize {
		_, s, _ = strings.Cut(s, "\n")
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
