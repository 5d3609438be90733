package slscli

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/slsflow/slsflow/internal/process"
)

const (
	// leavings is where the program keeps what it makes, whatever it is asked.
	leavings = ".serverless"
	// rendered is the file that a document is in while a call has the directory
	// for itself. Its name is in what the program compares to see whether
	// anything has changed, so it is always the same.
	rendered = ".slsflow.json"
	// documents are the files of calls that only read, which may be many at once.
	documents = ".slsflow-*.json"
)

// files are the names that the program takes a service from, in its order.
func files() []string {
	return []string{
		"serverless.yml", "serverless.yaml", "serverless.json", "serverless.js",
		"serverless.mjs", "serverless.cjs", "serverless.ts",
	}
}

// write carries out a command that leaves .serverless, which keep may read before
// it is removed.
func (c CLI) write(ctx context.Context, call Call, timeout time.Duration, command []string, keep func(dir string) error) (err error) {
	ctx, cancel := deadline(ctx, command[0], timeout)
	defer cancel()
	p, err := call.prepare(c, command)
	if err != nil {
		return call.name(c, command, err)
	}
	dir, err := seize(ctx, call.Dir)
	if err != nil {
		return call.name(c, command, err)
	}
	defer func() {
		if closeErr := dir.release(); closeErr != nil {
			err = errors.Join(err, call.name(c, command, closeErr))
		}
	}()
	p.exclusive = true
	if err := p.run(ctx, c, call, nil); err != nil {
		return call.name(c, command, err)
	}
	if keep != nil {
		if err := keep(filepath.Join(call.Dir, leavings)); err != nil {
			return call.name(c, command, err)
		}
	}
	return nil
}

// read carries out a command that only tells something, and returns that.
func (c CLI) read(ctx context.Context, call Call, timeout time.Duration, command []string) ([]byte, error) {
	ctx, cancel := deadline(ctx, command[0], timeout)
	defer cancel()
	p, err := call.prepare(c, command)
	if err != nil {
		return nil, call.name(c, command, err)
	}
	var out bounded
	if err := p.run(ctx, c, call, &out); err != nil {
		return nil, call.name(c, command, err)
	}
	return out.b.Bytes(), nil
}

// bounded is a buffer for what a program prints, as long as it makes sense.
type bounded struct{ b bytes.Buffer }

// answerSize is far above what any service prints.
const answerSize = 64 << 20

func (w *bounded) Write(p []byte) (int, error) {
	if w.b.Len()+len(p) > answerSize {
		return 0, fmt.Errorf("it prints more than %d bytes", answerSize)
	}
	return w.b.Write(p)
}

// deadline bounds a call. The error of one that is out of time says so.
func deadline(ctx context.Context, command string, timeout time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, timeout, fmt.Errorf("%s has not ended within %v: %w", command, timeout, context.DeadlineExceeded))
}

// name adds to an error what was called, once.
func (call Call) name(c CLI, command []string, err error) error {
	if _, named := errors.AsType[*Error](err); named {
		return err
	}
	return fmt.Errorf("%s %s in %s: %w", c.Flavor.program(), command[0], call.Dir, err)
}

// prepared is a call whose arguments are good and whose document is written.
type prepared struct {
	command   []string
	document  []byte
	exclusive bool // no other call has the directory
}

func (call Call) prepare(c CLI, command []string) (prepared, error) {
	if err := call.check(); err != nil {
		return prepared{}, err
	}
	if err := call.service(); err != nil {
		return prepared{}, err
	}
	args, err := call.args(c.Flavor, command, call.Config)
	if err != nil {
		return prepared{}, err
	}
	if err := call.refuse(args); err != nil {
		return prepared{}, err
	}
	p := prepared{command: command}
	if call.Document != nil {
		p.document, err = exclude(call.Document, append(files(), documents))
	}
	return p, err
}

// service returns an error if there is nothing in Dir that could be called.
func (call Call) service() error {
	info, err := os.Stat(call.Dir)
	if err == nil && !info.IsDir() {
		err = errors.New("it is no directory")
	}
	if err != nil || call.Document != nil {
		return err
	}
	names := files()
	if call.Config != "" {
		names = []string{call.Config}
	}
	if !slices.ContainsFunc(names, func(name string) bool {
		info, err := os.Stat(filepath.Join(call.Dir, name))
		return err == nil && info.Mode().IsRegular()
	}) {
		return fmt.Errorf("no %s: %w", names[0], os.ErrNotExist)
	}
	return nil
}

// run carries out the command. Its standard output goes to out, or to the log if
// that is nil.
func (p prepared) run(ctx context.Context, c CLI, call Call, out io.Writer) (err error) {
	config := call.Config
	if p.document != nil {
		write := shared
		if p.exclusive {
			write = alone
		}
		name, remove, docErr := write(call.Dir, p.document)
		if docErr != nil {
			return docErr
		}
		defer func() { err = errors.Join(err, remove()) }()
		config = name
	}
	args, err := call.args(c.Flavor, p.command, config)
	if err != nil {
		return err
	}
	last := &tail{log: call.Log}
	cmd := process.Command{
		Args: slices.Concat(c.command(), args), Dir: call.Dir, Env: call.env(),
		Stdout: last, Stderr: last, Grace: cmp.Or(c.Grace, DefaultGrace),
	}
	if cmd.Dir, err = filepath.Abs(call.Dir); err != nil {
		return err
	}
	if out != nil {
		cmd.Stdout = io.MultiWriter(out, &tail{shared: last})
	}
	if call.Started != nil {
		cmd.Started = func(g process.Group) error { return call.Started(g.String()) }
	}
	if err := process.Run(ctx, cmd); err != nil {
		return call.failure(c, p.command[0], last.text(), err)
	}
	return nil
}

// alone writes the rendered file where the program accepts one, in the directory
// of the service itself, for its owner alone.
func alone(dir string, doc []byte) (name string, remove func() error, err error) {
	path := filepath.Join(dir, rendered)
	remove = func() error { return os.Remove(path) }
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", nil, err
	}
	_, err = f.Write(doc)
	if err := errors.Join(err, f.Close()); err != nil {
		return "", nil, errors.Join(err, remove())
	}
	return rendered, remove, nil
}
