package gitsource_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/testenv"
	"github.com/slsflow/slsflow/params/variables"
	"github.com/slsflow/slsflow/params/variables/gitsource"
)

// repository is one that git itself works on.
type repository struct {
	t   *testing.T
	dir string
	now int
}

func newRepository(t *testing.T) *repository {
	t.Helper()
	testenv.Git(t)
	r := &repository{t: t, dir: filepath.Join(t.TempDir(), "folder"), now: 1700000000}
	require.NoError(t, os.Mkdir(r.dir, 0o700))
	r.git("init", "-q", "-b", "main")
	return r
}

func (r *repository) git(args ...string) string {
	r.t.Helper()
	cmd := exec.CommandContext(r.t.Context(), "git", args...)
	cmd.Dir = r.dir
	date := fmt.Sprint(r.now, " +0000")
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + r.dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_DATE=" + date, "GIT_COMMITTER_DATE=" + date,
		"GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@example.com",
	}
	out, err := cmd.CombinedOutput()
	require.NoError(r.t, err, "git %v: %s", args, out)
	return strings.TrimSpace(string(out))
}

func (r *repository) commit(message string) { r.git("commit", "-q", "--allow-empty", "-m", message) }

func get(t *testing.T, s variables.Source, key string) any {
	t.Helper()
	v, found, err := s.Resolve(t.Context(), nil, key)
	require.NoError(t, err, key)
	require.Equal(t, v != nil && v != "", found, key)
	return v
}

func TestKeys(t *testing.T) {
	r := newRepository(t)
	r.commit("first")
	r.git("tag", "-a", "-m", "one", "v1")
	r.commit("A subject\non two lines\n\nThe body\n\nof it\n")
	r.git("tag", "light")
	r.commit("Say: more\n\nWhy.")
	sub := filepath.Join(r.dir, "service")
	require.NoError(t, os.Mkdir(sub, 0o700))

	dirty := false
	s := gitsource.New(sub, &gitsource.Options{Dirty: func(context.Context) (bool, error) { return dirty, nil }, Branch: "not used"})
	for key, want := range map[string]string{
		"commit":         r.git("rev-parse", "HEAD"),
		"sha1":           r.git("rev-parse", "--short", "HEAD"),
		"branch":         "main",
		"message":        "Say: more\n\nWhy.",
		"messageSubject": "Say: more",
		"messageBody":    "Why.",
		"describe":       r.git("describe", "--always"),
		"describeLight":  r.git("describe", "--always", "--tags"),
		"tags":           r.git("rev-parse", "--short", "HEAD"),
		"repository":     "folder",
	} {
		require.Equal(t, want, get(t, s, key), key)
	}
	require.Equal(t, false, get(t, s, "isDirty"))
	dirty = true
	require.Equal(t, true, get(t, s, "isDirty"))
	require.Empty(t, get(t, s, "user"))

	r.git("config", "user.name", "Joe")
	r.git("config", "user.email", "joe@example.com")
	r.git("remote", "add", "origin", "git@example.com:team/tasks.git")
	r.git("tag", "-a", "-m", "two", "v2")
	r.git("tag", "another")
	r.git("checkout", "-q", "--detach")
	s = gitsource.New(r.dir, &gitsource.Options{Branch: "feature/x"})
	for key, want := range map[string]string{
		"branch": "feature/x", "user": "Joe", "email": "joe@example.com", "repository": "tasks",
		"tags": "another::v2", "describe": "v2", "describeLight": "v2",
	} {
		require.Equal(t, want, get(t, s, key), key)
	}
	_, origin, _, err := s.Trace(t.Context(), nil, "branch")
	require.NoError(t, err)
	require.Equal(t, variables.Origin{Object: r.git("rev-parse", "HEAD")}, origin)
}

func TestMessages(t *testing.T) {
	for _, message := range []string{"one", "one\n", "a\nb\n\nc\n\nd", "\n\n a \n\n\n  b\n", "a\n \nb"} {
		r := newRepository(t)
		r.git("commit", "-q", "--allow-empty", "--cleanup=verbatim", "-m", message)
		s := gitsource.New(r.dir, nil)
		for key, format := range map[string]string{"message": "%B", "messageSubject": "%s", "messageBody": "%b"} {
			require.Equal(t, r.git("log", "-1", "--format="+format), get(t, s, key), "%s of %q", key, message)
		}
	}
}

// Work trees and shallow clones are repositories too.
func TestOtherShapes(t *testing.T) {
	r := newRepository(t)
	r.commit("first")
	r.git("tag", "old")
	r.commit("second")
	r.commit("third")
	r.git("worktree", "add", "-q", "-b", "side", "../side")
	require.Equal(t, "side", get(t, gitsource.New(filepath.Join(r.dir, "..", "side"), nil), "branch"))
	r.git("clone", "-q", "--depth", "2", "file://"+r.dir, "../shallow")
	shallow := &repository{t: t, dir: filepath.Join(r.dir, "..", "shallow"), now: r.now}
	require.Equal(t, shallow.git("describe", "--always", "--tags"), get(t, gitsource.New(shallow.dir, nil), "describeLight"))
}

func TestErrors(t *testing.T) {
	r := newRepository(t)
	_, _, err := gitsource.New(r.dir, nil).Resolve(t.Context(), nil, "commit")
	require.ErrorContains(t, err, "has no commit yet")
	_, _, err = gitsource.New(t.TempDir(), nil).Resolve(t.Context(), nil, "commit")
	require.ErrorContains(t, err, "is in no repository (check one out")

	r.commit("first")
	r.git("checkout", "-q", "--detach")
	s := gitsource.New(r.dir, &gitsource.Options{Dirty: func(context.Context) (bool, error) { return false, errors.New("no rights") }})
	for key, want := range map[string]string{
		"branch": "git: branch: HEAD is on no branch, and no event names one (check out a branch)", "isDirty": "no rights",
		"sha": `git has no "sha", only branch, `, "": "no address, want one of branch, ",
	} {
		_, _, err := s.Resolve(t.Context(), nil, key)
		require.ErrorContains(t, err, want, key)
	}
	_, _, err = gitsource.New(r.dir, nil).Resolve(t.Context(), nil, "isDirty")
	require.EqualError(t, err, "git: isDirty: there is no work tree to look at here")
}

// Histories with merges and tags are described as git does.
func TestDescribeAsGit(t *testing.T) {
	for seed := range uint64(6) {
		rng := rand.New(rand.NewPCG(seed, 1))
		r := newRepository(t)
		r.commit("root")
		tags := 0
		for i := range 14 {
			r.now += rng.IntN(3)
			switch rng.IntN(5) {
			case 0:
				r.git("checkout", "-q", "-B", fmt.Sprint("b", rng.IntN(3)))
			case 1:
				branches := strings.Fields(r.git("for-each-ref", "--format=%(refname)", "refs/heads"))
				r.git("merge", "-q", "--no-ff", "-m", "merge", branches[rng.IntN(len(branches))])
			case 2:
				tags++
				r.git("tag", "-a", "-m", "x", fmt.Sprint("v", tags))
			case 3:
				tags++
				r.git("tag", fmt.Sprint("t", tags))
			}
			if rng.IntN(2) == 0 {
				r.commit(fmt.Sprint("c", i))
			}
		}
		for branch := range strings.FieldsSeq(r.git("for-each-ref", "--format=%(refname)", "refs/heads")) {
			r.git("checkout", "-q", "--detach", branch)
			s := gitsource.New(r.dir, nil)
			log := r.git("log", "--all", "--graph", "--format=%h %ct%d")
			require.Equal(t, r.git("describe", "--always"), get(t, s, "describe"), "seed %d %s\n%s", seed, branch, log)
			require.Equal(t, r.git("describe", "--always", "--tags"), get(t, s, "describeLight"), "seed %d %s\n%s", seed, branch, log)
		}
	}
}
