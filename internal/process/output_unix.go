//go:build linux || darwin

package process

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"reflect"
	"sync"
	"time"
)

// output copies what a program writes. Its pipes are its own, so that the end of
// the program is seen even while others hold them open.
type output struct {
	write, read []*os.File
	copying     sync.WaitGroup
	mu          sync.Mutex
	errs        []error
}

// connect gives the command its standard output and error.
func connect(cmd *exec.Cmd, stdout, stderr io.Writer) (*output, error) {
	out := &output{}
	if stdout != nil {
		f, err := out.pipe(stdout)
		if err != nil {
			return nil, err
		}
		cmd.Stdout = f
	}
	switch {
	case stderr == nil:
	case stdout != nil && reflect.ValueOf(stdout).Comparable() && stdout == stderr:
		cmd.Stderr = cmd.Stdout
	default:
		f, err := out.pipe(stderr)
		if err != nil {
			out.started()
			return nil, errors.Join(err, out.wait())
		}
		cmd.Stderr = f
	}
	return out, nil
}

// pipe returns the end of a new pipe that the program writes to.
func (o *output) pipe(w io.Writer) (*os.File, error) {
	r, f, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	o.write, o.read = append(o.write, f), append(o.read, r)
	o.copying.Go(func() { o.copy(w, r) })
	return f, nil
}

// copy goes on reading if w fails: a program that is in the middle of an effect
// must not die of a log that is full.
func (o *output) copy(w io.Writer, r *os.File) {
	_, err := io.Copy(w, r)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = o.rest(w, r)
	}
	if err == nil {
		return
	}
	_, _ = io.Copy(io.Discard, r) // until the end, or the deadline of wait
	o.mu.Lock()
	defer o.mu.Unlock()
	o.errs = append(o.errs, err)
}

// rest copies what stands in the pipe when the time for it is over, which is
// much if w is slow.
func (o *output) rest(w io.Writer, r *os.File) error {
	_ = r.SetReadDeadline(time.Now().Add(straggler / 10))
	_, err := io.CopyN(w, r, 64<<10)
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// started closes the ends of the pipes that the program has by now, or never.
func (o *output) started() {
	for _, f := range o.write {
		_ = f.Close()
	}
}

// wait returns when all is copied, or soon if somebody who has left the group
// holds a pipe open, with the errors of the writers.
func (o *output) wait() error {
	for _, r := range o.read {
		_ = r.SetReadDeadline(time.Now().Add(straggler))
	}
	o.copying.Wait()
	for _, r := range o.read {
		_ = r.Close()
	}
	return errors.Join(o.errs...)
}
