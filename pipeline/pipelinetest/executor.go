package pipelinetest

import (
	"context"
	"encoding/json"
	"slices"
	"sync"

	"github.com/slsflow/slsflow/pipeline"
)

// Executor is a [pipeline.Executor] that notes what it was asked to do. The zero
// Executor succeeds with every step; do not copy it.
type Executor struct {
	// Do does a step. Nil succeeds without a result. It may be called
	// concurrently.
	Do func(ctx context.Context, task pipeline.Task) (json.RawMessage, error)

	mu    sync.Mutex
	calls []Call
	now   int
	most  int
}

var _ pipeline.Executor = (*Executor)(nil)

// Call is one attempt that an [Executor] was asked to make.
type Call struct {
	Run, Job, Step, Action string
	Attempt                int
	Token                  int64
	// Returned reports whether the attempt has ended; Err is how.
	Returned bool
	Err      error
}

// Execute notes the task and calls e.Do.
func (e *Executor) Execute(ctx context.Context, task pipeline.Task) (result json.RawMessage, err error) {
	e.mu.Lock()
	i := len(e.calls)
	e.calls = append(e.calls, Call{
		Run: task.Run, Job: task.Job.ID, Step: task.Step.Name, Action: task.Step.Action,
		Attempt: task.Attempt, Token: task.Token,
	})
	e.now++
	e.most = max(e.most, e.now)
	e.mu.Unlock()
	defer func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.now--
		e.calls[i].Returned, e.calls[i].Err = true, err
	}()
	if e.Do == nil {
		return nil, nil
	}
	return e.Do(ctx, task)
}

// Calls returns what was asked so far, in the order in which it began.
func (e *Executor) Calls() []Call {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.calls)
}

// Attempts returns how often a step of a job was asked for.
func (e *Executor) Attempts(job, step string) int {
	n := 0
	for _, c := range e.Calls() {
		if c.Job == job && c.Step == step {
			n++
		}
	}
	return n
}

// Most returns how many steps ran at once, at most.
func (e *Executor) Most() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.most
}
