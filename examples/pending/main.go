// Pending tells what a promotion would bring: commits, merges, pull requests, the
// services that they touch, and how old the oldest is.
//
//	go run ./examples/pending -repo DIR -from REV -to REV [-json]
//
// DIR is a bare repository or a work tree. A service is a directory of -from with a
// serverless.yml. The exit status is 0, or 1 after an error.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/slsflow/slsflow/examples/internal/gitcommand"
	"github.com/slsflow/slsflow/gitflow"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], time.Now(), os.Stdout, os.Stderr))
}

// waiting is what is printed with -json.
type waiting struct {
	Commits      []commit   `json:"commits"` // newest first
	Merges       int        `json:"merges"`
	PullRequests []int      `json:"pullRequests"`
	Services     []string   `json:"services"`
	Oldest       *time.Time `json:"oldest"`    // when the oldest was committed
	OldestAge    string     `json:"oldestAge"` // such as 49h0m0s
}

type commit struct {
	Commit      string    `json:"commit"`
	Subject     string    `json:"subject"`
	Author      string    `json:"author"`
	When        time.Time `json:"when"`
	Merge       bool      `json:"merge"`
	PullRequest int       `json:"pullRequest,omitempty"`
}

func run(ctx context.Context, args []string, now time.Time, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("pending", flag.ContinueOnError)
	flags.SetOutput(stderr)
	repo := flags.String("repo", ".", "bare repository or work tree")
	from := flags.String("from", "", "revision that would be promoted")
	to := flags.String("to", "", "revision that it would be promoted into")
	asJSON := flags.Bool("json", false, "print JSON")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return gitcommand.OK
	} else if err != nil {
		return gitcommand.Failed
	}
	if *from == "" || *to == "" || flags.NArg() > 0 {
		return gitcommand.Fail(stderr, fmt.Errorf("want -from REV and -to REV, and no other arguments, got %q", args))
	}
	r, err := gitflow.Open(*repo)
	if err != nil {
		return gitcommand.Fail(stderr, err)
	}
	w, err := collect(ctx, r, *from, *to, now)
	if err != nil {
		return gitcommand.Fail(stderr, err)
	}
	if *asJSON {
		err = json.NewEncoder(stdout).Encode(w)
	} else {
		_, err = io.WriteString(stdout, w.String())
	}
	if err != nil {
		return gitcommand.Fail(stderr, err)
	}
	return gitcommand.OK
}

func collect(ctx context.Context, r *gitflow.Repository, from, to string, now time.Time) (waiting, error) {
	w := waiting{Commits: []commit{}, PullRequests: []int{}, Services: []string{}}
	commits, err := r.Pending(ctx, from, to)
	if err != nil || len(commits) == 0 {
		return w, err
	}
	for _, c := range commits {
		n := c.PullRequest()
		w.Commits = append(w.Commits, commit{c.Hash, c.Subject(), c.Author.String(), c.Committer.When, c.IsMerge(), n})
		if c.IsMerge() {
			w.Merges++
		}
		if n != 0 {
			w.PullRequests = append(w.PullRequests, n)
		}
		if when := c.Committer.When; w.Oldest == nil || when.Before(*w.Oldest) {
			w.Oldest = &when
		}
	}
	w.OldestAge = now.Sub(*w.Oldest).Truncate(time.Second).String()
	slices.Sort(w.PullRequests)
	w.PullRequests = slices.Compact(w.PullRequests)
	w.Services, err = touched(ctx, r, from, to)
	return w, err
}

// touched returns the services with a path that from changed since it left to.
func touched(ctx context.Context, r *gitflow.Repository, from, to string) ([]string, error) {
	base, err := r.MergeBase(ctx, from, to)
	if err != nil {
		return nil, err
	}
	changes, err := r.Changed(ctx, base, from)
	if err != nil {
		return nil, err
	}
	found := map[string]bool{}
	services := []string{}
	for _, rev := range []string{from, base} { // a service that is gone is touched too
		fsys, err := r.FS(rev)
		if err != nil {
			return nil, err
		}
		for _, c := range changes {
			dir, ok, err := serviceOf(fsys, c.Path)
			if err != nil {
				return nil, err
			}
			if ok && !found[dir] {
				found[dir] = true
				services = append(services, dir)
			}
		}
	}
	slices.Sort(services)
	return services, nil
}

// serviceOf returns the nearest directory above a path that has a serverless.yml.
func serviceOf(fsys fs.FS, p string) (dir string, ok bool, err error) {
	for dir = path.Dir(p); ; dir = path.Dir(dir) {
		for _, name := range []string{"serverless.yml", "serverless.yaml"} {
			_, err := fs.Stat(fsys, path.Join(dir, name))
			if err == nil {
				return dir, true, nil
			}
			if !errors.Is(err, fs.ErrNotExist) {
				return "", false, err
			}
		}
		if dir == "." {
			return "", false, nil
		}
	}
}

func (w waiting) String() string {
	if len(w.Commits) == 0 {
		return "nothing is pending\n"
	}
	var text strings.Builder
	for _, c := range w.Commits {
		fmt.Fprintf(&text, "%s %s (%s)\n", c.Commit[:7], c.Subject, c.Author)
	}
	fmt.Fprintf(&text, "%d commits, %d of them merges, the oldest %s old\n", len(w.Commits), w.Merges, w.OldestAge)
	if len(w.PullRequests) > 0 {
		fmt.Fprintf(&text, "pull requests: %s\n", strings.Trim(strings.ReplaceAll(fmt.Sprint(w.PullRequests), " ", ", "), "[]"))
	}
	if len(w.Services) > 0 {
		fmt.Fprintf(&text, "services: %s\n", strings.Join(w.Services, ", "))
	}
	return text.String()
}
