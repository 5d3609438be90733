package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// carrier carries out one run that it has claimed. One goroutine, that of carry,
// owns all of its fields; attempts talk to it through events.
type carrier struct {
	*settings
	book    *book
	mail    *mail
	ctx     context.Context // goes on when that of the caller is done
	ender   Ender           // nil if the executor is none
	events  chan event
	flights map[Attempt]*flight
	fresh   []applied // written, but not acted on yet
	spoken  time.Time // when this runner last wrote a fact
	wake    time.Time
	closing bool // the caller has given up: no attempt begins any more
}

// flight is an attempt that is being made, or a lost one that is being ended.
type flight struct {
	stop context.CancelCauseFunc
}

// event is what an attempt tells the carrier.
type event struct {
	attempt Attempt
	entry   Entry
	reply   chan error // of a note, else nil
}

// carry drives a run to its end, as long as ctx is not done.
func (c *settings) carry(ctx context.Context, b *book, m *mail) error {
	r := &carrier{
		settings: c, book: b, mail: m,
		ctx:    context.WithoutCancel(ctx),
		events: make(chan event), flights: map[Attempt]*flight{}, spoken: c.now(),
	}
	r.ender, _ = c.Executor.(Ender)
	m.send(b.claim)
	err := r.loop(ctx)
	if err != nil {
		r.abort(err)
	}
	if err == nil || errors.Is(err, ErrStopped) {
		if b.state.status != "" {
			return leave(r.ctx, c.Ledger, b.state.g.plan.Key, b.state.run, c.now())
		}
	}
	return err
}

func (c *carrier) loop(ctx context.Context) error {
	var news []event
	for {
		over, err := c.advance(news)
		if err != nil {
			return err
		}
		if over {
			break
		}
		if news, err = c.wait(ctx); err != nil {
			return err
		}
	}
	if c.book.state.status == "" {
		return fmt.Errorf("run %s: %w (it can be resumed): %w", c.book.state.run, ErrStopped, context.Cause(ctx))
	}
	return nil
}

// write is book.try with patience: as long as the lease lasts, a ledger that
// does not answer is asked again.
func (c *carrier) write(decide func(*draft) error) error {
	for pause := c.Poll / 4; ; pause = min(2*pause, c.Lease/4) {
		ctx, cancel := context.WithTimeout(c.ctx, c.Lease)
		fresh, err := c.book.try(ctx, c.book.token, c.now(), decide)
		cancel()
		c.took(fresh)
		if err == nil || errors.Is(err, ErrFenced) || errors.Is(err, ErrFinished) || errors.Is(err, ErrTooLarge) {
			return err
		}
		if !c.now().Add(pause).Before(c.book.state.lease.Until) {
			return fmt.Errorf("run %s: its lease has run out: %w", c.book.state.run, err)
		}
		c.Logger.WarnContext(c.ctx, "ledger does not answer", "run", c.book.state.run, "error", err)
		c.sleep(c.ctx, pause)
	}
}

// took notes and reports entries that are in the ledger now.
func (c *carrier) took(fresh []applied) {
	for _, f := range fresh {
		if f.entry.Token == c.book.token {
			c.spoken = f.entry.At
		}
	}
	c.fresh = append(c.fresh, fresh...)
	c.mail.send(fresh)
}

// act lets happen what is written: it begins and stops attempts.
func (c *carrier) act(ends []Attempt) {
	for _, f := range c.fresh {
		e := f.entry
		if e.Kind == Began && e.Token == c.book.token {
			c.launch(Attempt{e.Job, e.Step, e.Attempt}, false)
		}
	}
	c.fresh = nil
	for _, a := range ends {
		c.launch(a, true)
	}
	if c.book.state.cancel == nil {
		return
	}
	for _, a := range Next(c.book.state, c.now(), Bounds{Parallel: c.Parallel}).Stop {
		if f := c.flights[a]; f != nil {
			f.stop(ErrCancelled)
		}
	}
}

// wait returns when an attempt has told something, when it is time, or when
// somebody may have asked for something.
func (c *carrier) wait(ctx context.Context) ([]event, error) {
	d := c.Poll
	if !c.wake.IsZero() {
		d = min(d, max(0, c.wake.Sub(c.now())))
	}
	timer, stop := c.Clock.After(d)
	defer stop()
	done := ctx.Done()
	if c.closing || c.book.state.cancel != nil && c.CancelWhenDone {
		done = nil
	}
	select {
	case e := <-c.events:
		return c.more(e), nil
	case <-timer:
		fresh, err := c.book.refresh(c.ctx)
		c.took(fresh)
		if errors.Is(err, ErrFenced) {
			return nil, err
		}
		return nil, nil // advance writes, and finds out whether the ledger is gone
	case <-done:
		return nil, c.giveUp(ctx)
	}
}

// more takes all events that are there already, so that they are written
// together.
func (c *carrier) more(e event) []event {
	c.landed(e)
	news := []event{e}
	for {
		select {
		case e := <-c.events:
			c.landed(e)
			news = append(news, e)
		default:
			return news
		}
	}
}

func (c *carrier) landed(e event) {
	if e.reply == nil {
		c.flights[e.attempt].stop(nil)
		delete(c.flights, e.attempt)
	}
}

// giveUp is called once the context of the caller is done.
func (c *carrier) giveUp(ctx context.Context) error {
	if c.CancelWhenDone {
		if err := c.ask(c.ctx, c.book.state.run, context.Cause(ctx).Error()); err != nil {
			return err
		}
		fresh, err := c.book.refresh(c.ctx)
		c.took(fresh)
		return err
	}
	c.closing = true
	for _, f := range c.flights {
		f.stop(ErrStopped)
	}
	return nil
}

// abort stops all attempts and waits for them. Nothing is written any more.
func (c *carrier) abort(cause error) {
	for _, f := range c.flights {
		f.stop(cause)
	}
	for len(c.flights) > 0 {
		e := <-c.events
		c.landed(e)
		if e.reply != nil {
			e.reply <- cause
		}
	}
}
