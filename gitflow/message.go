package gitflow

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
)

// listed is how many commits a message names before it only counts the rest.
const listed = 50

// promoteMessage says what is promoted, for people who read the log.
func promoteMessage(from string, commit plumbing.Hash, to string, commits []Commit) string {
	var text strings.Builder
	name := from + " (" + short(commit) + ")"
	if strings.HasPrefix(commit.String(), strings.ToLower(from)) {
		name = short(commit)
	}
	fmt.Fprintf(&text, "Promote %s into %s\n\n", name, to)
	for i, c := range commits {
		if i == listed {
			fmt.Fprintf(&text, "… and %d more\n", len(commits)-listed)
			break
		}
		fmt.Fprintf(&text, "- %s (%s)\n", c.Subject(), c.Hash[:7])
	}
	return text.String()
}

// revertMessage says what is reverted in the words that git uses, because
// people and programs look for them.
func revertMessage(c Commit, parent int, within []string) string {
	title := "Revert \"" + c.Subject() + "\""
	if again, ok := strings.CutPrefix(c.Subject(), "Revert \""); ok {
		title = "Reapply \"" + again
	}
	only := ""
	if len(within) > 0 {
		only = " in " + strings.Join(within, ", ")
	}
	if !c.IsMerge() {
		return fmt.Sprintf("%s%s\n\nThis reverts commit %s%s.\n", title, only, c.Hash, only)
	}
	return fmt.Sprintf("%s%s\n\nThis reverts commit %s, reversing\nchanges made to %s%s.\n", title, only, c.Hash, c.Parents[parent-1], only)
}

// hint is what is known of a message that was not decoded.
type hint uint8

const (
	unread     hint = iota
	plain           // it says nothing of other commits
	remarkable      // it may say that it is a copy, or what it reverts
)

// Messages without these words need no look at their lines.
const (
	revertWords  = "everts "
	copyWords    = "(cherry picked from commit "
	requestWords = "See merge request "
)

// hintOf looks through a commit as it is stored.
func hintOf(text []byte) hint {
	if bytes.Contains(text, []byte(revertWords)) || bytes.Contains(text, []byte(copyWords)) {
		return remarkable
	}
	return plain
}

var (
	revertedCommit = regexp.MustCompile(`(?m)^This reverts commit ([0-9a-f]{40})\b(?:,\s+reversing\s+changes\s+made\s+to\s+([0-9a-f]{40})\b)?`)
	revertedNumber = regexp.MustCompile(`(?m)^(?:This reverts merge request |Reverts )[\w./-]*[!#]([1-9][0-9]{0,8})\b`)
	copiedCommit   = regexp.MustCompile(`(?m)^\(cherry picked from commit ([0-9a-f]{40})\)\s*$`)
	numbered       = regexp.MustCompile(
		`^Merge pull request #([1-9][0-9]{0,8})\b` + // GitHub, Bitbucket Server
			`|^Merged in .* \(pull request #([1-9][0-9]{0,8})\)` + // Bitbucket
			`|^(?:Pull request #|Merged PR )([1-9][0-9]{0,8}): ` + // Bitbucket Server squashed, Azure DevOps
			`|^Merge pull request '.*' \([#!]([1-9][0-9]{0,8})\) from ` + // Gitea
			`|^.*\((?:[\w./-]*!|#)([1-9][0-9]{0,8})\)\s*$`) // squashed
	numberedAtEnd = regexp.MustCompile(`(?m)^` + requestWords + `[^\s!]*!([1-9][0-9]{0,8})\s*$`) // GitLab
)

// mention is what a message says to revert: a commit, and for a merge the parent
// to which it went back, or a pull request by its number.
type mention struct {
	commit, mainline plumbing.Hash
	pullRequest      int
}

// revertsIn returns what a message says it reverts, in the words of git, GitHub
// and GitLab. A commit that was squashed from several may name several.
func revertsIn(message string) []mention {
	if !strings.Contains(message, revertWords) {
		return nil
	}
	var list []mention
	for _, m := range revertedCommit.FindAllStringSubmatch(message, -1) {
		list = append(list, mention{commit: plumbing.NewHash(m[1]), mainline: plumbing.NewHash(m[2])})
	}
	for _, m := range revertedNumber.FindAllStringSubmatch(message, -1) {
		if n, err := strconv.Atoi(m[1]); err == nil {
			list = append(list, mention{pullRequest: n})
		}
	}
	return list
}

// pickedFrom returns the commit that a message says it is a copy of, as
// `git cherry-pick -x` writes it; of a copy of a copy, the first one.
func pickedFrom(message string) (string, bool) {
	if !strings.Contains(message, copyWords) {
		return "", false
	}
	found := copiedCommit.FindStringSubmatch(message)
	if found == nil {
		return "", false
	}
	return found[1], true
}

// pullRequestOf returns the number of a pull request that a message names where
// GitHub, GitLab, Bitbucket, Gitea and Azure DevOps write it: at the beginning of
// a merge, at the end of a squashed subject, or in the last lines.
func pullRequestOf(message string) int {
	line, _, _ := strings.Cut(message, "\n")
	found := numbered.FindStringSubmatch(line)
	if found == nil && strings.Contains(message, requestWords) {
		found = numberedAtEnd.FindStringSubmatch(message)
	}
	for _, m := range found { // of which one alone is a number
		if n, err := strconv.Atoi(m); err == nil {
			return n
		}
	}
	return 0
}
