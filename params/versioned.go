package params

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// ErrConflict is wrapped by a [*Conflict].
var ErrConflict = errors.New("changed by somebody else")

// Versioned is a [Store] that keeps what a param was before, and by which two
// writers do not lose an update. Each Put gives a param the next version, from 1.
// Deleting it forgets the values of all its versions. Whether the store still
// says that it was there, and goes on counting, is up to the store.
type Versioned interface {
	Store
	// At returns the value of a version of k, 0 for the newest, and who put it
	// when. A version that there is not, or whose value is forgotten, is absent.
	At(ctx context.Context, k Key, version int64) (Value, Change, bool, error)
	// History returns the changes of k, the newest first, without values. None
	// is no error. A store may forget the oldest ones.
	History(ctx context.Context, k Key) ([]Change, error)
	// Swap puts v under k, or deletes k if v is nil, if the version of k is
	// e.After, and returns the change that it made. Else it changes nothing, and
	// the error is a [*Conflict].
	Swap(ctx context.Context, k Key, v Value, e Edit) (Change, error)
}

// Edit is what [Versioned.Swap] is told beside the value.
type Edit struct {
	// After is the version that the writer has seen, 0 if k was absent.
	After int64
	// By says who changes the param, or is "": plain text of 200 bytes at most.
	By string
}

// Check returns an error that wraps [ErrInvalid] if no store takes the edit with
// the value v, which may be nil.
func (e Edit) Check(v Value) error {
	switch {
	case e.After < 0:
		return fmt.Errorf("%w: version %d: there is none below 0", ErrInvalid, e.After)
	case v == nil && e.After == 0:
		return fmt.Errorf("%w: no value, and nothing that it could delete", ErrInvalid)
	case len(e.By) > 200:
		return fmt.Errorf("%w: the name of who changes it has %d bytes (200 at most)", ErrInvalid, len(e.By))
	case !isText(e.By):
		return fmt.Errorf("%w: the name of who changes it, %q, is not plain text", ErrInvalid, e.By)
	case v == nil:
		return nil
	}
	return CheckValue(v)
}

// Change is one version of a param, without its value.
type Change struct {
	Version int64 `json:"version"`
	Secret  bool  `json:"secret,omitempty"`
	// Deleted says that the param was deleted by this change.
	Deleted bool `json:"deleted,omitempty"`
	// Lost says that it came from a Swap that somebody else was faster than, and was
	// taken back: it never counted. Most stores keep nothing of such a one.
	Lost bool `json:"lost,omitempty"`
	// By is what the [Edit] said, which nobody has checked, or "".
	By string `json:"by,omitempty"`
	// Identity is who the store knows to have made it, such as an ARN, or "".
	Identity string `json:"identity,omitempty"`
	// Time is when it was made, in UTC.
	Time time.Time `json:"time"`
}

// String returns "version 3, put by alice on 2026-02-03T04:05:06Z".
func (c Change) String() string {
	done := "put"
	if c.Deleted {
		done = "deleted"
	}
	return fmt.Sprintf("version %d, %s by %s on %s", c.Version, done, c.Who(), c.Time.UTC().Format(time.RFC3339))
}

// Who returns By and Identity, as far as there are, for people.
func (c Change) Who() string {
	switch {
	case c.By != "" && c.Identity != "":
		return fmt.Sprintf("%s (%s)", c.By, c.Identity)
	case c.By == "" && c.Identity == "":
		return "somebody who gave no name"
	default:
		return c.By + c.Identity
	}
}

// Conflict is the error of [Versioned.Swap] about a param that has another version
// than the writer has seen. It wraps [ErrConflict].
type Conflict struct {
	Key Key
	// After is the version that the writer has seen, 0 if it was absent.
	After int64
	// Now is the newest change. Its Version is 0 if the store knows none.
	Now Change
}

// Error says what was expected, what there is, and who made it.
func (c *Conflict) Error() string {
	seen := fmt.Sprintf("it was expected at version %d", c.After)
	if c.After == 0 {
		seen = "it was expected to be absent"
	}
	now := "it is absent"
	if c.Now.Version > 0 {
		now = "there is " + c.Now.String()
	}
	return fmt.Sprintf("param %v: %v: %s, and %s (look at it, and change it again)", c.Key, ErrConflict, seen, now)
}

// Unwrap returns [ErrConflict].
func (*Conflict) Unwrap() error { return ErrConflict }

// isText reports whether s is UTF-8 without control characters.
func isText(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}
