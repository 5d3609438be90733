package nodefile

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/slsflow/slsflow/internal/yamldoc"
	"github.com/slsflow/slsflow/params/variables"
)

// call is a file that is run for an address.
type call struct {
	name, path string
	keys       []string
	options    map[string]any
	ask        variables.Asker
}

// answer is what a question got.
type answer struct {
	ask   int
	value any
	err   error
}

// run runs one file.
func (n *node) run(outer context.Context, c call) (value any, found bool, err error) {
	ctx, cancel := context.WithCancel(outer)
	defer cancel()
	answers := make(chan answer)
	id, events := n.open(ctx)
	defer n.forget(id)
	if err := n.send(map[string]any{"call": id, "path": c.path, "keys": c.keys, "options": c.options}); err != nil {
		return nil, false, fmt.Errorf("%s: %w", c.name, err)
	}
	timer := time.NewTimer(n.timeout)
	defer timer.Stop()
	errs := make(map[int]error) // by question
	for asking := 0; ; {
		select {
		case t := <-events:
			if t.Ask == 0 {
				return c.result(t, errs)
			}
			asking++
			timer.Stop()
			go func() {
				v, err := c.answer(ctx, t)
				select {
				case answers <- answer{t.Ask, v, err}:
				case <-ctx.Done():
				}
			}()
		case a := <-answers:
			reply := map[string]any{"ask": a.ask, "value": a.value}
			if a.err != nil {
				errs[a.ask] = a.err
				reply = map[string]any{"ask": a.ask, "error": a.err.Error(), "code": codeOf(a.err)}
			}
			if err := n.send(reply); err != nil {
				return nil, false, fmt.Errorf("%s: %w", c.name, err)
			}
			if asking--; asking == 0 {
				timer.Reset(n.timeout)
			}
		case <-timer.C:
			n.cancel(fmt.Errorf("the process was ended, since %s gave no value within %v", c.name, n.timeout))
			<-n.ended
		case <-n.ended:
			return nil, false, fmt.Errorf("%s: %w", c.name, n.err)
		case <-ctx.Done():
			return nil, false, context.Cause(outer)
		}
	}
}

// open makes a call known until ctx is done.
func (n *node) open(ctx context.Context) (id int, events <-chan told) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.last++
	l := listener{ctx, make(chan told)}
	n.calls[n.last] = l
	return n.last, l.events
}

// forget ends a call. What is said to it from now on is lost.
func (n *node) forget(id int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.calls, id)
}

// answer asks what a file wants to have.
func (c call) answer(ctx context.Context, t told) (any, error) {
	switch {
	case t.Property != nil:
		return c.ask.Property(ctx, t.Property...)
	case t.Variable == nil:
		return c.ask.Text(ctx, t.Text)
	}
	text := "${" + *t.Variable + "}"
	if parts, err := variables.Parse(text); err == nil && !parts.Whole(text) {
		return nil, fmt.Errorf("resolveVariable(%q): no variable, want one such as \"env:HOME\"", *t.Variable)
	}
	return c.ask.Text(ctx, text)
}

// codeOf returns the code of an error of a variable, which files may look at.
func codeOf(err error) string {
	if e, ok := errors.AsType[*variables.Error](err); ok {
		return string(e.Code)
	}
	return ""
}

// result reads the result of a call.
func (c call) result(t told, errs map[int]error) (any, bool, error) {
	switch {
	case t.Error == nil && !t.Found:
		return nil, false, nil
	case t.Error == nil:
		v, err := yamldoc.ParseJSON(c.name, t.Value) // which has the numbers of JavaScript
		if err != nil {
			return nil, false, fmt.Errorf("%s: its value cannot be used: %w", c.name, err)
		}
		return v.Value(), true, nil
	case errs[t.Refused] != nil:
		return nil, false, fmt.Errorf("%s: %w", c.name, errs[t.Refused])
	case t.Line > 0:
		return nil, false, fmt.Errorf("%s:%d:%d: %s", c.name, t.Line, max(t.Column, 1), *t.Error)
	}
	return nil, false, fmt.Errorf("%s: %s", c.name, *t.Error)
}
