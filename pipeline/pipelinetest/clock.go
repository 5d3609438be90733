package pipelinetest

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/slsflow/slsflow/pipeline"
)

// Clock is a [pipeline.Clock] that stands still until it is moved. [NewClock]
// makes one.
type Clock struct {
	mu     sync.Mutex
	now    time.Time
	timers []*timer
	change chan struct{} // closed and replaced when a timer comes or goes
}

var _ pipeline.Clock = (*Clock)(nil)

type timer struct {
	at time.Time
	c  chan time.Time
}

// NewClock returns a clock that shows t.
func NewClock(t time.Time) *Clock { return &Clock{now: t, change: make(chan struct{})} }

// Now returns the time that the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// After returns a channel that gets the time once the clock was moved by d.
func (c *Clock) After(d time.Duration) (<-chan time.Time, func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := &timer{at: c.now.Add(d), c: make(chan time.Time, 1)}
	if d <= 0 {
		t.c <- c.now
		return t.c, func() {}
	}
	c.timers = append(c.timers, t)
	c.changed()
	return t.c, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.timers = slices.DeleteFunc(c.timers, func(o *timer) bool { return o == t })
		c.changed()
	}
}

func (c *Clock) changed() {
	close(c.change)
	c.change = make(chan struct{})
}

// Advance moves the clock by d. Those who waited for a time until then go on.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	c.timers = slices.DeleteFunc(c.timers, func(t *timer) bool {
		if t.at.After(c.now) {
			return false
		}
		t.c <- c.now
		return true
	})
	c.changed()
}

// Await returns when somebody waits for a time that is exactly d away, or with
// the error of ctx. It lets a test move the clock at the right moment.
func (c *Clock) Await(ctx context.Context, d time.Duration) error {
	for {
		c.mu.Lock()
		at, change := c.now.Add(d), c.change
		found := slices.ContainsFunc(c.timers, func(t *timer) bool { return t.at.Equal(at) })
		c.mu.Unlock()
		if found {
			return nil
		}
		select {
		case <-change:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
