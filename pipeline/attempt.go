package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/slsflow/slsflow/internal/redact"
)

// maxError is how much of the text of an error is kept, in bytes.
const maxError = 8 << 10

// launch makes an attempt that is in the ledger, or ends a lost one.
func (c *carrier) launch(a Attempt, end bool) {
	ctx, stop := context.WithCancelCause(c.ctx)
	c.flights[a] = &flight{stop: stop}
	s := c.book.state
	i := s.g.index[a.Job]
	p := s.g.plan.Jobs[i]
	step := s.g.step(i, a.Step)
	js := s.jobState(i)
	mask := redact.NewSet()
	t := Task{
		Run: s.run, Plan: s.g.plan, Job: p, Step: p.Steps[step],
		Attempt: a.Number, Token: c.book.token,
		Results: s.results(i), Notes: slices.Clone(js.Steps[step].Notes), Mask: mask.Add,
	}
	t.Note = func(ctx context.Context, note json.RawMessage) error { return c.note(ctx, a, mask, note) }
	failures := js.Steps[step].Failures
	go func() {
		// An executor may end its goroutine, as the functions of package testing
		// do, and the carrier must learn of that too.
		e := Entry{
			Kind: Ended, Job: a.Job, Step: a.Step, Attempt: a.Number,
			Status: Failed, Error: "the executor ended its goroutine without returning",
		}
		defer func() { c.events <- event{attempt: a, entry: e} }()
		if end {
			e.Status = Cancelled
			e = c.end(ctx, t, a, mask)
		} else {
			e = c.attempt(ctx, t, a, mask, failures)
		}
	}()
}

// shortestInNote is the length of the shortest secret that is looked for in a
// note: the number of a process may hold a shorter one by chance, and the step
// could then never run.
const shortestInNote = 6

// note is what [Task.Note] does.
func (c *carrier) note(ctx context.Context, a Attempt, mask *redact.Set, note json.RawMessage) error {
	if !json.Valid(note) {
		return errors.New("note: it is no valid JSON")
	}
	if mask.FindsLong(string(note), shortestInNote) {
		return errors.New("note: it holds a secret")
	}
	e := Entry{Kind: Noted, Job: a.Job, Step: a.Step, Attempt: a.Number, Note: slices.Clone(note)}
	if err := c.fits(e); err != nil {
		return fmt.Errorf("note: %w", err)
	}
	ev := event{attempt: a, entry: e, reply: make(chan error, 1)}
	select {
	case c.events <- ev:
		return <-ev.reply
	case <-ctx.Done():
		return fmt.Errorf("note: %w", context.Cause(ctx))
	}
}

// fits checks an entry as it will be when it is written.
func (c *carrier) fits(e Entry) error {
	e.V, e.N, e.Token, e.At = Version, 1<<40, 1<<60, c.now()
	return e.Check()
}

// end has the executor end what a lost attempt has left.
func (c *carrier) end(ctx context.Context, t Task, a Attempt, mask *redact.Set) Entry {
	e := Entry{Kind: Ended, Job: a.Job, Step: a.Step, Attempt: a.Number, Status: Cancelled, Error: "lost before the run was cancelled"}
	log := c.openLog(t, mask)
	defer log.close()
	t.Log = log
	ctx, done := c.within(ctx, c.timeout(t.Step))
	defer done()
	_, err := guard(func() (json.RawMessage, error) { return nil, c.ender.End(ctx, t) })
	if err != nil {
		e.Error = cut(mask.Text("lost before the run was cancelled, and not ended: " + err.Error()))
	}
	return e
}

func (c *carrier) timeout(s Step) time.Duration {
	if s.Timeout > 0 {
		return s.Timeout
	}
	return c.Timeout
}

// within returns a context that ends with the cause ErrTimeout after d, by the
// runner's clock.
func (c *carrier) within(ctx context.Context, d time.Duration) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	timer, stop := c.Clock.After(d)
	go func() {
		select {
		case <-timer:
			cancel(ErrTimeout)
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		stop()
		cancel(nil)
	}
}

// attempt makes one attempt of a step and returns the entry that ends it.
func (c *carrier) attempt(ctx context.Context, t Task, a Attempt, mask *redact.Set, failures int) Entry {
	log := c.openLog(t, mask)
	defer log.close()
	t.Log = log
	limit := c.timeout(t.Step)
	ctx, done := c.within(ctx, limit)
	defer done()
	result, err := guard(func() (json.RawMessage, error) { return c.Executor.Execute(ctx, t) })
	cause := context.Cause(ctx) // before done sets one
	done()

	e := Entry{Kind: Ended, Job: a.Job, Step: a.Step, Attempt: a.Number}
	if skip, ok := errors.AsType[*SkipError](err); ok {
		e.Status, e.Reason = Skipped, cut(mask.Text(skip.Reason))
		return e
	}
	if err == nil {
		e.Status, e.Result = Succeeded, result
		err = c.checkResult(e, mask)
		if err == nil {
			return e
		}
		e.Result, cause = nil, nil
	}
	e.Status, e.Error = Failed, err.Error()
	if class, ok := errors.AsType[*ClassError](err); ok {
		e.Class = class.Class
	}
	switch {
	case errors.Is(cause, ErrCancelled):
		e.Status = Cancelled
	case errors.Is(cause, ErrTimeout):
		e.Class, e.Error = ClassTimeout, fmt.Sprintf("timed out after %v: %v", limit, err)
	case cause != nil:
		e.Status = Interrupted
	}
	e.Error = cut(mask.Text(e.Error))
	if len(e.Class) > MaxName {
		e.Class = ""
	}
	if r := t.Step.Retry; e.Status == Failed && failures+1 < r.Attempts && slices.Contains(r.Classes, e.Class) {
		e.RetryAt = c.now().Add(backoff(r.Delay, failures))
	}
	return e
}

// backoff doubles the delay with each failure before, up to a day.
func backoff(delay time.Duration, failures int) time.Duration {
	const most = 24 * time.Hour
	for range failures {
		if delay >= most {
			break
		}
		delay = min(2*delay, most)
	}
	return delay
}

func (c *carrier) checkResult(e Entry, mask *redact.Set) error {
	if len(e.Result) == 0 {
		return nil
	}
	if !json.Valid(e.Result) {
		return errors.New("the result is no valid JSON")
	}
	if mask.Finds(string(e.Result)) {
		return errors.New("the result holds a secret (return a reference to it)")
	}
	if err := c.fits(e); err != nil {
		return fmt.Errorf("the result: %w", err)
	}
	return nil
}

// guard makes a panic of the executor an error of the step.
func guard(f func() (json.RawMessage, error)) (result json.RawMessage, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("executor panicked: %v\n%s", p, debug.Stack())
		}
	}()
	return f()
}

// cut bounds a text, at the border of a rune.
func cut(s string) string {
	if len(s) <= maxError {
		return s
	}
	return strings.ToValidUTF8(s[:maxError], "") + " …"
}
