package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/slsflow/slsflow/gitflow"
)

// A claim of gitflow is that it is at most slower times as slow as the whole process
// of git, and as a process start longer than that.
const (
	slower = 3
	start  = 10 * time.Millisecond
	memory = 32 << 10 // KiB of a process, beside twice what differs
)

// gitRun is one thing to do, by git and here.
type gitRun struct {
	name    string
	git     []string // git's arguments
	want    func(out string) string
	program []string
	got     func(out string) (string, error)
	call    func(context.Context, *gitflow.Repository) (string, error)
	differs int64 // bytes of objects
}

// gitTable measures what gitflow does beside git.
func gitTable(ctx context.Context, w io.Writer, sizes []int, only string) (err error) {
	dir, err := os.MkdirTemp("", "slsflow-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	build := exec.CommandContext(ctx, "go", "build", "-o", dir+string(filepath.Separator), "./examples/promote", "./examples/rollback")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("build the examples: %w", err)
	}
	fmt.Fprintf(w, "%-24s %-7s %9s %9s %6s %9s %9s %6s %7s %8s %8s %7s\n",
		"repository", "", "git", "first", "ratio", "again", "process", "ratio", "growth", "git MB", "ours MB", "claim")
	var bad []error
	before := map[string]gitMeasured{}
	for i, c := range gitCases(sizes) {
		if !strings.Contains(c.name, only) {
			continue
		}
		repo := filepath.Join(dir, fmt.Sprint(i))
		if err := gitRepo(ctx, repo, c); err != nil {
			return err
		}
		runs, err := gitRuns(ctx, dir, repo, c)
		if err != nil {
			return err
		}
		for _, r := range runs {
			m, err := r.measure(ctx, repo)
			if err != nil {
				bad = append(bad, fmt.Errorf("%s, %s: %w", c.name, r.name, err))
				continue
			}
			growth := "-"
			if last, ok := before[r.name]; ok && c.grows {
				growth = fmt.Sprintf("%.2f", ratio(m.process, last.process)/ratio(m.git, last.git))
			}
			before[r.name] = m
			fmt.Fprintf(w, "%-24s %-7s %7.1fms %7.1fms %6.2f %7.1fms %7.1fms %6.2f %7s %8.1f %8.1f %7s\n", c.name, r.name,
				ms(m.git), ms(m.first), ratio(m.first, m.git), ms(m.again), ms(m.process), ratio(m.process, m.git), growth,
				float64(m.gitPeak)/1024, float64(m.peak)/1024, m.claim(r.differs))
		}
		if err := os.RemoveAll(repo); err != nil {
			return err
		}
	}
	return errors.Join(bad...)
}

func ratio(a, b time.Duration) float64 { return a.Seconds() / b.Seconds() }

// gitRuns prepares what is measured in a repository: a merge and a revert. git 2.39 reverts without a work tree by
// merging two commits that are made for it, which is not measured.
func gitRuns(ctx context.Context, bin, repo string, c gitCase) ([]gitRun, error) {
	if c.waiting {
		r, err := undoneRun(ctx, repo, c)
		return []gitRun{r}, err
	}
	base, err := git(ctx, repo, nil, "commit-tree", c.from+"^{tree}", "-m", "base")
	if err != nil {
		return nil, err
	}
	// What is reverted is the last commit of from, on top of a branch that went on.
	tree, err := git(ctx, repo, nil, "merge-tree", "--write-tree", c.ours, c.from)
	if err != nil {
		return nil, err
	}
	tip, err := git(ctx, repo, nil, "commit-tree", tree, "-p", c.from, "-m", "went on")
	if err != nil {
		return nil, err
	}
	ours, err := git(ctx, repo, nil, "commit-tree", tree, "-p", base, "-m", "ours")
	if err != nil {
		return nil, err
	}
	theirs, err := git(ctx, repo, nil, "commit-tree", c.from+"~1^{tree}", "-p", base, "-m", "theirs")
	if err != nil {
		return nil, err
	}
	who := gitflow.Signature{Name: "Ann", Email: "ann@example.com", When: time.Unix(1_700_000_000, 0)}
	return []gitRun{{
		name: "merge", want: firstLine, got: treeOf,
		git: []string{"merge-tree", "--write-tree", c.ours, c.from}, program: []string{filepath.Join(bin, "promote"), "-repo", repo, "-from", c.from, "-to", c.ours, "-dry-run", "-json"},
		call: func(ctx context.Context, r *gitflow.Repository) (string, error) {
			res, err := r.Promote(ctx, c.from, c.ours, gitflow.PromoteOptions{Author: who, DryRun: true})
			return res.Tree, err
		},
	}, {
		name: "revert", want: firstLine, got: treeOf,
		git: []string{"merge-tree", "--write-tree", ours, theirs}, program: []string{filepath.Join(bin, "rollback"), "-repo", repo, "-branch", tip, "-commit", c.from, "-dry-run", "-json"},
		call: func(ctx context.Context, r *gitflow.Repository) (string, error) {
			res, err := r.Revert(ctx, tip, c.from, gitflow.RevertOptions{Author: who, DryRun: true})
			return res.Tree, err
		},
	}}, nil
}

// gitMeasured is what a run took, the least of some times.
type gitMeasured struct {
	git, first, again, process time.Duration
	gitPeak, peak              int64 // KiB
}

func (m gitMeasured) claim(differs int64) string {
	switch {
	case m.first > slower*m.git:
		return "slow"
	case m.process > slower*m.git+start:
		return "start"
	case m.peak > memory+2*differs/1024:
		return "memory"
	}
	return "holds"
}

// measure runs git, the program and the call in turn, so that what else the machine
// does hits all of them.
func (r *gitRun) measure(ctx context.Context, repo string) (m gitMeasured, err error) {
	m = gitMeasured{git: time.Hour, first: time.Hour, again: time.Hour, process: time.Hour}
	for begin, i := time.Now(), 0; i < 5 || i < 40 && time.Since(begin) < 3*budget; i++ {
		var want, got string
		if m.git, want, err = faster(m.git, func() (string, error) { return r.output(ctx, repo, append([]string{"git"}, r.git...)) }); err != nil {
			return m, err
		}
		want = r.want(want)
		if m.process, got, err = faster(m.process, func() (string, error) { return r.output(ctx, repo, r.program) }); err != nil {
			return m, err
		}
		answers := make([]string, 3)
		if answers[0], err = r.got(got); err != nil {
			return m, err
		}
		opened, err := gitflow.Open(repo)
		if err != nil {
			return m, err
		}
		call := func() (string, error) { return r.call(ctx, opened) }
		if m.first, answers[1], err = faster(m.first, call); err != nil {
			return m, err
		}
		if m.again, answers[2], err = faster(m.again, call); err != nil {
			return m, err
		}
		for _, answer := range answers {
			if answer != want {
				return m, fmt.Errorf("the answer is %q, git's is %q", answer, want)
			}
		}
	}
	if m.gitPeak, err = peak(ctx, repo, append([]string{"git"}, r.git...)); err != nil {
		return m, err
	}
	m.peak, err = peak(ctx, repo, r.program)
	return m, err
}

// firstLine is the tree that git prints.
func firstLine(out string) string {
	line, _, _ := strings.Cut(out, "\n")
	return line
}

// treeOf reads the JSON of a program.
func treeOf(out string) (string, error) {
	var res struct{ Tree string }
	err := json.Unmarshal([]byte(out), &res)
	return res.Tree, err
}

func faster(least time.Duration, f func() (string, error)) (time.Duration, string, error) {
	begin := time.Now()
	out, err := f()
	return min(least, time.Since(begin)), out, err
}

func (r *gitRun) output(ctx context.Context, dir string, args []string) (string, error) {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir, cmd.Env = dir, gitEnv()
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w", args[0], err)
	}
	return string(out), nil
}

// peak returns the most memory that a program had, in KiB. A process begins with the
// peak of the one that started it, so it is started by one that is small.
func peak(ctx context.Context, dir string, args []string) (int64, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	cmd := exec.CommandContext(ctx, self, append([]string{"-peak"}, args...)...)
	cmd.Dir, cmd.Env, cmd.Stderr = dir, gitEnv(), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return 0, err
	}
	var kib int64
	_, err = fmt.Sscan(string(out), &kib)
	return kib, err
}

// printPeak is the small process.
func printPeak(ctx context.Context, args []string) error {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return err
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return errors.New("no peak of memory on this system")
	}
	fmt.Println(usage.Maxrss)
	return nil
}
