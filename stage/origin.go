package stage

import (
	"crypto/sha256"
	"encoding/base32"
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

// hashLen is how many characters of a hash [Unique] appends: 80 bits, so that
// a collision among a million branches has a chance below one in 10^12.
const hashLen = 16

// readableLen bounds the readable part before the hash.
const readableLen = 24

// Unique names the stage of a git branch so that no two branches share one. A
// branch that is a valid stage name, and not of the shape that hashing makes
// (it ends in "-" and 16 characters of a-z and 2-7), keeps its name; every other
// gets up to 24 of its characters, made valid, and a hash of all of it.
func Unique(branch string) (Name, error) {
	if branch == "" {
		return Name{}, fmt.Errorf("%w: no branch", ErrInvalid)
	}
	if n, err := Parse(branch); err == nil && !hashed(branch) {
		return n, nil
	}
	readable := dashed(branch)
	readable = strings.Trim(readable[:min(len(readable), readableLen)], "-")
	sum := sha256.Sum256([]byte(branch))
	hash := strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:hashLen]
	return Name{readable + "-" + hash}, nil
}

// hashed reports whether s has the shape that Unique reserves for hashes.
func hashed(s string) bool {
	dash := len(s) - hashLen - 1
	if dash < 0 || s[dash] != '-' {
		return false
	}
	for _, b := range []byte(s[dash+1:]) {
		if (b < 'a' || b > 'z') && (b < '2' || b > '7') {
			return false
		}
	}
	return true
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
