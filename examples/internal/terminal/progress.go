package terminal

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/slsflow/slsflow/pipeline"
)

// frame is how often a live screen is drawn while nothing else happens.
const frame = 100 * time.Millisecond

var _ pipeline.LineReporter = (*Progress)(nil)

// Progress shows runs to a person. It is a [pipeline.LineReporter] for any
// number of runs, one after the other or at once. [New] makes one. It is safe for
// concurrent use.
//
// While a Progress is live, nothing else may be written to its terminal: see
// [Progress.Note].
type Progress struct {
	now   func() time.Time
	show  display
	runs  map[string]*tracked
	mu    sync.Mutex
	ended bool
	stop  chan struct{}
	loop  sync.WaitGroup
}

// display writes what a Progress has found out.
type display interface {
	heading(name, text string)
	note(symbol symbol, text string)
	event(e event)
	// flush writes what has not been written. Running are the steps that run.
	flush(now time.Time, running []*running)
	failure() error
}

// New returns a Progress that writes to w. Close it at the end, also after the
// person has interrupted the program.
func New(w io.Writer, o Options) *Progress {
	clock := o.Clock
	if clock == nil {
		clock = machine{}
	}
	p := &Progress{now: clock.Now, runs: map[string]*tracked{}, stop: make(chan struct{})}
	if !o.Live {
		p.show = &plain{w: w}
		return p
	}
	p.show = &live{screen: screen{w: w, size: o.Size}}
	p.loop.Go(func() { p.animate(clock) })
	return p
}

// animate draws the steps that run until Close.
func (p *Progress) animate(clock pipeline.Clock) {
	for {
		tick, stop := clock.After(frame)
		select {
		case <-tick:
			p.change(func() {})
		case <-p.stop:
			stop()
			return
		}
	}
}

// change makes a change and shows it, unless p is closed.
func (p *Progress) change(edit func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return
	}
	edit()
	p.show.flush(p.now(), p.running())
}

// Heading begins a part of a story: a short name, and what happens in it, which
// may be "".
func (p *Progress) Heading(name, text string) {
	p.change(func() { p.show.heading(Clean(name), Clean(text)) })
}

// Note shows a line of text about anything, formatted as by [fmt.Sprintf].
func (p *Progress) Note(format string, args ...any) {
	p.change(func() { p.show.note(told, fmt.Sprintf(format, args...)) })
}

// Check shows whether something is as it was expected to be, which the text
// says. It is formatted as by [fmt.Sprintf].
func (p *Progress) Check(ok bool, format string, args ...any) {
	s := failed
	if ok {
		s = succeeded
	}
	p.change(func() { p.show.note(s, fmt.Sprintf(format, args...)) })
}

// Report shows what has changed in a run since the last report of it. A report
// that comes twice, or late, changes nothing; of a run that was begun by another
// program all that has ended is shown. The error is always nil: see
// [Progress.Close].
func (p *Progress) Report(_ context.Context, r pipeline.Report) error {
	p.change(func() {
		for _, e := range p.track(r.Run).report(r) {
			p.show.event(e)
		}
	})
	return nil
}

// ReportLine takes a line of the log of a step. The last one is shown while the
// step runs, and the last 15 when it has failed.
func (p *Progress) ReportLine(l pipeline.Line) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.ended {
		p.track(l.Run).line(l)
	}
}

// Close ends the screen: of steps that still run it says that they are not
// finished. Nothing is written after it, and it may be called more than once. It
// returns the first error of the writer.
func (p *Progress) Close() error {
	p.change(func() {
		for _, r := range p.running() {
			p.show.event(event{symbol: waiting, tag: r.tag, label: r.label, took: p.now().Sub(r.began), text: "not finished"})
		}
		clear(p.runs)
		p.show.flush(p.now(), nil)
		p.ended = true
		close(p.stop)
	})
	p.loop.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.show.failure()
}

func (p *Progress) track(run string) *tracked {
	t := p.runs[run]
	if t == nil {
		t = &tracked{run: run, steps: map[stepID]*step{}, blocked: map[string]bool{}}
		p.runs[run] = t
	}
	return t
}

// running returns the steps that run, the oldest first.
func (p *Progress) running() []*running {
	var all []*running
	for _, t := range p.runs {
		all = append(all, t.running...)
	}
	sortRunning(all)
	return all
}

// machine is the clock of the machine.
type machine struct{}

func (machine) Now() time.Time { return time.Now() }

func (machine) After(d time.Duration) (c <-chan time.Time, stop func()) {
	t := time.NewTimer(d)
	return t.C, func() { t.Stop() }
}
