package pipeline

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/slsflow/slsflow/internal/redact"
)

// stepLog is what [Task.Log] writes to: secrets are masked, then lines go to
// those who watch, and all of it to the store, up to a bound. Writing never
// fails, since a log that cannot be kept must not fail a step.
type stepLog struct {
	out   *redact.Writer
	kept  *keeper
	lines *liner
	fail  func(error)
}

func (c *carrier) openLog(t Task, mask *redact.Set) *stepLog {
	id := LogID{Run: t.Run, Job: t.Job.ID, Step: t.Step.Name, Attempt: t.Attempt}
	l := &stepLog{fail: func(err error) {
		c.Logger.WarnContext(c.ctx, "log is not kept", "run", id.Run, "job", id.Job, "step", id.Step, "error", err)
	}}
	if c.Logs != nil {
		w, err := c.Logs.Create(c.ctx, id)
		if err != nil {
			l.fail(err)
		} else {
			l.kept = newKeeper(w, c.LogLimit)
		}
	}
	l.lines = &liner{to: func(text string) {
		for _, r := range c.Reporters {
			if lr, ok := r.(LineReporter); ok {
				lr.ReportLine(Line{Run: id.Run, Job: id.Job, Step: id.Step, Attempt: id.Attempt, Text: text})
			}
		}
	}}
	l.out = redact.NewWriter(sink(l.masked), mask)
	return l
}

// Write masks p and passes it on. It may be called concurrently.
func (l *stepLog) Write(p []byte) (int, error) {
	_, _ = l.out.Write(p)
	return len(p), nil
}

// masked gets what may be seen. The redact.Writer calls it one at a time.
func (l *stepLog) masked(p []byte) {
	l.lines.write(p)
	if l.kept != nil {
		l.kept.write(p)
	}
}

// close passes on what was held back. What is written later is dropped.
func (l *stepLog) close() {
	_ = l.out.Close()
	l.lines.flush()
	if l.kept == nil {
		return
	}
	if err := l.kept.close(); err != nil {
		l.fail(err)
	}
}

type sink func([]byte)

func (s sink) Write(p []byte) (int, error) {
	s(p)
	return len(p), nil
}

// keeper writes the first bytes as they come, and keeps the last ones in memory
// until it is closed. What is between, it leaves out.
type keeper struct {
	w     io.WriteCloser
	head  int    // bytes that may still be written
	tail  []byte // at most 2*limit, of which the last limit count
	limit int
	left  int64 // bytes left out
	err   error
}

// maxTail is how much of the end of a long log is kept, in bytes.
const maxTail = 64 << 10

func newKeeper(w io.WriteCloser, limit int) *keeper {
	tail := min(limit/2, maxTail)
	return &keeper{w: w, head: limit - tail, limit: tail}
}

func (k *keeper) write(p []byte) {
	if n := min(len(p), k.head); n > 0 {
		k.put(p[:n])
		k.head -= n
		p = p[n:]
	}
	k.tail = append(k.tail, p...)
	if len(k.tail) > 2*k.limit {
		k.trim()
	}
}

func (k *keeper) trim() {
	if cut := len(k.tail) - k.limit; cut > 0 {
		k.left += int64(cut)
		k.tail = append(k.tail[:0], k.tail[cut:]...)
	}
}

func (k *keeper) put(p []byte) {
	if k.err == nil {
		_, k.err = k.w.Write(p)
	}
}

func (k *keeper) close() error {
	k.trim()
	if k.left > 0 {
		k.put(fmt.Appendf(nil, "\n[%d bytes left out]\n", k.left))
	}
	k.put(k.tail)
	if err := k.w.Close(); k.err == nil {
		k.err = err
	}
	return k.err
}

// liner makes lines of what it is given, each of at most MaxLine bytes.
type liner struct {
	to   func(string)
	line []byte
	cut  bool // the line was longer
}

func (l *liner) write(p []byte) {
	for len(p) > 0 {
		text, rest, found := bytes.Cut(p, []byte("\n"))
		if room := MaxLine - len(l.line); len(text) > room {
			text, l.cut = text[:room], true
		}
		l.line = append(l.line, text...)
		if !found {
			return
		}
		l.emit()
		p = rest
	}
}

func (l *liner) flush() {
	if len(l.line) > 0 {
		l.emit()
	}
}

func (l *liner) emit() {
	line := strings.ToValidUTF8(strings.TrimSuffix(string(l.line), "\r"), "\uFFFD")
	if l.cut {
		const mark = " …"
		line = strings.ToValidUTF8(line[:min(len(line), MaxLine-len(mark))], "") + mark
	}
	l.line, l.cut = l.line[:0], false
	l.to(line)
}

var _ io.Writer = (*stepLog)(nil)
