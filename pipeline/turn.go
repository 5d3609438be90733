package pipeline

import (
	"context"
	"errors"
	"fmt"
)

// refuse returns an error that wraps ErrBusy if a run with a runner, or one that
// may just be getting one, has the key.
func (c *settings) refuse(ctx context.Context, key string) error {
	q, err := ReadQueue(ctx, c.Ledger, key)
	if err != nil {
		return err
	}
	for _, w := range q.Runs() {
		head, err := c.open(ctx, w.Run)
		if err != nil {
			return err
		}
		if _, err := head.refresh(ctx); err != nil {
			return err
		}
		if head.state.status == "" && !c.lost(w, head.state) {
			return fmt.Errorf("key %s: %w with run %s (wait for it, or cancel it)", key, ErrBusy, w.Run)
		}
	}
	return nil
}

// lost reports whether the run has no runner that is alive.
func (c *settings) lost(w Waiting, s State) bool {
	if s.lease.Token == 0 {
		return !c.now().Before(w.Since.Add(c.Lease))
	}
	return !s.lease.Live(c.now())
}

// run waits until a run may go, and carries it out. A run that has just been
// started may be ended for the sake of the runner's options.
func (c *settings) run(ctx context.Context, b *book, started bool) (State, error) {
	// What is recorded must be recorded also when the caller has given up.
	detached := context.WithoutCancel(ctx)
	mail := c.mail(detached, b.state.g.plan)
	defer mail.close()
	w := &waiter{settings: c, book: b, mail: mail, started: started}
	for {
		over, err := w.look(ctx, detached)
		if over || err != nil {
			return b.state, errors.Join(err, w.busy)
		}
	}
}

// waiter is a run that waits for its turn.
type waiter struct {
	*settings
	book    *book
	mail    *mail
	started bool
	queued  bool  // it has been put into the queue, with what that entails
	asked   bool  // to cancel
	busy    error // what the caller is told when the run was refused
	head    *book // the run at the head of the queue, as far as it was read
}

// look does what can be done now. It returns true when the run is over.
func (w *waiter) look(ctx, detached context.Context) (over bool, err error) {
	b := w.book
	id, key := b.state.run, b.state.g.plan.Key
	fresh, err := b.refresh(detached)
	if err != nil {
		return false, err
	}
	if b.state.status != "" {
		if n := len(fresh); n > 0 {
			w.mail.send(fresh[n-1:])
		}
		return true, leave(detached, w.Ledger, key, id, w.now())
	}
	if w.started {
		w.mail.send(fresh)
	}
	q, err := enqueue(detached, w.Ledger, key, id, w.now())
	if err != nil {
		return false, err
	}
	if w.started && w.Supersede && !w.queued {
		if err := w.supersede(detached, q, b.state); err != nil {
			return false, err
		}
	}
	w.queued = true
	head := q.waiting[0]
	if b.state.lease.Live(w.now()) {
		return false, w.held(ctx)
	}
	if head.Run == id || b.state.outcome() != "" {
		won, err := w.claim(detached, b)
		if err != nil || !won {
			return false, err
		}
		return true, w.carry(ctx, b, w.mail)
	}
	if changed, err := w.ahead(ctx, head); changed || err != nil {
		return false, err
	}
	return false, w.wait(ctx, detached, head)
}

// held waits while another runner has the run.
func (w *waiter) held(ctx context.Context) error {
	id, holder := w.book.state.run, w.book.state.lease.Holder
	if w.Refuse {
		return fmt.Errorf("run %s: %w: %s has it", id, ErrBusy, holder)
	}
	w.sleep(ctx, w.Poll)
	if ctx.Err() != nil {
		return fmt.Errorf("run %s: %w while %s has it: %w", id, ErrStopped, holder, context.Cause(ctx))
	}
	return nil
}

// wait waits while another run has the key.
func (w *waiter) wait(ctx, detached context.Context, head Waiting) error {
	s := w.book.state
	var err error
	switch {
	case w.asked:
		w.sleep(detached, w.Poll)
	case w.Refuse:
		busy := fmt.Errorf("key %s: %w with run %s (wait for it, or cancel it)", s.g.plan.Key, ErrBusy, head.Run)
		if !w.started {
			return busy
		}
		w.busy, w.asked = busy, true
		err = w.ask(detached, s.run, busy.Error())
	case ctx.Err() == nil:
		w.sleep(ctx, w.Poll)
	case w.CancelWhenDone:
		w.asked = true
		err = w.ask(detached, s.run, context.Cause(ctx).Error())
	default:
		return fmt.Errorf("run %s: %w while it waits for run %s (it can be resumed): %w",
			s.run, ErrStopped, head.Run, context.Cause(ctx))
	}
	if err != nil && !errors.Is(err, ErrFinished) {
		return err
	}
	return nil
}

// ask cancels a run in the name of this runner.
func (c *settings) ask(ctx context.Context, id, reason string) error {
	return Cancel(ctx, c.Ledger, id, Request{By: c.Holder, Reason: reason, At: c.now()})
}

// claim takes the run with a new token. It returns false if somebody else has
// been faster.
func (c *settings) claim(ctx context.Context, b *book) (bool, error) {
	token, now, won := b.state.lease.Token+1, c.now(), false
	fresh, err := b.try(ctx, token, now, func(d *draft) error {
		l := d.state.lease
		if won = d.state.status == "" && l.Token < token && !l.Live(now); !won {
			return nil
		}
		return d.add(Entry{Kind: Held, Holder: c.Holder, Lease: c.Lease})
	})
	if errors.Is(err, ErrFenced) || errors.Is(err, ErrFinished) {
		won, err = false, nil // somebody was faster
	}
	if err != nil || !won {
		return false, err
	}
	b.token, b.claim = token, fresh
	return true, nil
}

// ahead looks after the run at the head of the queue, which is another one: if
// it has ended without leaving, it leaves; if its runner is lost, it is carried
// out. It reports whether anything has changed.
func (w *waiter) ahead(ctx context.Context, first Waiting) (bool, error) {
	detached := context.WithoutCancel(ctx)
	if w.head == nil || w.head.state.run != first.Run {
		b, err := w.open(detached, first.Run)
		if err != nil {
			return false, err
		}
		w.head = b
	}
	if _, err := w.head.refresh(detached); err != nil {
		return false, err
	}
	if w.head.state.status != "" {
		return true, leave(detached, w.Ledger, w.head.state.g.plan.Key, first.Run, w.now())
	}
	if ctx.Err() == nil && w.lost(first, w.head.state) {
		head := w.head
		w.head = nil // whatever comes of it, it is read anew
		return w.finishLost(ctx, head)
	}
	return false, nil
}

// finishLost carries out the run of a lost runner.
func (c *settings) finishLost(ctx context.Context, head *book) (bool, error) {
	detached := context.WithoutCancel(ctx)
	id, key := head.state.run, head.state.g.plan.Key
	c.Logger.InfoContext(ctx, "finishing the run of a lost runner first", "run", id, "key", key)
	if c.CancelLost && head.state.cancel == nil {
		if err := c.ask(detached, id, "its runner was lost"); err != nil && !errors.Is(err, ErrFinished) {
			return false, err
		}
	}
	won, err := c.claim(detached, head)
	if err != nil || !won {
		return true, err
	}
	mail := c.mail(detached, head.state.g.plan)
	defer mail.close()
	if err = c.carry(ctx, head, mail); errors.Is(err, ErrFenced) || errors.Is(err, ErrStopped) {
		return true, nil
	}
	return true, err
}

// supersede ends the runs before this one that it covers, as far as they have
// not begun.
func (c *settings) supersede(ctx context.Context, q Queue, s State) error {
	for _, w := range q.Runs() {
		if w.Run == s.run {
			return nil
		}
		old, err := c.Ledger.Run(ctx, w.Run)
		if err != nil {
			return err
		}
		if !Covers(s.g.plan, old.Plan) {
			continue
		}
		err = Supersede(ctx, c.Ledger, w.Run, Request{By: s.run, Reason: "covered by a newer run", At: c.now()})
		if err != nil && !errors.Is(err, ErrFinished) {
			return err
		}
	}
	return nil
}
