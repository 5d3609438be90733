package nodefile

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/slsflow/slsflow/internal/process"
)

const (
	// maxMessage bounds what a file gives or asks for, in bytes of JSON.
	maxMessage = 16 << 20
	// maxTail and maxLines are how much of what was printed an error quotes, in bytes
	// and lines.
	maxTail  = 2 << 10
	maxLines = 4
	// drain is how long is waited for what the process has said before its end.
	drain = time.Second
)

// node is a running process.
type node struct {
	cancel  context.CancelCauseFunc
	timeout time.Duration
	ended   chan struct{} // closed when nothing more comes; then err says why
	err     error

	mu     sync.Mutex
	last   int
	calls  map[int]listener
	queue  []byte        // to be written
	queued chan struct{} // has one if there is something
}

// listener is the call that waits for what a file says, until ctx is done.
type listener struct {
	ctx    context.Context //nolint:containedctx // its only use is the end of it
	events chan told
}

// told is what the process says: a question, or with Ask 0 the result of a call.
type told struct {
	Call     int
	Ask      int
	Variable *string // of resolveVariable
	Property []string
	Text     string

	Found        bool
	Value        json.RawMessage
	Error        *string
	Line, Column int
	Refused      int // the question whose error it is
}

// start begins a process that outlives ctx.
func start(ctx context.Context, o Options) (*node, error) {
	theirIn, to, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	from, theirOut, err := os.Pipe()
	if err != nil {
		_, _ = theirIn.Close(), to.Close()
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	n := &node{cancel: cancel, timeout: o.Timeout, ended: make(chan struct{}), calls: make(map[int]listener), queued: make(chan struct{}, 1)}
	var last tail
	stderr := io.Writer(&last)
	if o.Log != nil {
		stderr = io.MultiWriter(&last, o.Log)
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		n.read(from)
	}()
	go n.write(to)
	go func() {
		defer close(n.ended)
		err := process.Run(ctx, process.Command{
			Args: []string{o.Node, "-e", script}, Dir: o.Dir, Env: o.Env,
			Stdout: o.Log, Stderr: stderr, Grace: -1, ExtraFiles: []*os.File{theirIn, theirOut},
		})
		_, _ = theirIn.Close(), theirOut.Close()
		_ = from.SetReadDeadline(time.Now().Add(drain)) // somebody else may hold it open
		<-read
		_, _ = from.Close(), to.Close()
		switch cause := context.Cause(ctx); {
		case cause != nil:
			n.err = cause
		case err != nil:
			n.err = last.explain(err)
		default:
			n.err = errors.New("it has ended the process")
		}
	}()
	return n, nil
}

// read gives what the process says to the calls that it is for.
func (n *node) read(from io.Reader) {
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, maxMessage)
	for lines.Scan() {
		var t told
		if err := json.Unmarshal(lines.Bytes(), &t); err != nil {
			n.cancel(fmt.Errorf("what it says cannot be read: %w", err))
			return
		}
		n.mu.Lock()
		l, ok := n.calls[t.Call]
		n.mu.Unlock()
		if ok {
			select {
			case l.events <- t:
			case <-l.ctx.Done():
			}
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		n.cancel(fmt.Errorf("its value is larger than %d MiB", maxMessage>>20))
	}
}

// send queues a message: neither side waits for the other to read, which could be
// forever.
func (n *node) send(message map[string]any) error {
	line, err := json.Marshal(message)
	if err != nil {
		return err
	}
	n.mu.Lock()
	n.queue = append(n.queue, append(line, '\n')...)
	n.mu.Unlock()
	select {
	case n.queued <- struct{}{}:
	default:
	}
	return nil
}

// write writes what is queued, until the process has ended.
func (n *node) write(to io.Writer) {
	for {
		select {
		case <-n.queued:
		case <-n.ended:
			return
		}
		n.mu.Lock()
		bytes := n.queue
		n.queue = nil
		n.mu.Unlock()
		if _, err := to.Write(bytes); err != nil {
			return // it has ended
		}
	}
}

func (n *node) close() {
	n.cancel(errClosed)
	<-n.ended
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if len(t.text) > 2*maxTail {
		t.text = append([]byte(nil), t.text[len(t.text)-maxTail:]...)
	}
	return len(p), nil
}

// explain adds the last lines that were written to an error, but for those of a
// stack.
func (t *tail) explain(err error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	var lines []string
	for line := range strings.Lines(string(t.text[max(0, len(t.text)-maxTail):])) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "at ") {
			lines = append(lines, line)
		}
	}
	if lines == nil {
		return err
	}
	return fmt.Errorf("%w (%s)", err, strings.Join(lines[max(0, len(lines)-maxLines):], "; "))
}
