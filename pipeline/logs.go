package pipeline

import (
	"context"
	"io"
)

// LogStore keeps the logs of steps, beside the ledger. It is safe for
// concurrent use. What is written to it has its secrets masked already and is
// bounded by the runner.
type LogStore interface {
	// Create begins the log of an attempt, and replaces one that is there.
	Create(ctx context.Context, id LogID) (io.WriteCloser, error)
	// Open reads the log of an attempt, also while it is written. The error wraps
	// [io/fs.ErrNotExist] if there is none.
	Open(ctx context.Context, id LogID) (io.ReadCloser, error)
}

// LogID names the log of one attempt of a step.
type LogID struct {
	Run, Job, Step string
	Attempt        int
}
