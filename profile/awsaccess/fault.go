package awsaccess

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/slsflow/slsflow/profile"
)

// Questions that a caller asks of an error.
var (
	// ErrDenied: STS does not let these credentials take the role.
	ErrDenied = errors.New("access denied")
	// ErrAccount: the credentials belong to another account than the profile.
	ErrAccount = errors.New("wrong account")
	// ErrExpired: the credentials that were to be used have expired.
	ErrExpired = errors.New("the credentials have expired")
	// ErrNoCredentials: there are none to begin with, or AWS does not know them.
	ErrNoCredentials = errors.New("no valid credentials")
	// ErrUnreachable: STS could not be asked.
	ErrUnreachable = errors.New("cannot reach STS")
)

// Error is access that was not given. It wraps one of the Err values above, if
// any of them fits, and what the SDK said. It holds no secret.
type Error struct {
	// Op is "get credentials", "assume role" or "verify account".
	Op string
	// Profile is the name of the profile, Role its role.
	Profile string
	Role    profile.RoleARN
	// Kind is one of the Err values, or nil.
	Kind error
	// Err is the cause.
	Err error
	// Hint says what to do, or is "".
	Hint string
}

// Error returns the whole error in one line.
func (e *Error) Error() string {
	s := fmt.Sprintf("profile %q: %s", e.Profile, e.Op)
	if !e.Role.IsZero() {
		s += " (" + e.Role.String() + ")"
	}
	if e.Kind != nil {
		s += ": " + e.Kind.Error()
	}
	s += ": " + strings.Join(strings.Fields(e.cause()), " ")
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// cause is what AWS said, without the names that the SDK puts around it.
func (e *Error) cause() string {
	if api, ok := errors.AsType[smithy.APIError](e.Err); ok && e.Kind != nil {
		return api.ErrorCode() + ": " + api.ErrorMessage()
	}
	if send, ok := errors.AsType[*smithyhttp.RequestSendError](e.Err); ok && e.Kind != nil {
		return send.Err.Error()
	}
	return e.Err.Error()
}

// Unwrap returns Kind, if any, and Err.
func (e *Error) Unwrap() []error {
	if e.Kind == nil {
		return []error{e.Err}
	}
	return []error{e.Kind, e.Err}
}

// errNone is the cause for a configuration without any credentials.
var errNone = errors.New("the configuration has none")

// noKeys is a source of credentials that gave none.
type noKeys struct{ err error }

func (e *noKeys) Error() string { return e.err.Error() }
func (e *noKeys) Unwrap() error { return e.err }

// wrongAccount is what the guard found.
type wrongAccount struct {
	id   Identity
	want string
}

func (e *wrongAccount) Error() string {
	return fmt.Sprintf("the credentials are those of %s in account %s, the profile's account is %s", e.id.ARN, e.id.Account, e.want)
}

// fault makes an Error of what went wrong.
func fault(ctx context.Context, op string, p profile.Profile, err error) *Error {
	e := &Error{Op: op, Profile: p.Name, Role: p.Role, Err: err}
	_, source := errors.AsType[*noKeys](err)
	_, wrong := errors.AsType[*wrongAccount](err)
	_, sso := errors.AsType[*ssocreds.InvalidTokenError](err)
	code := ""
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		code = api.ErrorCode()
	}
	switch {
	case ctx.Err() != nil:
		e.Err = context.Cause(ctx)
		if _, late := errors.AsType[errTimeout](e.Err); late {
			e.Kind, e.Hint = ErrUnreachable, "check the network, the proxy and the region"
		} // else it is the caller's own doing, and not to be taken for a fault of AWS
	case wrong:
		e.Kind, e.Hint = ErrAccount, "use credentials of that account, or correct the account of the profile"
		if p.Role.IsZero() {
			e.Hint = "use credentials of that account, or give the profile a role in it"
		}
	case code == "ExpiredToken" || code == "ExpiredTokenException" || code == "RequestExpired" || sso:
		e.Kind, e.Hint = ErrExpired, "log in again, or renew the token of the CI job; if the credentials are fresh, set the clock of this machine"
	case unreachable(err, source):
		e.Kind, e.Hint = ErrUnreachable, "check the network, the proxy and the region"
	case source || errors.Is(err, errNone):
		e.Kind, e.Hint = ErrNoCredentials, "log in, or give the credentials that may take the role"
	case code == "InvalidIdentityToken" || code == "IDPRejectedClaim":
		e.Kind, e.Hint = ErrNoCredentials, "the account has no OIDC provider for the token's issuer, or the token is not one of it"
	case code == "InvalidClientTokenId" || code == "UnrecognizedClientException" || code == "SignatureDoesNotMatch" || code == "InvalidAccessKeyId":
		e.Kind, e.Hint = ErrNoCredentials, "the access key is deleted, of another partition, or its secret is mistyped"
	case code == "AccessDenied" || code == "AccessDeniedException":
		e.Kind, e.Hint = ErrDenied, causes(p, err)
	}
	return e
}

// unreachable reports whether err is about a request that could not be sent. Of a
// source of credentials only those count that ask AWS itself: that there is no
// metadata service is not for want of a network.
func unreachable(err error, source bool) bool {
	if _, ok := errors.AsType[*smithyhttp.RequestSendError](err); !ok {
		return false
	}
	op, ok := errors.AsType[*smithy.OperationError](err)
	return !source || ok && slices.Contains([]string{"STS", "SSO", "SSO OIDC"}, op.Service())
}

// causes are those of a refusal. STS does not say which it is, on purpose, but
// for the right to tag a session.
func causes(p profile.Profile, err error) string {
	tell := fmt.Sprintf("to tell which, with credentials of account %s: aws iam get-role --role-name %s --query Role.AssumeRolePolicyDocument", p.Role.Account(), p.Role.Name())
	if strings.Contains(err.Error(), "sts:TagSession") {
		return "the role's trust policy, or the caller's own policy, does not allow sts:TagSession beside sts:AssumeRole; " + tell
	}
	if web, ok := errors.AsType[*refusedToken](err); ok {
		token := "the token's"
		if web.known {
			token = fmt.Sprintf("the token's: issuer %q, subject %q, audience %q", web.claims.issuer, web.claims.subject, web.claims.audience)
		}
		return "one of these: (1) the role does not exist; (2) its trust policy does not name the OIDC provider; (3) it asks for another subject or audience than " + token + "; " + tell
	}
	external := fmt.Sprintf("(3) it asks for another external ID than the profile's %q", p.ExternalID)
	if p.ExternalID == "" {
		external = "(3) it asks for an external ID, the profile has none"
	}
	return "one of these: (1) the role does not exist; (2) its trust policy does not name the caller, or the caller's own policy does not allow sts:AssumeRole on it; " +
		external + "; " + tell
}
