// Package stage names the stages that instances of services are deployed to.
//
// A [Name] is valid by construction: [Parse] is the only way to make one from
// text, and every [Policy] returns one that Parse accepts. Start with
// [Policy.Name], which turns a developer, a branch or a pull request into a
// stage, and refuses the stages that are [Protected].
package stage

import (
	"errors"
	"fmt"
)

// MaxLen is the length of the longest [Name], in bytes. It is the longest
// CloudFormation stack name (128) less a service name of one letter and the
// dash between them; how much of it really fits depends on the services.
const MaxLen = 126

// ErrInvalid is wrapped by every error about text that is no stage name.
var ErrInvalid = errors.New("invalid stage name")

// Name is a stage: one or more of A-Z, a-z, 0-9 and "-", as the Serverless
// Framework demands. The zero Name is no stage. Names are comparable and may be
// keys of maps; case counts.
type Name struct{ s string }

// Parse returns s as a Name, or an error that wraps [ErrInvalid] and says which
// byte is wrong.
func Parse(s string) (Name, error) {
	if s == "" {
		return Name{}, fmt.Errorf("%w %q: empty", ErrInvalid, s)
	}
	if len(s) > MaxLen {
		return Name{}, fmt.Errorf("%w %q: %d bytes, at most %d are allowed", ErrInvalid, s, len(s), MaxLen)
	}
	for i := range len(s) {
		if !valid(s[i]) {
			return Name{}, fmt.Errorf("%w %q: byte %d is %q, want A-Z, a-z, 0-9 or '-'", ErrInvalid, s, i, s[i])
		}
	}
	return Name{s}, nil
}

// String returns the name as it is written, or "" for the zero Name.
func (n Name) String() string { return n.s }

// IsZero reports whether n is no stage.
func (n Name) IsZero() bool { return n.s == "" }

// MarshalText returns the name as it is written. The zero Name is an empty text.
func (n Name) MarshalText() ([]byte, error) { return []byte(n.s), nil }

// UnmarshalText sets n to the text, which [Parse] must accept; an empty text is
// the zero Name.
func (n *Name) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*n = Name{}
		return nil
	}
	p, err := Parse(string(text))
	if err != nil {
		return err
	}
	*n = p
	return nil
}

func valid(b byte) bool {
	return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9' || b == '-'
}
