package stage

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrProtected is wrapped by the error of a [Policy] that was about to name a
// protected stage after a branch, a user or a pull request.
var ErrProtected = errors.New("protected stage")

// Origin is what a stage is named after. A [Policy] reads one field of it.
type Origin struct {
	User        string // who deploys, such as "alice"
	Branch      string // such as "feature/ph-api", without "refs/heads/"
	PullRequest int    // its number, 0 for none
}

// Policy names the stage of an [Origin]. The zero Policy is the one of
// [Branch]. Policies are comparable; [ParsePolicy] takes back what String gives.
type Policy struct {
	kind  kind
	fixed Name
	size  int // of byUnique, 0 for MaxLen
}

type kind string

const (
	byBranch      kind = ""
	byUnique      kind = "unique"
	byDeveloper   kind = "developer"
	byPullRequest kind = "pull-request"
	byFixed       kind = "fixed"
)

// ByBranch names stages by [Branch]. It is the zero Policy.
func ByBranch() Policy { return Policy{} }

// ByUnique names stages by [Unique].
func ByUnique() Policy { return Policy{kind: byUnique} }

// ByUniqueWithin names stages by [UniqueWithin].
func ByUniqueWithin(size int) Policy { return Policy{kind: byUnique, size: size} }

// ByDeveloper names stages by [Developer].
func ByDeveloper() Policy { return Policy{kind: byDeveloper} }

// ByPullRequest names stages by [PullRequest].
func ByPullRequest() Policy { return Policy{kind: byPullRequest} }

// Fixed gives every origin the stage n: all previews then overwrite each other.
func Fixed(n Name) Policy { return Policy{kind: byFixed, fixed: n} }

// ParsePolicy returns the policy that is written "branch", "unique",
// "unique:LENGTH", "developer", "pull-request" or "fixed:NAME".
func ParsePolicy(s string) (Policy, error) {
	if name, ok := strings.CutPrefix(s, "fixed:"); ok {
		n, err := Parse(name)
		return Policy{kind: byFixed, fixed: n}, err
	}
	if length, ok := strings.CutPrefix(s, "unique:"); ok {
		n, err := strconv.Atoi(length)
		if err != nil || n < MinUnique || n > MaxLen || strconv.Itoa(n) != length {
			return Policy{}, fmt.Errorf("stage policy %q: %q is no length, want %d to %d", s, length, MinUnique, MaxLen)
		}
		return ByUniqueWithin(n), nil
	}
	switch s {
	case "branch":
		return ByBranch(), nil
	case "unique":
		return ByUnique(), nil
	case "developer":
		return ByDeveloper(), nil
	case "pull-request":
		return ByPullRequest(), nil
	}
	return Policy{}, fmt.Errorf("stage policy %q: unknown, want branch, unique, unique:LENGTH, developer, pull-request or fixed:NAME", s)
}

// String returns the policy as [ParsePolicy] reads it.
func (p Policy) String() string {
	switch p.kind {
	case byBranch:
		return "branch"
	case byFixed:
		return "fixed:" + p.fixed.String()
	case byUnique:
		if p.size != 0 {
			return "unique:" + strconv.Itoa(p.size)
		}
	}
	return string(p.kind)
}

// MarshalText returns the policy as [ParsePolicy] reads it.
func (p Policy) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// Name returns the stage of o. An error wraps [ErrInvalid] if o has nothing to
// name a stage after, and [ErrProtected] if the name is one of the protected:
// those can be reached by configuration (a fixed policy, a branch mapped to a
// stage) and never by calling a branch or a user so.
func (p Policy) Name(o Origin, protected Protected) (Name, error) {
	var (
		n    Name
		err  error
		what string // what the stage is named after, for the refusal
		name string
	)
	switch p.kind {
	case byUnique:
		n, err = UniqueWithin(o.Branch, cmp.Or(p.size, MaxLen))
		what, name = "branch", o.Branch
	case byDeveloper:
		n, err = Developer(o.User)
		what, name = "user", o.User
	case byPullRequest:
		n, err = PullRequest(o.PullRequest)
		what, name = "pull request", strconv.Itoa(o.PullRequest)
	case byFixed:
		if p.fixed.IsZero() {
			return Name{}, fmt.Errorf("%w: a fixed policy without a name", ErrInvalid)
		}
		return p.fixed, nil
	default:
		n, err = Branch(o.Branch)
		what, name = "branch", o.Branch
	}
	if err != nil {
		return Name{}, err
	}
	if protected.Contains(n) {
		hint := "rename the " + what + ", or choose another stage policy"
		if p.kind == byDeveloper {
			hint = "ask for a stage of another name"
		}
		return Name{}, fmt.Errorf("%s %q may not deploy to stage %q: %w (%s)", what, name, n, ErrProtected, hint)
	}
	return n, nil
}

// Protected are the stages that no branch, user or pull request may be given,
// usually those that the workflow maps to a profile. Case does not count, since
// some names that AWS derives from a stage are lower case.
type Protected []Name

// Contains reports whether n is protected.
func (p Protected) Contains(n Name) bool {
	for _, m := range p {
		if strings.EqualFold(m.s, n.s) {
			return true
		}
	}
	return false
}
