package variables

import (
	"context"
	"errors"
	"io/fs"
	"strings"
)

// Programs runs the files that are programs, such as JavaScript, for
// [FileAndPrograms]. Package nodefile has one. Its methods are safe for concurrent
// use: programs that do not need each other run at the same time.
type Programs interface {
	// Runs reports whether a file is a program, by its name.
	Runs(name string) bool
	// Run returns what a file gives at an address of keys with dots between them,
	// or all that it gives if the address is "". name is that of the file in the
	// file system of [FileAndPrograms], in which it exists. The results are those of
	// [Source]. A file is run once for an address in one resolution. An error of ask
	// that the program does not handle is wrapped in the error of Run.
	Run(ctx context.Context, name, address string, ask Asker) (value any, found bool, err error)
}

// Asker answers what a program asks of the document while it runs. It is safe for
// concurrent use. Secrets are given in the clear; what a program that has seen one
// returns is a secret.
type Asker interface {
	// Text returns a text with its variables resolved, such as "${env:HOME}". If one
	// spans it, the value may be no text.
	Text(ctx context.Context, text string) (any, error)
	// Property returns a property of the document, nil if there is none. Without
	// keys it is all of the document.
	Property(ctx context.Context, keys ...string) (any, error)
}

// program is a file that runs. It may go on in a later round than it began in.
type program struct {
	asks    chan ask
	done    chan struct{} // closed when result is set
	result  reply
	waiting *ask // that comes next
	fresh   bool // in this round: nothing is known of it yet
	inside  bool // it is waiting for what is being resolved
	secret  bool // it has seen one
	literal bool // it has seen what somebody else has written
}

// ask is a text or a property that a program wants to have.
type ask struct {
	text   string // with "${" in it, or
	keys   []string
	answer chan answer
}

type answer struct {
	value any
	err   *askedError
}

// askedError is why a program did not get what it asked for.
type askedError struct {
	errs  Errors // those that are about the question itself
	cause *Error
}

func (e *askedError) Error() string {
	if len(e.errs) > 0 {
		return e.errs.Error()
	}
	return e.cause.Error()
}

// Unwrap returns the problems, for their codes.
func (e *askedError) Unwrap() error {
	if len(e.errs) > 0 {
		return e.errs
	}
	return e.cause
}

func (p *program) Text(ctx context.Context, text string) (any, error) {
	return p.ask(ctx, ask{text: text})
}

func (p *program) Property(ctx context.Context, keys ...string) (any, error) {
	return p.ask(ctx, ask{keys: keys})
}

func (p *program) ask(ctx context.Context, q ask) (any, error) {
	q.answer = make(chan answer, 1)
	select {
	case p.asks <- q:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	select {
	case a := <-q.answer:
		if a.err != nil {
			return nil, a.err
		}
		return a.value, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// next waits until the program asks for something or is done, which is false.
func (p *program) next(ctx context.Context) bool {
	if p.waiting != nil {
		return true
	}
	select {
	case q := <-p.asks:
		p.waiting = &q
		return true
	case <-p.done:
	case <-ctx.Done():
	}
	return false
}

// program returns the program of a file at an address, which is begun if it was
// not before.
func (m *memory) program(ctx context.Context, runner Programs, name, address string) *program {
	key := name + "\x00" + address
	if p, ok := m.programs[key]; ok {
		return p
	}
	p := &program{asks: make(chan ask), done: make(chan struct{}), fresh: true}
	if m.programs == nil {
		m.programs = make(map[string]*program)
	}
	m.programs[key] = p
	ctx, cancel := context.WithCancel(ctx)
	m.cancels = append(m.cancels, cancel)
	go func() {
		defer close(p.done)
		p.result.value, p.result.found, p.result.err = runner.Run(ctx, name, address, p)
	}()
	return p
}

// begun waits until all programs that began in this round ask for something or are
// done. It is false if there is none.
func (m *memory) begun(ctx context.Context) (some bool) {
	for _, p := range m.programs {
		if p.fresh {
			some = true
			p.next(ctx)
			p.fresh = false
		}
	}
	return some
}

// end gives up the programs that nothing needs any more.
func (m *memory) end() {
	for _, cancel := range m.cancels {
		cancel()
	}
	m.cancels, m.programs = nil, nil
}

// program answers what a file that is a program asks for, until it is done.
func (s *session) program(ctx context.Context, x *variable, f *fileSource, name string, a *args) (*node, status, string) {
	_, err := fs.Stat(f.fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return s.none(func() string { return "there is no file " + a.params[0].String() })
	}
	address := ""
	if err == nil {
		address, err = addressText("the address of file", a.address.value())
	}
	if err != nil {
		return nil, s.refused(ctx, x, a, err), ""
	}
	run := s.memo.program(ctx, f.programs, name, address)
	if run.inside {
		s.fail(x, Circular, nil, "let the program not ask for it", "%s is needed by what it asks for itself", name)
		return nil, failed, ""
	}
	if run.fresh {
		return nil, failed, "" // for this round
	}
	for run.next(ctx) {
		run.inside = true
		st := s.answer(ctx, x, run)
		run.inside = false
		if st != found {
			return nil, st, ""
		}
	}
	if err := ctx.Err(); err != nil {
		s.stop(err)
		return nil, failed, ""
	}
	r := run.result
	if asked, ok := errors.AsType[*askedError](r.err); ok { // it is told already, or is told now
		for _, e := range asked.errs {
			s.record(e)
		}
		s.because(asked.cause)
		return nil, failed, ""
	}
	if r.err != nil {
		if run.secret {
			s.fail(x, SourceFailed, nil, "", "%s failed, and a secret that it has seen keeps the reason from being shown", name)
			return nil, failed, ""
		}
		return nil, s.refused(ctx, x, a, r.err), ""
	}
	if !r.found || r.value == nil {
		return s.none(func() string { return name + " gives no value there" })
	}
	o := Origin{Type: "file", Address: name, Object: name, Secret: run.secret, Literal: run.literal}
	if run.secret {
		r.value = asSecret(r.value)
	}
	v, st := s.made(x, r.value, &origins{[]Origin{o}})
	if st == found && run.secret {
		v = v.taint()
	}
	return v, st, ""
}

// answer gives a program what it waits for. The status failed means that it comes
// in a later round, and left that the command line must run the program.
func (s *session) answer(ctx context.Context, x *variable, run *program) status {
	q, before, outer := run.waiting, len(s.errs), s.cause
	s.cause = nil
	v, st := s.asked(ctx, x, q)
	cause := s.cause
	s.cause = outer
	switch {
	case st == found && v.is(isLive):
		return left
	case st == left, st == failed && cause == nil:
		return st
	case st == failed:
		// The program may handle an error that is about nothing but its question.
		e, where := &askedError{cause: cause}, x.c.place().String()
		recorded := s.errs[before:]
		s.errs = s.errs[:before]
		for _, err := range recorded {
			if err.Path == where {
				e.errs = append(e.errs, err)
			} else {
				s.errs = append(s.errs, err)
			}
		}
		q.answer <- answer{err: e}
	case st == absent:
		q.answer <- answer{}
	default:
		run.secret = run.secret || v.is(isSecret)
		run.literal = run.literal || v.is(isLiteral)
		q.answer <- answer{value: reveal(v)}
	}
	run.waiting = nil
	return found
}

// asked resolves what a program asks for.
func (s *session) asked(ctx context.Context, x *variable, q *ask) (*node, status) {
	if q.keys != nil || q.text == "" {
		return s.follow(ctx, s.root, q.keys...)
	}
	text := &node{scalar: q.text, spot: s.spot(x)}
	if err := text.rescan(); err != nil {
		syntax, _ := errors.AsType[*SyntaxError](err)
		s.fail(x, syntax.Code, err, "", "it asks for %s, which is no variable: %v", strings.TrimSpace(q.text), err)
		return nil, failed
	}
	return s.deep(ctx, text.sealed(), x.c, 0)
}
