package pipeline

import (
	"errors"
	"fmt"
)

// Questions that a caller asks of an error.
var (
	// ErrExists: a run with this ID has been recorded already.
	ErrExists = errors.New("run exists already")
	// ErrNotFound: no run with this ID has been recorded.
	ErrNotFound = errors.New("no such run")
	// ErrConflict: the log has entries that the writer has not read yet.
	ErrConflict = errors.New("log has grown since it was read")
	// ErrFenced: somebody with a newer token has taken the run over.
	ErrFenced = errors.New("taken over by another runner")
	// ErrFinished: the run has ended, and nothing more is written to its log.
	ErrFinished = errors.New("run is finished")
	// ErrTooLarge: an entry has more than [MaxEntry] bytes.
	ErrTooLarge = errors.New("entry is too large")
	// ErrBusy: another run holds the key, and the runner does not wait.
	ErrBusy = errors.New("key is busy")
	// ErrStopped is the cause with which the context of an attempt ends when the
	// context of the runner does. The run can be resumed.
	ErrStopped = errors.New("runner stopped")
	// ErrCancelled is the cause with which the context of an attempt ends when
	// the run is cancelled.
	ErrCancelled = errors.New("run cancelled")
	// ErrTimeout is the cause with which the context of an attempt ends when the
	// step has used up its time.
	ErrTimeout = errors.New("step timed out")
)

// ClassTimeout is the class of the error of a step that ran out of time, for
// [Retry.Classes].
const ClassTimeout = "timeout"

// SkipError ends a step as skipped. [Skip] makes one.
type SkipError struct {
	// Reason says why there was nothing to do.
	Reason string
}

// Error returns the reason.
func (e *SkipError) Error() string { return "skipped: " + e.Reason }

// Skip returns an error with which an [Executor] says that a step had nothing
// to do. It counts as a success. The text is formatted as by [fmt.Sprintf].
func Skip(format string, args ...any) error {
	return &SkipError{Reason: fmt.Sprintf(format, args...)}
}

// ClassError is an error with a class. [Classify] makes one.
type ClassError struct {
	// Class is what [Retry.Classes] is compared with, such as "throttled".
	Class string
	// Err is the error itself.
	Err error
}

// Error returns the text of Err.
func (e *ClassError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *ClassError) Unwrap() error { return e.Err }

// Classify gives err a class by which [Retry] decides whether the step is tried
// again. A nil err stays nil. If err has a class already, the new one counts.
func Classify(class string, err error) error {
	if err == nil {
		return nil
	}
	return &ClassError{Class: class, Err: err}
}
