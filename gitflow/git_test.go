package gitflow_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/gitflow"
	"github.com/slsflow/slsflow/internal/testenv"
)

// oracle is a directory in which the real git runs. The tests compare what this
// package answers with what git answers.
type oracle struct {
	t     testing.TB
	dir   string
	when  int               // seconds, so that no two commits share a time
	blobs map[string]string // see blob
}

// gitEnv keeps git away from the configuration of the machine.
func gitEnv(extra ...string) []string {
	return append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=/nonexistent", "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=Ann", "GIT_AUTHOR_EMAIL=ann@example.com", "GIT_COMMITTER_NAME=Cleo", "GIT_COMMITTER_EMAIL=cleo@example.com",
		"LC_ALL=C", "GIT_TERMINAL_PROMPT=0",
	}, extra...)
}

// newOracle makes a repository with a work tree on branch master.
func newOracle(tb testing.TB, initArgs ...string) *oracle {
	tb.Helper()
	testenv.Git(tb)
	g := &oracle{t: tb, dir: tb.TempDir(), when: 1_700_000_000}
	g.git(append([]string{"init", "-q", "-b", "master"}, initArgs...)...)
	return g
}

func (g *oracle) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(g.t.Context(), "git", args...)
	cmd.Dir = g.dir
	date := fmt.Sprintf("%d +0200", max(g.when, 1_600_000_000))
	cmd.Env = gitEnv("GIT_AUTHOR_DATE="+date, "GIT_COMMITTER_DATE="+date)
	return cmd
}

// git runs git, which must succeed, and returns its output without the last
// line break.
func (g *oracle) git(args ...string) string {
	g.t.Helper()
	out, err := g.try(args...)
	require.NoError(g.t, err, "git %s", strings.Join(args, " "))
	return out
}

func (g *oracle) try(args ...string) (string, error) {
	var stdout, stderr bytes.Buffer
	cmd := g.command(args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return strings.TrimRight(stdout.String(), "\n"), fmt.Errorf("%w: %s", err, stderr.String())
	}
	return strings.TrimRight(stdout.String(), "\n"), nil
}

// write puts a file into the work tree.
func (g *oracle) write(name, text string) {
	g.t.Helper()
	file := filepath.Join(g.dir, filepath.FromSlash(name))
	require.NoError(g.t, os.MkdirAll(filepath.Dir(file), 0o777))
	require.NoError(g.t, os.WriteFile(file, []byte(text), 0o666))
}

// commit commits the whole work tree and returns the hash.
func (g *oracle) commit(message string) string {
	g.t.Helper()
	g.when++
	g.git("add", "-A")
	g.git("commit", "-q", "--allow-empty", "-m", message)
	return g.git("rev-parse", "HEAD")
}

// file writes one file and commits it.
func (g *oracle) file(name, text string) string {
	g.t.Helper()
	g.write(name, text)
	return g.commit("change " + name)
}

// merge makes a merge commit of branch into the one that is checked out.
func (g *oracle) merge(branch string) string {
	g.t.Helper()
	g.when++
	g.git("merge", "-q", "--no-ff", "-m", "merge "+branch, branch)
	return g.git("rev-parse", "HEAD")
}

// bare returns a bare clone with all branches.
func (g *oracle) bare() *oracle {
	g.t.Helper()
	b := &oracle{t: g.t, dir: filepath.Join(g.t.TempDir(), "bare.git"), when: g.when}
	g.git("clone", "-q", "--bare", "--no-local", g.dir, b.dir)
	return b
}

func (g *oracle) open() *gitflow.Repository {
	g.t.Helper()
	r, err := gitflow.Open(g.dir)
	require.NoError(g.t, err)
	return r
}

// fsck asks git whether everything in the repository is well formed.
func (g *oracle) fsck() {
	g.t.Helper()
	g.git("fsck", "--strict", "--full")
}

// feed runs git with input.
func (g *oracle) feed(in io.Reader, args ...string) string {
	g.t.Helper()
	cmd := g.command(args...)
	cmd.Stdin = in
	out, err := cmd.Output()
	require.NoError(g.t, err, "git %s", strings.Join(args, " "))
	return strings.TrimRight(string(out), "\n")
}
