package outputs

import (
	"context"
	"errors"

	"github.com/slsflow/slsflow/stage"
)

// Questions that a caller of a [Store] asks of an error.
var (
	// ErrConflict: another process has written a record in between.
	ErrConflict = errors.New("changed by somebody else")
	// ErrDone: the record has reached its last status and is not written again.
	ErrDone = errors.New("record is done")
)

// Store keeps the records of all instances. It is safe for concurrent use, by
// several processes too. What it returns belongs to the caller. A Store that
// cannot be read returns an error, never "no records".
type Store interface {
	// Begin adds r as the newest record of its instance, if the newest one so
	// far has the number after (0: there is none yet), and returns it with its
	// Number, after+1. Otherwise the error wraps [ErrConflict]. r is not Done.
	Begin(ctx context.Context, r Record, after int64) (Record, error)
	// End replaces the record that has the instance and number of r, which is
	// Done. The error wraps [ErrDone] if the stored one is done already with
	// another content, and [ErrConflict] if there is none. Ending a record twice
	// with the same content is no error.
	End(ctx context.Context, r Record) error
	// History returns the records of an instance, newest first; none is no error.
	History(ctx context.Context, i Instance) ([]Record, error)
	// Latest returns the newest record of each instance that the filter lets
	// through, in the order of app, stage, region and service.
	Latest(ctx context.Context, f Filter) ([]Record, error)
}

// Filter chooses instances; the zero value of a field lets all through.
type Filter struct {
	App     string
	Service string
	Stage   stage.Name
	Region  string
}
