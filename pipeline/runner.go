package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode"
)

// Runner carries out runs in this process. Set its fields before the first
// call; then it is safe for concurrent use, by several runs at once.
//
// A call ends when its run does. If ctx is done before, the attempts are
// stopped, the run is given back, and the error wraps [ErrStopped] and the cause
// of ctx; [Runner.Resume] goes on with it, here or elsewhere.
type Runner struct {
	// Ledger keeps the runs. Required.
	Ledger Ledger
	// Executor does the steps. Required. It may be an [Ender] too.
	Executor Executor
	// Reporters are told of each transition.
	Reporters []Reporter
	// Logs keeps the logs of steps. By default they are not kept.
	Logs LogStore

	// Parallel is the number of jobs of a run at once. Default: 8; below 0 there
	// is no bound.
	Parallel int
	// Limits is the number of jobs of a run at once per token of [Job.Limits].
	// By default a token has no bound.
	Limits map[string]int
	// Timeout is that of steps which name none. Default: one hour.
	Timeout time.Duration
	// LogLimit is how much of the log of an attempt is kept, in bytes: its
	// beginning and its end. Default: 8 MiB.
	LogLimit int

	// Refuse makes Start and Resume return an error that wraps [ErrBusy] instead
	// of waiting while another runner has the run or another run has the key.
	Refuse bool
	// Supersede makes Start end the runs of the key that have not begun and that
	// the new one covers, see [Covers].
	Supersede bool
	// CancelWhenDone makes a ctx that is done cancel the run, for commands that a
	// person interrupts.
	CancelWhenDone bool
	// CancelLost makes the runner cancel a run that it takes over while it waits
	// for its turn, instead of going on with it: steps that always run are made,
	// nothing else begins.
	CancelLost bool

	// Holder names this runner to people. Default: "runner".
	Holder string
	// Lease is how long a run belongs to a runner that is not heard of any more.
	// The clocks of all runners must agree to within a part of it. Default: 30 s.
	Lease time.Duration
	// Poll is how often the runner looks for requests and for its turn. Default:
	// 500 ms.
	Poll time.Duration
	// Clock is the time. Default: that of the machine.
	Clock Clock
	// Logger is told what has no place in the ledger, such as reporters that
	// fail. By default nobody is.
	Logger *slog.Logger
}

// maxRunID is the length of the longest ID of a run, in bytes.
const maxRunID = 200

// Start records a run, waits for its turn and carries it out. The ID must be
// new. The error is nil if the run has come to its end, however it ended: that
// is what the State says, and [State.Err]. Otherwise the run was not recorded
// (the plan is invalid, the ID is taken, the key is busy) or can be resumed.
func (r *Runner) Start(ctx context.Context, id string, plan Plan) (State, error) {
	c, err := r.settings()
	if err != nil {
		return State{}, err
	}
	if err := checkRunID(id); err != nil {
		return State{}, err
	}
	s, err := NewState(id, plan)
	if err != nil {
		return State{}, err
	}
	if c.Refuse {
		if err := c.refuse(ctx, plan.Key); err != nil {
			return State{}, err
		}
	}
	if err := c.Ledger.Create(ctx, Run{ID: id, Plan: plan, Created: c.now()}); err != nil {
		return State{}, err
	}
	return c.run(ctx, &book{ledger: c.Ledger, state: s}, true)
}

// Resume goes on with a run that Start or Resume has left unfinished, from
// exactly where it was. While another runner has the run it waits, and takes it
// over if that one is lost. For a run that is finished it tells the reporters of
// its end once more.
func (r *Runner) Resume(ctx context.Context, id string) (State, error) {
	c, err := r.settings()
	if err != nil {
		return State{}, err
	}
	b, err := c.open(ctx, id)
	if err != nil {
		return State{}, err
	}
	return c.run(ctx, b, false)
}

// settings is a Runner with its defaults filled in.
type settings struct {
	Runner
}

func (r *Runner) settings() (*settings, error) {
	if r.Ledger == nil || r.Executor == nil {
		return nil, errors.New("runner: Ledger and Executor are required")
	}
	c := &settings{*r}
	c.Parallel = cmp.Or(c.Parallel, 8)
	c.Timeout = cmp.Or(c.Timeout, time.Hour)
	c.LogLimit = cmp.Or(c.LogLimit, 8<<20)
	c.Holder = cmp.Or(c.Holder, "runner")
	c.Lease = cmp.Or(c.Lease, 30*time.Second)
	c.Poll = min(cmp.Or(c.Poll, 500*time.Millisecond), c.Lease/4)
	if c.Clock == nil {
		c.Clock = systemClock{}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

func checkRunID(id string) error {
	if id == "" || len(id) > maxRunID || strings.ContainsFunc(id, unicode.IsControl) {
		return fmt.Errorf("run ID %q: want 1 to %d printable bytes", id, maxRunID)
	}
	return nil
}

func (c *settings) now() time.Time { return c.Clock.Now().UTC().Round(0) }

// sleep waits for d, or until ctx is done.
func (c *settings) sleep(ctx context.Context, d time.Duration) {
	timer, stop := c.Clock.After(d)
	defer stop()
	select {
	case <-timer:
	case <-ctx.Done():
	}
}
