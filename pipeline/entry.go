package pipeline

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Version is that of the entries this package writes. A log with a newer one is
// refused, since folding it could go wrong.
const Version = 1

// MaxEntry is the size of the largest [Entry] as JSON, in bytes.
const MaxEntry = 32 << 10

// Kind says what an [Entry] tells.
type Kind string

// The kinds of entries in the log of a run. Requests come from anybody and have
// no token; all others are facts, which only the holder of the run writes.
const (
	Planned  Kind = "planned"  // the first entry: the digest of the plan
	Held     Kind = "held"     // a runner took the run, or still has it
	Released Kind = "released" // it gave the run back, unfinished
	Began    Kind = "began"    // an attempt of a step
	Noted    Kind = "noted"    // what a later attempt must know
	Ended    Kind = "ended"    // the attempt that began
	Finished Kind = "finished" // the run

	CancelRequested    Kind = "cancel-requested"
	SupersedeRequested Kind = "supersede-requested"
)

// The kinds of entries in the log of a key, which is the queue of its runs.
const (
	Queued Kind = "queued" // a run waits for its turn
	Left   Kind = "left"   // it has ended, and the next one may go
)

// Request reports whether an entry of the kind is written without a token.
func (k Kind) Request() bool {
	return slices.Contains([]Kind{Planned, CancelRequested, SupersedeRequested, Queued, Left}, k)
}

// Entry is one line of a log. Which fields it has depends on its kind. Entries
// are never changed once they are written.
type Entry struct {
	// V is [Version] when it was written.
	V int `json:"v"`
	// N is the place in the log, from 1. The ledger sets it.
	N int `json:"n"`
	// At is when it was written, in UTC, by the clock of the writer.
	At   time.Time `json:"at"`
	Kind Kind      `json:"kind"`
	// Token is the fencing token of the writer, or 0. The ledger sets it.
	Token int64 `json:"token,omitempty"`

	Job     string `json:"job,omitempty"`
	Step    string `json:"step,omitempty"`
	Attempt int    `json:"attempt,omitempty"`

	// Status is that of an attempt that ended, or of a run that finished.
	Status Status `json:"status,omitempty"`
	// Result is what a step that succeeded has given.
	Result json.RawMessage `json:"result,omitempty"`
	// Error says why it did not succeed, without secrets.
	Error string `json:"error,omitempty"`
	// Class is that of the error, see [Classify].
	Class string `json:"class,omitempty"`
	// RetryAt is when a step that failed is tried again, or zero.
	RetryAt time.Time `json:"retryAt,omitzero"`
	// Note is what [Task.Note] was given.
	Note json.RawMessage `json:"note,omitempty"`

	// Digest is that of the plan.
	Digest string `json:"digest,omitempty"`
	// Holder names the runner that took the run.
	Holder string `json:"holder,omitempty"`
	// Lease is how long it has the run after its last fact.
	Lease time.Duration `json:"lease,omitempty"`
	// By is who asks, and Reason is why; also why a step was skipped.
	By     string `json:"by,omitempty"`
	Reason string `json:"reason,omitempty"`
	// Run is the one that an entry in the log of a key is about.
	Run string `json:"run,omitempty"`
	// Base is the first entry of a key's log that still counts after this one.
	Base int `json:"base,omitempty"`
}

// Check returns an error if the entry may not be written: an unknown version or
// kind, or more than [MaxEntry] bytes, which wraps [ErrTooLarge].
func (e Entry) Check() error {
	if e.V < 1 || e.V > Version {
		return fmt.Errorf("entry has version %d, this program knows up to %d (update it)", e.V, Version)
	}
	switch e.Kind {
	case Planned, Held, Released, Began, Noted, Ended, Finished, CancelRequested, SupersedeRequested, Queued, Left:
	default:
		return fmt.Errorf("entry has the unknown kind %q", e.Kind)
	}
	b, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("entry %q: %w", e.Kind, err)
	}
	if len(b) > MaxEntry {
		return fmt.Errorf("%w: %q has %d bytes, at most %d are allowed", ErrTooLarge, e.Kind, len(b), MaxEntry)
	}
	return nil
}
