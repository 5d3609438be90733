// Package workflowtest has fakes for tests of pipelines that are made of plans
// of package workflow.
//
// A [Host] is a git host that keeps statuses in memory. Give it to
// workflow.StatusReporter, run the plan, and look at [Host.Statuses].
package workflowtest

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/slsflow/slsflow/pipeline/workflow"
)

// ErrDown is what a [Host] returns while it is down.
var ErrDown = errors.New("workflowtest: the host is down")

// Host is a git host in memory. The zero Host is ready for use, and safe for
// concurrent use.
type Host struct {
	mu       sync.Mutex
	down     int
	calls    int
	statuses []workflow.Status
}

var _ workflow.Host = (*Host)(nil)

// Down makes the next n calls fail with [ErrDown]. A negative n: all calls, until
// Down is called again.
func (h *Host) Down(n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.down = n
}

// SetStatus keeps the status, unless the host is down or ctx is done.
func (h *Host) SetStatus(ctx context.Context, s workflow.Status) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls++
	if err := ctx.Err(); err != nil {
		return err
	}
	if h.down != 0 {
		if h.down > 0 {
			h.down--
		}
		return ErrDown
	}
	h.statuses = append(h.statuses, s)
	return nil
}

// Calls returns how often the host was called, also while it was down.
func (h *Host) Calls() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.calls
}

// Statuses returns all statuses that were set, the oldest first.
func (h *Host) Statuses() []workflow.Status {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.statuses)
}

// Latest returns the status that a commit shows under the name of a context, as a page of the
// host would.
func (h *Host) Latest(repository, commit, name string) (workflow.Status, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range slices.Backward(h.statuses) {
		if s.Repository == repository && s.Commit == commit && s.Context == name {
			return s, true
		}
	}
	return workflow.Status{}, false
}
