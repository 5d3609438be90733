package pipeline

import (
	"context"
	"fmt"
	"time"
)

// Ledger keeps runs and logs. It is safe for concurrent use, by several
// processes too. What it returns belongs to the caller. A ledger that cannot be
// read returns an error, never "nothing".
//
// A log is a list of entries that only grows. There is one for each run and one
// for each key ([RunLog], [KeyLog]); the ledger need not know what is in them
// but for what [Head.Check] and [Summarize] do. To write a Ledger, implement
// these methods and run the suite in pipelinetest.
type Ledger interface {
	// Create records a run and begins its log with run.First(), both or none.
	// The error wraps [ErrExists] if the ID is taken.
	Create(ctx context.Context, run Run) error
	// Run returns a recorded run. The error wraps [ErrNotFound] if there is none.
	Run(ctx context.Context, id string) (Run, error)
	// Append adds entries to a log, all or none, if [Head.Check] allows it. It
	// sets N and Token of the entries it writes, not of those it was given. A log
	// that is not there yet has the length 0. No entries are no error.
	Append(ctx context.Context, log Log, after int, token int64, entries ...Entry) error
	// Read returns the entries of a log in order, without the first from ones; a
	// negative from counts from the end, so -1 reads the last entry. A log that
	// is not there has none.
	Read(ctx context.Context, log Log, from int) ([]Entry, error)
	// Runs returns the runs that the filter lets through, the newest first.
	Runs(ctx context.Context, f Filter) ([]Summary, error)
}

// Log names a log of a [Ledger].
type Log string

// RunLog returns the name of the log of a run.
func RunLog(id string) Log { return Log("run/" + id) }

// KeyLog returns the name of the log of a key, which is the queue of its runs.
func KeyLog(key string) Log { return Log("key/" + key) }

// Run is what is recorded of a run once, beside its log.
type Run struct {
	ID   string
	Plan Plan
	// Created is in UTC. It gives the order of [Ledger.Runs].
	Created time.Time
}

// First returns the first entry of the run's log.
func (r Run) First() (Entry, error) {
	digest, err := r.Plan.Digest()
	if err != nil {
		return Entry{}, fmt.Errorf("run %s: digest of the plan: %w", r.ID, err)
	}
	return Entry{V: Version, N: 1, At: r.Created, Kind: Planned, Digest: digest}, nil
}

// Filter chooses runs. The zero Filter lets all through.
type Filter struct {
	// Key lets only the runs of this key through.
	Key string
	// Open lets only unfinished runs through.
	Open bool
	// Limit is the number of runs at most; 0 means no limit.
	Limit int
}

// Summary is what a list of runs shows of each.
type Summary struct {
	ID      string            `json:"id"`
	Key     string            `json:"key"`
	Labels  map[string]string `json:"labels,omitempty"`
	Created time.Time         `json:"created"`
	// Status is [Pending], [Running], or what the run finished as.
	Status Status `json:"status"`
	// Ended is zero until the run is finished.
	Ended time.Time `json:"ended,omitzero"`
}

// Summarize returns the summary after an entry of the run's log. Ledgers call
// it for each one they append, so that they need not fold the log.
func (s Summary) Summarize(e Entry) Summary {
	switch e.Kind {
	case Held:
		s.Status = Running
	case Finished:
		s.Status, s.Ended = e.Status, e.At
	}
	return s
}

// Head is what the rules of [Ledger.Append] need to know of a log. The zero
// Head is that of an empty log.
type Head struct {
	Len      int   // number of entries
	Token    int64 // the highest seen
	Finished bool  // nothing more may be written
}

// Check returns the head after the entries, or why they may not be appended:
//
//   - the error wraps [ErrFinished] if the log has been finished,
//   - [ErrFenced] if the token is not 0 and older than the highest seen,
//   - [ErrConflict] if the log has another length than after,
//   - [ErrTooLarge] if an entry is too large.
//
// It also refuses facts without a token, requests with one, and entries of a
// version or kind that it does not know.
func (h Head) Check(after int, token int64, entries []Entry) (Head, error) {
	switch {
	case h.Finished:
		return h, ErrFinished
	case token != 0 && token < h.Token:
		return h, fmt.Errorf("%w: token %d is older than %d", ErrFenced, token, h.Token)
	case after != h.Len:
		return h, fmt.Errorf("%w: it has %d entries, not %d", ErrConflict, h.Len, after)
	}
	next := h
	for _, e := range entries {
		if err := e.Check(); err != nil {
			return h, err
		}
		if next.Finished {
			return h, ErrFinished
		}
		if e.Kind.Request() != (token == 0) {
			return h, fmt.Errorf("entry %q with token %d: requests have none, facts need one", e.Kind, token)
		}
		next.Len++
		next.Token = max(next.Token, token)
		next.Finished = e.Kind == Finished
	}
	return next, nil
}
