package outputs

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/slsflow/slsflow/stage"
)

// Questions that a caller of a [Store] asks of an error.
var (
	// ErrConflict: another process has written a record in between.
	ErrConflict = errors.New("changed by somebody else")
	// ErrDone: the record has reached its last status and is not written again.
	ErrDone = errors.New("record is done")
	// ErrInvalid: no Store keeps such a record, see [Record.CheckBegin] and
	// [Record.CheckEnd].
	ErrInvalid = errors.New("invalid record")
)

// Store keeps the records of all instances. It is safe for concurrent use, by
// several processes too. What it returns belongs to the caller, and so does what
// it was given. A Store that cannot be read returns an error, never "no
// records". Each call returns soon after its ctx is done.
//
// A Store that cannot keep secrets returns an error from End for a record that
// has some, and keeps the record as it was; the error wraps
// [errors.ErrUnsupported] if it never can.
type Store interface {
	// Begin adds r as the newest record of its instance, if the newest one so
	// far has the number after (0: there is none yet), and returns it as it is
	// kept, with the Number after+1. Otherwise the error wraps [ErrConflict]. An
	// older record that never ended does not stand in the way. The error wraps
	// [ErrInvalid] if [Record.CheckBegin] refuses r.
	Begin(ctx context.Context, r Record, after int64) (Record, error)
	// End replaces the record that has the instance and number of r, which need
	// not be the newest. The error wraps [ErrDone] if the stored one is done
	// already with another content, [ErrConflict] if there is none, and
	// [ErrInvalid] if [Record.CheckEnd] refuses r. Ending a record twice with
	// the same content is no error.
	End(ctx context.Context, r Record) error
	// History returns the records of an instance, newest first; none is no error.
	History(ctx context.Context, i Instance) ([]Record, error)
	// Latest returns the newest record of each instance that the filter lets
	// through, in the order of app, stage, region and service.
	Latest(ctx context.Context, f Filter) ([]Record, error)
	// Secret returns the value of a secret output of a record. It is absent,
	// which is no error, if there is no such record or output, or the output is
	// not secret.
	Secret(ctx context.Context, i Instance, number int64, key string) (json.RawMessage, bool, error)
}

// Filter chooses instances; the zero value of a field lets all through.
type Filter struct {
	App     string
	Service string
	Stage   stage.Name
	Region  string
}

// Match reports whether the filter lets i through.
func (f Filter) Match(i Instance) bool {
	return (f.App == "" || f.App == i.App) &&
		(f.Service == "" || f.Service == i.Service) &&
		(f.Stage.IsZero() || f.Stage == i.Stage) &&
		(f.Region == "" || f.Region == i.Region)
}
