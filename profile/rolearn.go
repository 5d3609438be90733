package profile

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// ErrInvalid is wrapped by every error about a role, an account or an external
// ID that AWS could not accept.
var ErrInvalid = errors.New("invalid")

// RoleARN is the ARN of an IAM role, such as
// "arn:aws:iam::111111111111:role/ci/deploy". It is comparable. The zero RoleARN
// is no role. [ParseRoleARN] makes all others.
type RoleARN struct{ partition, account, path, name string }

// ParseRoleARN returns s as a RoleARN, or an error that wraps [ErrInvalid] and
// says which part is wrong. The rules are those of
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html.
func ParseRoleARN(s string) (RoleARN, error) {
	bad := func(why string) (RoleARN, error) {
		return RoleARN{}, fmt.Errorf("%w role %q: %s (want arn:aws:iam::ACCOUNT:role/NAME)", ErrInvalid, s, why)
	}
	part := strings.SplitN(s, ":", 6)
	if len(part) != 6 || part[0] != "arn" {
		return bad("it is no ARN")
	}
	partition, service, region, account, resource := part[1], part[2], part[3], part[4], part[5]
	path, ok := strings.CutPrefix(resource, "role")
	slash := strings.LastIndexByte(path, '/')
	switch {
	case !awsPartition.MatchString(partition):
		return bad("its partition is not aws, aws-cn, aws-us-gov or the like")
	case service != "iam":
		return bad(fmt.Sprintf("it is one of %q, not of iam", service))
	case region != "":
		return bad("it names a region, a role has none")
	case !isAccount(account):
		return bad("its account is not 12 digits")
	case !ok || slash < 0:
		return bad("it is not of a role")
	}
	path, name := path[:slash+1], path[slash+1:]
	if !roleName.MatchString(name) {
		return bad("its name is not 1 to 64 of A-Z, a-z, 0-9 and _+=,.@-")
	}
	if !rolePath.MatchString(path) {
		return bad("its path is not / or up to 512 visible ASCII characters between slashes")
	}
	return RoleARN{partition, account, path, name}, nil
}

var (
	awsPartition = regexp.MustCompile(`^aws(-[a-z]+)*$`)

	roleName = regexp.MustCompile(`^[A-Za-z0-9_+=,.@-]{1,64}$`)
	rolePath = regexp.MustCompile(`^/([!-~]{1,510}/)?$`)
)

// Account returns the 12 digits of the account that the role is in, or "" for
// the zero RoleARN.
func (r RoleARN) Account() string { return r.account }

// Name returns the name of the role without its path: "deploy".
func (r RoleARN) Name() string { return r.name }

// Partition returns the partition of the role: "aws", "aws-cn", "aws-us-gov".
func (r RoleARN) Partition() string { return r.partition }

// IsZero reports whether r is no role.
func (r RoleARN) IsZero() bool { return r == RoleARN{} }

// String returns the ARN as [ParseRoleARN] reads it, or "" for the zero RoleARN.
func (r RoleARN) String() string {
	if r.IsZero() {
		return ""
	}
	return "arn:" + r.partition + ":iam::" + r.account + ":role" + r.path + r.name
}

// MarshalText returns the ARN. The zero RoleARN is an empty text.
func (r RoleARN) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText sets r to the text, which [ParseRoleARN] must accept; an empty
// text is the zero RoleARN.
func (r *RoleARN) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*r = RoleARN{}
		return nil
	}
	p, err := ParseRoleARN(string(text))
	if err != nil {
		return err
	}
	*r = p
	return nil
}

// CheckAccount returns nil if s is the number of an AWS account, 12 digits, and
// otherwise an error that wraps [ErrInvalid].
func CheckAccount(s string) error {
	if isAccount(s) {
		return nil
	}
	return fmt.Errorf("%w account %q: want 12 digits, in quotes so that leading zeros are kept", ErrInvalid, s)
}

func isAccount(s string) bool {
	return len(s) == 12 && strings.Trim(s, "0123456789") == ""
}
