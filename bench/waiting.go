package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/slsflow/slsflow/gitflow"
)

// waitingCase is a repository with n commits of master that prod lacks. Of a
// hundred of them one reverts another one, and for a thousand prod has reverted one
// that both have.
func waitingCase(n int, noGraph bool) gitCase {
	const both, apart = 2000, 100 // commits before prod was parted, and files that they change alone
	c := gitCase{name: fmt.Sprintf("%d waiting", n), noGraph: noGraph, grows: !noGraph, waiting: true, ours: "prod", from: "master"}
	if noGraph {
		c.name += ", no graph"
	}
	c.write = func(in *importer) {
		in.all(1000, func(i int) string { return fmt.Sprintf("services/s%02d/f%d.js", i/20, i) })
		for i := range both {
			in.commit("master", "", i%apart)
		}
		fmt.Fprint(in.out, "reset refs/heads/prod\nfrom refs/heads/master\n\n")
		for i := range max(1, n/1000) {
			in.revert("prod", 2+i*7, i*7%apart)
		}
		for i := range n {
			file := apart + i*7919%900
			if i%100 == 99 {
				in.revert("master", in.commits-50, file)
			} else {
				in.says("master", "", "Change a file\n\n"+content(i, 0))
				in.file(file, content(file, i))
			}
		}
	}
	return c
}

// revert writes a commit that says, in the words of git, that it reverts another
// one.
func (in *importer) revert(branch string, mark, file int) {
	in.says(branch, "", fmt.Sprintf("Revert \"Change a file\"\n\nThis reverts commit %s.", in.hash(mark)))
	in.file(file, content(file, -mark))
}

// hash asks git for the name of a commit that it was given.
func (in *importer) hash(mark int) string {
	fmt.Fprintf(in.out, "get-mark :%d\n", mark)
	_ = in.out.Flush() // an error comes again at the end
	line, _ := in.answers.ReadString('\n')
	return strings.TrimSpace(line)
}

// undoneRun prepares the search for undone work. git has none: it is compared with
// a process that reads the same messages, which prints the reverts of prod that are
// to be found.
func undoneRun(ctx context.Context, repo string, c gitCase) (gitRun, error) {
	self, err := os.Executable()
	if err != nil {
		return gitRun{}, err
	}
	r := gitRun{
		name:    "undone",
		git:     []string{"rev-list", "--left-right", "--grep=^This reverts commit ", "--grep=^(cherry picked from ", c.from + "..." + c.ours},
		want:    rightSide,
		program: []string{self, "-undone", repo, c.from, c.ours},
		got:     func(out string) (string, error) { return strings.TrimSpace(out), nil },
		call: func(ctx context.Context, r *gitflow.Repository) (string, error) {
			return undone(ctx, r, c.from, c.ours)
		},
	}
	commits, err := git(ctx, repo, nil, "rev-list", c.from+"..."+c.ours)
	if err != nil {
		return gitRun{}, err
	}
	sizes, err := git(ctx, repo, strings.NewReader(commits), "cat-file", "--batch-check=%(objectsize)")
	if err != nil {
		return gitRun{}, err
	}
	for size := range strings.FieldsSeq(sizes) {
		n, err := strconv.ParseInt(size, 10, 64)
		if err != nil {
			return gitRun{}, err
		}
		r.differs += n
	}
	return r, nil
}

// rightSide returns the commits of the right side, the oldest first.
func rightSide(out string) string {
	var list []string
	for line := range strings.FieldsSeq(out) {
		if h, ok := strings.CutPrefix(line, ">"); ok {
			list = append(list, h)
		}
	}
	slices.Reverse(list)
	return strings.Join(list, " ")
}

// undone returns the reverts of work that to has reverted, the oldest first.
func undone(ctx context.Context, r *gitflow.Repository, from, to string) (string, error) {
	list, err := r.Undone(ctx, from, to)
	if err != nil {
		return "", err
	}
	var reverts []string
	for _, u := range list {
		reverts = append(reverts, u.Revert.Hash)
	}
	return strings.Join(reverts, " "), nil
}

// printUndone is the process that is compared with git's.
func printUndone(ctx context.Context, args []string) error {
	if len(args) != 3 {
		return fmt.Errorf("-undone wants a repository and two revisions, got %q", args)
	}
	r, err := gitflow.Open(args[0])
	if err != nil {
		return err
	}
	reverts, err := undone(ctx, r, args[1], args[2])
	if err == nil {
		fmt.Println(reverts)
	}
	return err
}
