package ssmparams

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/smithy-go"

	"github.com/slsflow/slsflow/internal/redact"
	"github.com/slsflow/slsflow/params"
)

// hints say what to do about an error of AWS.
func hint(action, code string) string {
	switch code {
	case "AccessDenied", "AccessDeniedException", "UnauthorizedOperation":
		return " (let the role do " + action + ", and use the KMS key of secrets)"
	case "ExpiredToken", "ExpiredTokenException":
		return " (sign in again)"
	case "InvalidKeyId":
		return " (the KMS key of Options.KeyID must be there, be enabled, and allow the role)"
	case "ParameterMaxVersionLimitExceeded":
		return " (a version with a label is the oldest of a hundred: move the label to a newer one)"
	case "ParameterLimitExceeded":
		return " (delete some, or ask AWS for more)"
	}
	return ""
}

// fault makes an error of what the SDK returned. AWS quotes the value that it
// refuses: it is taken out. outer is the caller's context.
func fault(outer, ctx context.Context, op string, k params.Key, action string, err error, value ...string) error {
	if cause := context.Cause(outer); cause != nil {
		return fmt.Errorf("%s param %v: %s: %w", op, k, action, cause)
	}
	set := redact.NewSet()
	set.Add(value...)
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		safe := &smithy.GenericAPIError{Code: api.ErrorCode(), Message: set.Text(api.ErrorMessage()), Fault: api.ErrorFault()}
		late := ""
		if cause := context.Cause(ctx); cause != nil {
			late = cause.Error() + ": "
		}
		return fmt.Errorf("%s param %v: %s: %s%w%s", op, k, action, late, safe, hint(action, api.ErrorCode()))
	}
	if cause := context.Cause(ctx); cause != nil {
		return fmt.Errorf("%s param %v: %s: %w: %s", op, k, action, cause, set.Text(err.Error()))
	}
	return fmt.Errorf("%s param %v: %s: %s", op, k, action, set.Text(err.Error()))
}
