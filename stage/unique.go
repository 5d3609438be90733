package stage

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"
)

// MinUnique is the smallest length that [UniqueWithin] can keep to.
const MinUnique = 12

// readableLen bounds the readable part before the hash.
const readableLen = 24

// hashLen is how many characters of a hash a name of at most size has.
func hashLen(size int) int {
	if size < readableLen {
		return 10
	}
	return 16
}

// Unique names the stage of a git branch so that no two branches share one. A
// branch that is a valid stage name, and not of the shape that hashing makes
// (it ends in "-" and 16 characters of a-z and 2-7), keeps its name; every other
// gets up to 24 of its characters, made valid, and a hash of all of it.
//
// The hash has 80 bits: the odds that any two of a million branches share a stage
// are below one in 10^12.
func Unique(branch string) (Name, error) { return UniqueWithin(branch, MaxLen) }

// UniqueWithin is [Unique] with names of at most size characters, from
// [MinUnique] to [MaxLen]: a longer branch gets a hash too, so that no branch is
// too long for AWS where size is what a [Budget] has room for.
//
// Below a size of 24 the hash has 10 characters, which are 50 bits: the odds are
// one in two billion among a thousand branches, one in 2,000 among a million. Two
// that do share a stage are told apart by its owner, and the second is refused.
func UniqueWithin(branch string, size int) (Name, error) {
	switch {
	case size < MinUnique || size > MaxLen:
		return Name{}, fmt.Errorf("%w: unique names of %d characters, want %d to %d", ErrInvalid, size, MinUnique, MaxLen)
	case branch == "":
		return Name{}, fmt.Errorf("%w: no branch", ErrInvalid)
	}
	hash := hashLen(size)
	if n, err := Parse(branch); err == nil && len(branch) <= size && !hashed(branch, hash) {
		return n, nil
	}
	readable := dashed(branch)
	readable = strings.Trim(readable[:min(len(readable), readableLen, size-1-hash)], "-")
	sum := sha256.Sum256([]byte(branch))
	return Name{readable + "-" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:hash]}, nil
}

// hashed reports whether s has the shape that is reserved for hashes of n
// characters.
func hashed(s string, n int) bool {
	dash := len(s) - n - 1
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

// longestUnique returns the length of the longest name that branches of n
// characters have with names of at most size.
func longestUnique(n, size int) int {
	hash := hashLen(size)
	readable := n
	if n < 3 {
		readable = n - 1 // one of them is to be replaced, and then trimmed
	}
	longest := min(readable, readableLen, size-1-hash) + 1 + hash
	if n <= size {
		longest = max(longest, n)
	}
	return longest
}
