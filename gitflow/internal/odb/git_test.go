package odb_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/gitflow/internal/odb"
	"github.com/slsflow/slsflow/internal/testenv"
)

// repo is a bare repository on which the real git works.
type repo struct {
	t   testing.TB
	dir string
}

func newRepo(tb testing.TB) *repo {
	tb.Helper()
	testenv.Git(tb)
	r := &repo{t: tb, dir: tb.TempDir()}
	r.git(nil, "init", "-q", "--bare", "-b", "master")
	return r
}

func (r *repo) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(r.t.Context(), "git", args...)
	cmd.Dir = r.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_CONFIG_NOSYSTEM=1", "LC_ALL=C"}
	return cmd
}

// git runs git, which must succeed, and returns its output without spaces around.
func (r *repo) git(in io.Reader, args ...string) string {
	r.t.Helper()
	cmd := r.command(args...)
	cmd.Stdin = in
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(r.t, err, "git %s: %s", strings.Join(args, " "), &stderr)
	return strings.TrimSpace(string(out))
}

// history makes commits, each of which changes one of some files in folders, from
// the state that branch master is in.
func (r *repo) history(files, commits int) {
	r.t.Helper()
	var in bytes.Buffer
	text := func(i, version int) string {
		var b strings.Builder
		for line := range 30 {
			fmt.Fprintf(&b, "file %d, line %d, %d\n", i, line, i*line*7919)
		}
		return fmt.Sprintf("%sversion %d\n", b.String(), version)
	}
	write := func(i, version int) {
		body := text(i, version)
		fmt.Fprintf(&in, "M 100644 inline d%d/e%d/f%d\ndata %d\n%s\n", i%10, i/10%10, i, len(body), body)
	}
	parent := "refs/heads/master^0"
	if out, err := r.command("rev-parse", "--verify", "-q", "master").Output(); err != nil || len(out) == 0 {
		parent = ""
	}
	for c := range commits {
		message := fmt.Sprintf("commit %d of %d\n", c, commits)
		fmt.Fprintf(&in, "commit refs/heads/master\ncommitter A <a@example.com> %d +0000\ndata %d\n%s", 1_700_000_000+c, len(message), message)
		if c == 0 && parent != "" {
			fmt.Fprintf(&in, "from %s\n", parent)
		}
		if c == 0 && parent == "" {
			for i := range files {
				write(i, 0)
			}
			continue
		}
		write(c%files, commits+c)
	}
	r.git(&in, "-c", "fastimport.unpackLimit=0", "fast-import", "--quiet")
}

// object is what git says about one.
type object struct {
	hash plumbing.Hash
	kind string
	data []byte
}

// objects returns all objects that git finds in the repository.
func (r *repo) objects() []object {
	r.t.Helper()
	out, err := r.command("cat-file", "--batch-all-objects", "--batch").Output()
	require.NoError(r.t, err)
	var list []object
	for in := bufio.NewReader(bytes.NewReader(out)); ; {
		head, err := in.ReadString('\n')
		if errors.Is(err, io.EOF) {
			return list
		}
		require.NoError(r.t, err)
		fields := strings.Fields(head)
		size, err := strconv.Atoi(fields[2])
		require.NoError(r.t, err)
		data := make([]byte, size+1)
		_, err = io.ReadFull(in, data)
		require.NoError(r.t, err)
		list = append(list, object{plumbing.NewHash(fields[0]), fields[1], data[:size]})
	}
}

func (r *repo) store() *odb.Store { return odb.New(filepath.Join(r.dir, "objects")) }

// loose unpacks everything into files of their own.
func (r *repo) loose() {
	r.t.Helper()
	packs := r.files("*.pack")
	for _, name := range packs {
		require.NoError(r.t, os.Rename(name, filepath.Join(r.dir, filepath.Base(name))))
		require.NoError(r.t, os.Remove(strings.TrimSuffix(name, ".pack")+".idx"))
	}
	for _, name := range packs {
		in, err := os.Open(filepath.Join(r.dir, filepath.Base(name)))
		require.NoError(r.t, err)
		r.git(in, "unpack-objects", "-q")
		require.NoError(r.t, in.Close())
	}
}

// files returns the files of packs that fit a pattern.
func (r *repo) files(pattern string) []string {
	r.t.Helper()
	list, err := filepath.Glob(filepath.Join(r.dir, "objects", "pack", pattern))
	require.NoError(r.t, err)
	return list
}
