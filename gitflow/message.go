package gitflow

import (
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
func revertMessage(c Commit, parent int) string {
	title := "Revert \"" + c.Subject() + "\""
	if again, ok := strings.CutPrefix(c.Subject(), "Revert \""); ok {
		title = "Reapply \"" + again
	}
	if !c.IsMerge() {
		return fmt.Sprintf("%s\n\nThis reverts commit %s.\n", title, c.Hash)
	}
	return fmt.Sprintf("%s\n\nThis reverts commit %s, reversing\nchanges made to %s.\n", title, c.Hash, c.Parents[parent-1])
}

// revertOf returns the hash of the commit that a message says it reverts.
func revertOf(message string) (string, bool) {
	found := regexp.MustCompile(`(?m)^This reverts commit ([0-9a-f]{40})\b`).FindStringSubmatch(message)
	if found == nil {
		return "", false
	}
	return found[1], true
}

// pullRequestOf returns the number of a pull request that a message names: at
// the beginning of a merge by GitHub, at the end of a squashed subject, or in the
// last lines of a merge by GitLab.
func pullRequestOf(message string) int {
	for _, expr := range []string{
		`^Merge pull request #([1-9][0-9]{0,8})\b`,
		`^[^\n]*\(#([1-9][0-9]{0,8})\)\s*(?:\n|$)`,
		`(?m)^See merge request [^\s!]*!([1-9][0-9]{0,8})\s*$`,
	} {
		if found := regexp.MustCompile(expr).FindStringSubmatch(message); found != nil {
			n, err := strconv.Atoi(found[1])
			if err == nil {
				return n
			}
		}
	}
	return 0
}
