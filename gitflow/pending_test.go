package gitflow_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/gitflow"
)

// firstDir is a service for each directory of the root.
func firstDir(p string) ([]string, error) {
	if dir, _, ok := strings.Cut(p, "/"); ok {
		return []string{dir}, nil
	}
	return nil, nil
}

func TestPending(t *testing.T) {
	g := newOracle(t)
	g.write("moved/file", "a file that moves to another service\n")
	g.write("same/file", "1")
	g.file("untouched/file", "1")
	g.git("branch", "prod")
	start := g.when
	g.git("checkout", "-q", "-b", "feature")
	g.git("mv", "moved", "target")
	g.commit("Move it (#11)")
	g.file("same/file", "2")
	g.file("same/file", "1")
	g.on("master")
	g.git("merge", "-q", "--no-ff", "-m", "Merge branch 'feature'\n\nSee merge request team/shop!12", "feature")
	g.file("readme", "1")
	g.on("prod").file("hotfix/file", "1")
	r := g.open()

	p, err := r.Pending(t.Context(), "master", "prod", gitflow.PendingOptions{Services: firstDir})
	require.NoError(t, err)
	require.Len(t, p.Commits, 5)
	require.Equal(t, 1, p.Merges)
	require.Equal(t, []int{11, 12}, p.PullRequests)
	require.Equal(t, []string{"moved", "target"}, p.Services, "where a file goes and where it comes from; not what is as before, nor what only prod has")
	require.EqualValues(t, start+1, p.Oldest.Unix())
	require.Equal(t, time.Hour, p.Age(p.Oldest.Add(time.Hour)))

	p, err = r.Pending(t.Context(), "master~1", "master", gitflow.PendingOptions{Services: firstDir})
	require.NoError(t, err)
	require.Empty(t, p.Commits)
	require.Empty(t, p.Services)
	require.Zero(t, p.Age(time.Now()))

	g.git("checkout", "-q", "--orphan", "island")
	g.commit("all anew")
	p, err = r.Pending(t.Context(), "island", "prod", gitflow.PendingOptions{Services: firstDir})
	require.NoError(t, err)
	require.Equal(t, []string{"hotfix", "moved", "same", "untouched"}, p.Services)

	failure := errors.New("the services cannot be read")
	_, err = r.Pending(t.Context(), "master", "prod", gitflow.PendingOptions{Services: func(string) ([]string, error) { return nil, failure }})
	require.ErrorIs(t, err, failure)
}
