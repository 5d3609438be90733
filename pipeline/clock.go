package pipeline

import "time"

// Clock tells the time and waits. It is safe for concurrent use.
type Clock interface {
	Now() time.Time
	// After returns a channel that gets the time once d has passed. Stop frees
	// what that takes; it may be called at any time, and more than once.
	After(d time.Duration) (c <-chan time.Time, stop func())
}

// systemClock is the clock of the machine.
type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now() }

func (systemClock) After(d time.Duration) (<-chan time.Time, func()) {
	t := time.NewTimer(d)
	return t.C, func() { t.Stop() }
}
