package awssource

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/smithy-go"
)

// Error is something that AWS did not do.
type Error struct {
	// Action is what was asked for, such as "ssm:GetParameters", and Object what
	// for, such as "/db/password in eu-west-1".
	Action, Object string
	// Code is that of AWS, such as "AccessDeniedException", or "".
	Code string
	// Msg says why.
	Msg string
	// Err is the error of the SDK.
	Err error
}

// Error returns "action object: why (what to do)".
func (e *Error) Error() string {
	s := e.Action + " " + e.Object + ": "
	if e.Code != "" {
		s += e.Code + ": "
	}
	s += e.Msg
	switch e.Code {
	case "AccessDenied", "AccessDeniedException", "UnauthorizedOperation":
		s += " (let the role do " + e.Action + ")"
	case "ExpiredToken", "ExpiredTokenException":
		s += " (sign in again)"
	}
	return s
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// fault makes an [*Error] of what the SDK returned. ctx is the caller's, without
// the deadline of the call.
func (a *AWS) fault(ctx context.Context, action, object string, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return fmt.Errorf("%s %s: %w", action, object, cause)
	}
	e := &Error{Action: action, Object: object, Msg: err.Error(), Err: err}
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		e.Code, e.Msg = api.ErrorCode(), api.ErrorMessage()
		if e.Msg == "" {
			e.Msg = "AWS says no more"
		}
	} else if _, why, ok := strings.Cut(e.Msg, "get credentials: "); ok { // the SDK has no type for it
		e.Msg = "there are no credentials (sign in, or name a profile in AWS_PROFILE): " + why
	} else if errors.Is(err, context.DeadlineExceeded) {
		e.Msg = fmt.Sprintf("no answer within %v", a.timeout)
	}
	return e
}

// is reports whether AWS refused something with one of the codes.
func is(err error, codes ...string) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return false
	}
	for _, code := range codes {
		if api.ErrorCode() == code {
			return true
		}
	}
	return false
}
