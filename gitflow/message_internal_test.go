package gitflow

import (
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/stretchr/testify/require"
)

func TestPullRequestOf(t *testing.T) {
	for message, want := range map[string]int{
		"Merge pull request #12 from team/feature\n\nOrders are fast": 12,
		"Orders are fast (#12)":                                                12,
		"Orders are fast (#12)\n\n* first\n* second (#99)":                     12,
		"Revert \"Orders are fast (#12)\" (#13)":                               13,
		"Revert \"Orders are fast (#12)\"\n\nThis reverts commit 1.":           0,
		"Merge branch 'f' into 'main'\n\nFast\n\nSee merge request a/b-c/d!12": 12,
		"Fast\n\nSee merge request !12\n":                                      12,
		"Orders are fast (!12)":                                                12,
		"Orders are fast (team/shop!12)":                                       12,
		"Merged in feature/x (pull request #12)\n\nOrders are fast":            12,
		"Merge pull request #12 in SHOP/orders from feature to master":         12,
		"Pull request #12: Orders are fast\n\nMerge in SHOP/orders":            12,
		"Merged PR 12: Orders are fast":                                        12,
		"Merge pull request 'Orders are fast' (#12) from a/b into main":        12,
		"Merge branch 'fix-#12'":                                               0,
		"Fixes #12":                                                            0,
		"See !12":                                                              0,
		"A (#12) in the middle":                                                0,
		"Title\n\nBody (#12)":                                                  0,
		"Too large (#1234567890)":                                              0,
		"":                                                                     0,
	} {
		require.Equal(t, want, pullRequestOf(message), message)
	}
}

func TestRevertsIn(t *testing.T) {
	a, b := strings.Repeat("a", 40), strings.Repeat("b", 40)
	ha, hb := plumbing.NewHash(a), plumbing.NewHash(b)
	for message, want := range map[string][]mention{
		"Revert \"x\"\n\nThis reverts commit " + a + ".":                                       {{commit: ha}},
		"Revert \"x\"\n\nThis reverts commit " + a + ", reversing\nchanges made to " + b + ".": {{commit: ha, mainline: hb}},
		"Two\n\nThis reverts commit " + a + ".\nThis reverts commit " + b + ".":                {{commit: ha}, {commit: hb}},
		"Revert \"Merge\"\n\nThis reverts merge request !12":                                   {{pullRequest: 12}},
		"Revert \"Merge\"\n\nThis reverts merge request team/shop!12":                          {{pullRequest: 12}},
		"Revert \"x\" (#13)\n\nReverts team/shop#12":                                           {{pullRequest: 12}},
		"It says that it\nnever reverts commit " + a:                                           nil,
		"> This reverts commit " + a:                                                           nil,
		"This reverts commit " + a[:39]:                                                        nil,
	} {
		require.Equal(t, want, revertsIn(message), message)
	}
}
