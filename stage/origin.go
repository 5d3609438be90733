package stage

import (
	"fmt"
	"strconv"
	"strings"
)

// Developer names the stage of a person who deploys from a shell. Each
// character that a stage may not hold becomes "-", so that "alice.b" deploys to
// "alice-b".
func Developer(user string) (Name, error) {
	if user == "" {
		return Name{}, fmt.Errorf("%w: no user name", ErrInvalid)
	}
	return Parse(dashed(user))
}

// Branch names the stage of a git branch as Serverless CI/CD did: each
// character outside A-Z, a-z, 0-9 and "-" becomes "-", and case is kept, so that
// "feature/ph-api" deploys to "feature-ph-api". Two branches may share a stage;
// with [Unique] they cannot.
func Branch(branch string) (Name, error) {
	if branch == "" {
		return Name{}, fmt.Errorf("%w: no branch", ErrInvalid)
	}
	return Parse(dashed(branch))
}

// PullRequest names the stage of a pull request by its number: "pr-142".
func PullRequest(number int) (Name, error) {
	if number <= 0 {
		return Name{}, fmt.Errorf("%w: pull request %d, want a number above 0", ErrInvalid, number)
	}
	return Name{"pr-" + strconv.Itoa(number)}, nil
}

// dashed replaces each character (not byte) that a stage may not hold by "-".
func dashed(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x80 && valid(byte(r)) {
			return r
		}
		return '-'
	}, s)
}
