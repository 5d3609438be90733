package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
)

// gitCase is a repository, a merge of two of its branches, and a commit to revert.
type gitCase struct {
	name       string
	write      func(*importer)
	noGraph    bool // without the commit-graph that `git gc` writes
	ours, from string
	grows      bool // a larger one of the same kind follows, or came before
	waiting    bool // what is measured is the search for undone work
}

// gitCases returns repositories of some numbers of files, and long histories. In all
// of them each side of the merge changes ten files.
func gitCases(sizes []int) []gitCase {
	var list []gitCase
	for _, n := range sizes {
		list = append(list, gitCase{name: fmt.Sprintf("%d files", n), grows: true, ours: "ours", from: "theirs", write: func(in *importer) {
			in.all(n, func(i int) string { return fmt.Sprintf("services/s%03d/src/m%d/f%d.js", i/100, i/10%10, i) })
			in.part()
		}})
	}
	list = append(list, gitCase{name: "10000 files flat", ours: "ours", from: "theirs", write: func(in *importer) {
		in.all(10_000, func(i int) string { return fmt.Sprintf("data/record-%d.json", i) })
		in.part()
	}})
	for _, noGraph := range []bool{false, true} {
		suffix := ""
		if noGraph {
			suffix = ", no graph"
		}
		list = append(list, gitCase{name: "10000 commits" + suffix, noGraph: noGraph, ours: "ours", from: "theirs", write: func(in *importer) {
			in.all(2000, func(i int) string { return fmt.Sprintf("services/s%03d/src/f%d.js", i/20, i) })
			for i := range 10_000 {
				in.commit("master", "", i*7919)
			}
			in.part()
		}}, gitCase{name: "500 promotions" + suffix, noGraph: noGraph, ours: "prod", from: "master", write: func(in *importer) {
			in.all(2000, func(i int) string { return fmt.Sprintf("services/s%03d/src/f%d.js", i/20, i) })
			fmt.Fprint(in.out, "reset refs/heads/prod\nfrom refs/heads/master\n\n")
			for i := range 10_000 {
				in.commit("master", "", i*7919)
				if i%20 == 19 {
					in.promote()
				}
			}
			for i := range 10 {
				in.commit("master", "", i)
			}
			in.commit("prod", "", 1500)
		}})
	}
	for _, n := range sizes {
		list = append(list, waitingCase(n, false))
	}
	return append(list, waitingCase(sizes[len(sizes)-1], true))
}

// importer writes a repository for `git fast-import`.
type importer struct {
	out     *bufio.Writer
	answers *bufio.Reader // of git, see hash
	commits int           // that were written; the number of each is its mark
	path    func(int) string
	files   int
	when    int
	text    map[int]string // as a file is on master
	recent  []int          // files of master that prod lacks
}

func (in *importer) head(branch, parent string) { in.says(branch, parent, "Change a file") }

// says begins a commit.
func (in *importer) says(branch, parent, message string) {
	in.when += 300
	in.commits++
	fmt.Fprintf(in.out, "commit refs/heads/%s\nmark :%d\ncommitter Ann <ann@example.com> %d +0000\ndata %d\n%s\n",
		branch, in.commits, 1_600_000_000+in.when, len(message)+1, message)
	if parent != "" {
		fmt.Fprintf(in.out, "from refs/heads/%s\n", parent)
	}
}

func (in *importer) file(i int, text string) {
	fmt.Fprintf(in.out, "M 100644 inline %s\ndata %d\n%s\n", in.path(i), len(text), text)
}

func content(i, version int) string {
	var b strings.Builder
	random := rand.New(rand.NewPCG(uint64(i), 0))
	for line := range 12 {
		fmt.Fprintf(&b, "exports.line%d = %d\n", line, random.Uint32())
	}
	fmt.Fprintf(&b, "exports.version = %d\n", version)
	return b.String()
}

// all commits the files to master.
func (in *importer) all(n int, path func(int) string) {
	in.files, in.path, in.text = n, path, map[int]string{}
	in.head("master", "")
	for i := range n {
		in.file(i, content(i, 0))
	}
}

// commit changes one or more files of a branch, which begins at another one if that
// is given.
func (in *importer) commit(branch, parent string, files ...int) {
	in.head(branch, parent)
	for _, i := range files {
		i %= in.files
		text := content(i, in.when)
		in.file(i, text)
		if branch == "master" {
			in.text[i], in.recent = text, append(in.recent, i)
		}
	}
}

// promote merges master into prod.
func (in *importer) promote() {
	in.head("prod", "")
	fmt.Fprint(in.out, "merge refs/heads/master\n")
	for _, i := range in.recent {
		in.file(i, in.text[i])
	}
	in.recent = nil
}

// part makes two branches of master, each with one commit that changes ten files.
func (in *importer) part() {
	for side, branch := range []string{"ours", "theirs"} {
		var files []int
		for i := range 10 {
			files = append(files, (side+2*i)*in.files/20)
		}
		in.commit(branch, "master", files...)
	}
}

// gitRepo makes a packed bare repository in a directory that does not exist.
func gitRepo(ctx context.Context, dir string, c gitCase) error {
	if _, err := git(ctx, "", nil, "init", "-q", "--bare", "-b", "master", dir); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "git", "fast-import", "--quiet")
	cmd.Dir, cmd.Env, cmd.Stderr = dir, gitEnv(), os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	in := importer{out: bufio.NewWriter(stdin), answers: bufio.NewReader(stdout)}
	c.write(&in)
	if err := errors.Join(in.out.Flush(), stdin.Close(), cmd.Wait()); err != nil {
		return fmt.Errorf("git fast-import: %w", err)
	}
	_, err = git(ctx, dir, nil, "-c", fmt.Sprintf("gc.writeCommitGraph=%t", !c.noGraph), "gc", "-q")
	return err
}

// git runs git, away from the configuration of the machine, and returns its output.
func git(ctx context.Context, dir string, in io.Reader, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir, cmd.Env, cmd.Stdin = dir, gitEnv(), in
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w: %s", strings.Join(args, " "), err, &stderr)
	}
	return strings.TrimSpace(string(out)), nil
}

func gitEnv() []string {
	return append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1", "LC_ALL=C",
		"GIT_AUTHOR_NAME=Ann", "GIT_AUTHOR_EMAIL=ann@example.com", "GIT_COMMITTER_NAME=Ann", "GIT_COMMITTER_EMAIL=ann@example.com")
}
