package pipeline

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// mail brings reports to the reporters of a run, each at its own pace.
type mail struct {
	plan  Plan
	boxes []*box
	wg    sync.WaitGroup
}

// box is the reports that one reporter has not had yet.
type box struct {
	mu     sync.Mutex
	queue  []applied
	closed bool
	wake   chan struct{} // has one element if there is news
}

const (
	reportTries   = 3
	reportTimeout = 30 * time.Second
	reportPause   = 200 * time.Millisecond
)

func (c *settings) mail(ctx context.Context, plan Plan) *mail {
	m := &mail{plan: plan}
	for _, r := range c.Reporters {
		b := &box{wake: make(chan struct{}, 1)}
		m.boxes = append(m.boxes, b)
		m.wg.Go(func() { c.deliver(ctx, r, plan, b) })
	}
	return m
}

// send never waits.
func (m *mail) send(news []applied) {
	if len(news) == 0 {
		return
	}
	for _, b := range m.boxes {
		b.put(news, false)
	}
}

// close returns when all reports have been brought or given up.
func (m *mail) close() {
	for _, b := range m.boxes {
		b.put(nil, true)
	}
	m.wg.Wait()
}

func (b *box) put(news []applied, closed bool) {
	b.mu.Lock()
	b.queue = append(b.queue, news...)
	b.closed = closed
	b.mu.Unlock()
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

func (b *box) take() (news []applied, closed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	news, b.queue = b.queue, nil
	return news, b.closed
}

func (c *settings) deliver(ctx context.Context, r Reporter, plan Plan, b *box) {
	for {
		<-b.wake
		news, closed := b.take()
		for _, n := range news {
			c.report(ctx, r, Report{Run: n.state.run, Plan: plan, Entry: n.entry, State: n.state})
		}
		if closed {
			return
		}
	}
}

func (c *settings) report(ctx context.Context, r Reporter, rep Report) {
	var err error
	for try := range reportTries {
		if try > 0 {
			c.sleep(ctx, reportPause<<try)
		}
		if err = c.reportOnce(ctx, r, rep); err == nil {
			return
		}
	}
	c.Logger.WarnContext(ctx, "report given up", "run", rep.Run, "entry", rep.Entry.N, "kind", rep.Entry.Kind, "error", err)
}

func (c *settings) reportOnce(ctx context.Context, r Reporter, rep Report) (err error) {
	ctx, cancel := context.WithTimeout(ctx, reportTimeout)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("reporter panicked: %v", p)
		}
	}()
	return r.Report(ctx, rep)
}
