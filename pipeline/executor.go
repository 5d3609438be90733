package pipeline

import (
	"context"
	"encoding/json"
	"io"
)

// An Executor gives the actions of steps their meaning.
//
// Execute may be called concurrently for steps of different jobs. It returns
// soon after its ctx is done. It must be safe to repeat for a step that did not
// report success: before it acts, it ends or waits out what a lost attempt
// started, which that attempt has left in [Task.Notes].
//
// The result is kept in the ledger (32 KiB at most), given to the jobs that need
// this one, and must not hold a secret. An error that [Skip] made ends the step
// as skipped, which is a success; one that [Classify] marked may be retried.
type Executor interface {
	Execute(ctx context.Context, task Task) (result json.RawMessage, err error)
}

// Task is one attempt of one step, all that an [Executor] sees.
type Task struct {
	Run     string // the run's ID
	Plan    Plan   // the whole plan, to be read only
	Job     Job
	Step    Step
	Attempt int   // from 1
	Token   int64 // the fencing token of the runner's lease

	// Results are those of the steps that ended before: the earlier ones of
	// this job and all of the jobs that it needs, directly or not, by job ID and
	// step name.
	Results map[string]map[string]json.RawMessage

	// Notes are what earlier attempts of this step noted, the oldest first.
	Notes []json.RawMessage
	// Note appends to the ledger, before it returns, what a later attempt must
	// know, such as the process group of a child.
	Note func(ctx context.Context, note json.RawMessage) error

	// Log is kept beside the ledger, up to a bound. Secrets given to Mask do not
	// get through it, nor their base64, URL or JSON forms.
	Log io.Writer
	// Mask makes Log hide secrets from now on. Empty ones are ignored.
	Mask func(secrets ...string)
}

// Ender is an [Executor] that can end what a lost attempt has left without doing
// the step: it is asked to when a run is cancelled whose runner was killed in the
// middle of a step. An executor that is no Ender is not asked, and the step is
// recorded as cancelled.
type Ender interface {
	Executor
	// End ends what the latest attempt of the task has left, which is in
	// [Task.Notes]. It must be safe to repeat.
	End(ctx context.Context, task Task) error
}
