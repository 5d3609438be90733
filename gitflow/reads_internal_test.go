package gitflow

import (
	"bytes"
	"fmt"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/testenv"
)

// wide makes a bare repository with many files, four directories deep, and two
// branches that change ten of them each.
func wide(tb testing.TB, files int) string {
	tb.Helper()
	testenv.Git(tb)
	dir := tb.TempDir()
	git := func(in *bytes.Buffer, args ...string) {
		cmd := exec.CommandContext(tb.Context(), "git", append([]string{"-C", dir, "-c", "gc.autoDetach=false"}, args...)...)
		cmd.Stdin = in
		out, err := cmd.CombinedOutput()
		require.NoError(tb, err, "git %v: %s", args, out)
	}
	var in bytes.Buffer
	file := func(i, mark int) {
		fmt.Fprintf(&in, "M 100644 :%d services/s%03d/m%d/f%d\n", mark, i/100, i/10%10, i)
	}
	for mark := 1; mark <= 3; mark++ {
		fmt.Fprintf(&in, "blob\nmark :%d\ndata 1\n%d\n", mark, mark)
	}
	for mark, branch := range []string{"master", "ours", "theirs"} {
		fmt.Fprintf(&in, "commit refs/heads/%s\ncommitter A <a@example.com> %d +0000\ndata 0\n", branch, 1_700_000_000+mark)
		if mark == 0 {
			for i := range files {
				file(i, 1)
			}
			continue
		}
		fmt.Fprint(&in, "from refs/heads/master\n")
		for i := range 10 {
			file((2*i+mark-1)*files/20, mark+1)
		}
	}
	git(&bytes.Buffer{}, "init", "-q", "--bare")
	git(&in, "-c", "fastimport.unpackLimit=0", "fast-import", "--quiet")
	return dir
}

// A merge reads no more than the directories on the way to what differs, and some
// commits, whatever else there is. The same goes for its memory.
func TestMergeReadsWhatDiffers(t *testing.T) {
	const changed, deep, commits = 20, 4, 10
	dir := wide(t, 100_000)
	ann := Signature{Name: "Ann", Email: "ann@example.com", When: time.Unix(1_700_000_000, 0)}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r, err := Open(dir)
	require.NoError(t, err)
	res, err := r.Promote(t.Context(), "theirs", "ours", PromoteOptions{Author: ann, DryRun: true})
	require.NoError(t, err)
	runtime.ReadMemStats(&after)
	require.Equal(t, Merged, res.Kind)
	read := r.objects.db.Objects()
	require.Positive(t, read)
	require.Less(t, read, changed*deep+commits)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(2<<20))

	res, err = r.Revert(t.Context(), "ours", "ours", RevertOptions{Author: ann, DryRun: true})
	require.NoError(t, err)
	require.Equal(t, Reverted, res.Kind)
	t.Logf("%d objects, %d bytes, %d objects", read, after.TotalAlloc-before.TotalAlloc, r.objects.db.Objects()-read)
	require.Less(t, r.objects.db.Objects()-read, changed*deep+commits)
}

// The search for undone work reads each commit once, and some more for each revert:
// those between it and the pull request that it names.
func TestUndoneReadsCommitsOnce(t *testing.T) {
	testenv.Git(t)
	const commits, distance = 4000, 25 // of which every fortieth reverts another one
	dir := t.TempDir()
	git := func(in *bytes.Buffer, args ...string) {
		cmd := exec.CommandContext(t.Context(), "git", append([]string{"-C", dir}, args...)...)
		cmd.Stdin = in
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "git %v: %s", args, out)
	}
	var in bytes.Buffer
	reverts := 0
	for i := range commits {
		message := fmt.Sprintf("Change (#%d)", i+1)
		if i%40 == 39 {
			reverts++
			message = fmt.Sprintf("Revert it\n\nReverts shop#%d", i+1-distance)
		}
		fmt.Fprintf(&in, "commit refs/heads/master\ncommitter A <a@example.com> %d +0000\ndata %d\n%s\n", 1_700_000_000+i, len(message)+1, message)
		fmt.Fprintf(&in, "M 100644 inline f%d\ndata %d\n%08d\n", i%10, 9, i)
		if i == 0 {
			fmt.Fprint(&in, "reset refs/heads/first\nfrom refs/heads/master\n\n")
		}
	}
	git(&bytes.Buffer{}, "init", "-q", "--bare", "-b", "master")
	git(&in, "-c", "fastimport.unpackLimit=0", "fast-import", "--quiet")

	r, err := Open(dir)
	require.NoError(t, err)
	list, err := r.Undone(t.Context(), "first", "master")
	require.NoError(t, err)
	require.Empty(t, list) // what is reverted came later
	read := r.objects.db.Objects()
	t.Logf("%d objects, %d reverts", read, reverts)
	require.GreaterOrEqual(t, read, commits)
	require.Less(t, read, commits+reverts*(distance+20))
}
