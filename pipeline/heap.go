package pipeline

import "time"

// alarm is a node of a leftist heap: the jobs that wait for a time, the earliest
// on top. Heaps are immutable and share their nodes; nil is the empty one.
type alarm struct {
	at          time.Time
	job         int
	attempt     int // the one that failed
	rank        int
	left, right *alarm
}

func (a *alarm) before(b *alarm) bool {
	if !a.at.Equal(b.at) {
		return a.at.Before(b.at)
	}
	return a.job < b.job
}

func meld(a, b *alarm) *alarm {
	if a == nil {
		return b
	}
	if b == nil {
		return a
	}
	if b.before(a) {
		a, b = b, a
	}
	l, r := a.left, meld(a.right, b)
	if rank(l) < rank(r) {
		l, r = r, l
	}
	return &alarm{at: a.at, job: a.job, attempt: a.attempt, rank: rank(r) + 1, left: l, right: r}
}

func rank(a *alarm) int {
	if a == nil {
		return 0
	}
	return a.rank
}

func (a *alarm) add(at time.Time, job, attempt int) *alarm {
	return meld(a, &alarm{at: at, job: job, attempt: attempt, rank: 1})
}

func (a *alarm) pop() *alarm { return meld(a.left, a.right) }

// due calls f for all that are not later than now, in no order.
func (a *alarm) due(now time.Time, f func(*alarm)) {
	if a == nil || a.at.After(now) {
		return
	}
	f(a)
	a.left.due(now, f)
	a.right.due(now, f)
}
