package gitflow_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/gitflow"
)

func TestPushCopiesAllThatIsNeeded(t *testing.T) {
	g, first := everything(t)
	to := &oracle{t: t, dir: t.TempDir()}
	to.git("init", "-q", "--bare", "-b", "master")
	r, target := g.open(), to.open()

	require.NoError(t, r.Push(t.Context(), target, gitflow.RefUpdate{Name: "master", New: first}))
	require.Equal(t, first, to.git("rev-parse", "master"))
	to.fsck()

	g.git("checkout", "-q", "-b", "side")
	side := g.file("side", "x")
	g.git("checkout", "-q", "master")
	g.file("src/handler.js", "exports.x = 2\n")
	merged := g.merge("side")
	g.git("tag", "-a", "-m", "release", "v1")
	tag := g.git("rev-parse", "v1")
	require.NoError(t, r.Push(t.Context(), target,
		gitflow.RefUpdate{Name: "master", Old: first, New: merged},
		gitflow.RefUpdate{Name: "feature/side", New: side},
		gitflow.RefUpdate{Name: "refs/tags/v1", New: tag}))
	require.Equal(t, merged, to.git("rev-parse", "master"))
	require.Equal(t, merged, to.git("rev-parse", "v1^{commit}"))
	to.fsck()

	require.NoError(t, r.Push(t.Context(), target, gitflow.RefUpdate{Name: "feature/side", Old: side}))
	_, err := to.try("rev-parse", "--verify", "-q", "refs/heads/feature/side")
	require.Error(t, err)
	// Its folder is no obstacle to a branch of that name.
	require.NoError(t, r.Push(t.Context(), target, gitflow.RefUpdate{Name: "feature", New: side}))
	require.Equal(t, side, to.git("rev-parse", "feature"))
}

func TestPushComparesAndSwaps(t *testing.T) {
	g := newOracle(t)
	first := g.file("a", "1")
	second := g.file("a", "2")
	for _, packed := range []bool{false, true} {
		t.Run(fmt.Sprintf("packed=%v", packed), func(t *testing.T) {
			to := g.bare()
			to.git("branch", "other", first)
			if packed {
				to.git("pack-refs", "--all", "--prune")
			}
			r, target := g.open(), to.open()
			before := to.git("for-each-ref")
			for _, updates := range [][]gitflow.RefUpdate{
				{{Name: "master", Old: first, New: first}},
				{{Name: "master", New: first}},
				{{Name: "master", Old: first}},
				{{Name: "nope", Old: first, New: second}},
				{{Name: "nope", Old: first}},
				{{Name: "other", Old: first, New: second}, {Name: "master", Old: first, New: second}}, // all or none
			} {
				err := r.Push(t.Context(), target, updates...)
				require.ErrorIs(t, err, gitflow.ErrMoved, "%v", updates)
				_, ok := errors.AsType[*gitflow.MovedError](err)
				require.True(t, ok)
				require.Equal(t, before, to.git("for-each-ref"), "%v", updates)
			}
			require.NoError(t, r.Push(t.Context(), target,
				gitflow.RefUpdate{Name: "other", Old: first, New: second},
				gitflow.RefUpdate{Name: "master", Old: second, New: first}))
			require.Equal(t, first+"\n"+second, to.git("rev-parse", "master", "other"))
			require.NoError(t, r.Push(t.Context(), target, gitflow.RefUpdate{Name: "other", Old: second}))
			require.Equal(t, "refs/heads/master", to.git("for-each-ref", "--format=%(refname)"))
			to.fsck()
			locks, err := filepath.Glob(filepath.Join(to.dir, "refs", "heads", "*.lock"))
			require.NoError(t, err)
			require.Empty(t, locks)
		})
	}
}

func TestPushRefuses(t *testing.T) {
	g := newOracle(t)
	head := g.file("a", "1")
	blob := g.git("rev-parse", "HEAD:a")
	to := g.bare()
	checkedOut := newOracle(t)
	checkedOutHead := checkedOut.file("z", "1")
	for _, tc := range []struct {
		name    string
		to      *oracle
		updates []gitflow.RefUpdate
		want    []string
	}{
		{"several faults at once", to, []gitflow.RefUpdate{{Name: "a..b", New: head}, {Name: "x", New: "abc"}, {Name: "y"}}, []string{"a..b", `"abc" is no full hash`, "neither old nor new"}},
		{"twice the same", to, []gitflow.RefUpdate{{Name: "x", New: head}, {Name: "refs/heads/x", New: head}}, []string{"refs/heads/x: updated twice"}},
		{"outside of refs", to, []gitflow.RefUpdate{{Name: "refs/../config", New: head}}, []string{"refs/../config"}},
		{"no such commit", to, []gitflow.RefUpdate{{Name: "x", New: strings.Repeat("1", 40)}}, []string{"not found"}},
		{"a blob as a branch", to, []gitflow.RefUpdate{{Name: "x", New: blob}}, []string{"is a blob, want a commit"}},
		{"a branch as a folder", to, []gitflow.RefUpdate{{Name: "master/x", New: head}}, []string{"there is refs/heads/master"}},
		{"what is checked out", checkedOut, []gitflow.RefUpdate{{Name: "master", Old: checkedOutHead, New: head}}, []string{"is checked out in " + checkedOut.dir}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			before := tc.to.git("for-each-ref")
			err := g.open().Push(t.Context(), tc.to.open(), tc.updates...)
			for _, want := range tc.want {
				require.ErrorContains(t, err, want)
			}
			require.Equal(t, before, tc.to.git("for-each-ref"))
		})
	}
}

// Many writers, ours and git itself, count on one branch: no step is lost.
func TestPushRivalsNeverOverwriteEachOther(t *testing.T) {
	g := newOracle(t)
	commits := []string{g.file("a", "0")}
	for i := range 24 {
		commits = append(commits, g.file("a", fmt.Sprint(i+1)))
	}
	next := map[string]string{}
	for i := range len(commits) - 1 {
		next[commits[i]] = commits[i+1]
	}
	to := g.bare()
	to.git("update-ref", "refs/heads/counter", commits[0])
	to.git("pack-refs", "--all")
	last := commits[len(commits)-1]

	var won atomic.Int64
	step := func(at string, write func(old, next string) error) (done bool) {
		if at == last {
			return true
		}
		if write(at, next[at]) == nil {
			won.Add(1)
		}
		return false
	}
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			r, target := g.open(), to.open()
			for t.Context().Err() == nil {
				at, err := target.Resolve("refs/heads/counter")
				if err != nil {
					t.Error(err)
					return
				}
				if step(at, func(old, next string) error {
					err := r.Push(t.Context(), target, gitflow.RefUpdate{Name: "counter", Old: old, New: next})
					if err != nil && !errors.Is(err, gitflow.ErrMoved) && !strings.Contains(err.Error(), "holds the lock") {
						t.Error(err)
					}
					return err
				}) {
					return
				}
			}
		})
	}
	wg.Go(func() {
		for t.Context().Err() == nil {
			at, err := to.try("rev-parse", "refs/heads/counter")
			if err != nil {
				t.Error(err)
				return
			}
			if step(at, func(old, next string) error {
				_, err := to.try("update-ref", "refs/heads/counter", next, old)
				return err
			}) {
				return
			}
			_, _ = to.try("pack-refs", "--all", "--prune") // loses against a lock, which is fine
		}
	})
	wg.Wait()
	require.EqualValues(t, len(commits)-1, won.Load(), "each step was won by exactly one")
	require.Equal(t, last, to.git("rev-parse", "refs/heads/counter"))
	to.fsck()
}

func TestPushSaysWhoseLockItIs(t *testing.T) {
	g := newOracle(t)
	head := g.file("a", "1")
	to := g.bare()
	stale := filepath.Join(to.dir, "refs", "heads", "x.lock")
	require.NoError(t, os.WriteFile(stale, nil, 0o666))
	old := time.Now().Add(-3*time.Hour - time.Minute)
	require.NoError(t, os.Chtimes(stale, old, old))
	err := g.open().Push(t.Context(), to.open(), gitflow.RefUpdate{Name: "x", New: head})
	require.ErrorContains(t, err, "holds the lock for 3h1m")
	require.ErrorContains(t, err, "remove "+stale)
	require.FileExists(t, stale)
}

func TestPushFromAShallowClone(t *testing.T) {
	g := newOracle(t)
	g.file("a", "1")
	g.file("a", "2")
	shallow := &oracle{t: t, dir: filepath.Join(t.TempDir(), "shallow")}
	g.git("clone", "-q", "--depth=1", "file://"+g.dir, shallow.dir)
	empty := &oracle{t: t, dir: t.TempDir()}
	empty.git("init", "-q", "--bare")
	r := shallow.open()
	head, err := r.Resolve("HEAD")
	require.NoError(t, err)
	err = r.Push(t.Context(), empty.open(), gitflow.RefUpdate{Name: "x", New: head})
	require.ErrorIs(t, err, gitflow.ErrShallow)
	require.ErrorContains(t, err, "git fetch --unshallow")
	_, err = r.Resolve("HEAD~1")
	require.ErrorIs(t, err, gitflow.ErrShallow)
	require.NoError(t, r.Export(t.Context(), "HEAD", filepath.Join(t.TempDir(), "out")))

	// To one that has the history, a new commit can be pushed.
	shallow.file("a", "3")
	head, err = r.Resolve("HEAD")
	require.NoError(t, err)
	full := g.bare()
	require.NoError(t, r.Push(t.Context(), full.open(), gitflow.RefUpdate{Name: "x", New: head}))
	full.fsck()
}
