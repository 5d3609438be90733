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
	flags := gitcommand.Flags("pending", stderr, "-repo DIR -from REV -to REV [-json]", gitcommand.PlainStatuses)
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
	services, err := servicesOf(ctx, r, from, to)
	if err != nil {
		return waiting{}, err
	}
	p, err := r.Pending(ctx, from, to, gitflow.PendingOptions{Services: services})
	if err != nil {
		return waiting{}, err
	}
	w := waiting{
		Commits: []commit{}, Merges: p.Merges,
		PullRequests: append([]int{}, p.PullRequests...), Services: append([]string{}, p.Services...),
	}
	for _, c := range p.Commits {
		w.Commits = append(w.Commits, commit{c.Hash, c.Subject(), c.Author.String(), c.Committer.When, c.IsMerge(), c.PullRequest()})
	}
	if !p.Oldest.IsZero() {
		w.Oldest = &p.Oldest
		w.OldestAge = p.Age(now).Truncate(time.Second).String()
	}
	return w, nil
}

// servicesOf returns what tells the service of a path: the nearest directory above
// it that has a serverless.yml in one of the revisions, because a service that is
// gone is touched too.
func servicesOf(ctx context.Context, r *gitflow.Repository, revisions ...string) (func(string) ([]string, error), error) {
	trees := make([]fs.FS, len(revisions))
	for i, rev := range revisions {
		var err error
		if trees[i], err = r.FS(rev); err != nil {
			return nil, err
		}
	}
	known := map[string]string{} // directory → service, or ""
	var find func(dir string) (string, error)
	find = func(dir string) (string, error) {
		if service, ok := known[dir]; ok {
			return service, nil
		}
		if err := ctx.Err(); err != nil {
			return "", err
		}
		here, err := hasService(trees, dir)
		if err != nil {
			return "", err
		}
		service := dir
		if !here && dir == "." {
			service = ""
		} else if !here {
			if service, err = find(path.Dir(dir)); err != nil {
				return "", err
			}
		}
		known[dir] = service
		return service, nil
	}
	return func(p string) ([]string, error) {
		service, err := find(path.Dir(p))
		if service == "" || err != nil {
			return nil, err
		}
		return []string{service}, nil
	}, nil
}

func hasService(trees []fs.FS, dir string) (bool, error) {
	for _, tree := range trees {
		for _, name := range []string{"serverless.yml", "serverless.yaml"} {
			_, err := fs.Stat(tree, path.Join(dir, name))
			if err == nil {
				return true, nil
			}
			if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrInvalid) { // a name that is not UTF-8 is that of no service
				return false, err
			}
		}
	}
	return false, nil
}

func (w waiting) String() string {
	if len(w.Commits) == 0 {
		return "nothing is pending\n"
	}
	var text strings.Builder
	for _, c := range w.Commits {
		fmt.Fprintf(&text, "%s %s (%s)\n", c.Commit[:7], c.Subject, c.Author)
	}
	fmt.Fprintf(&text, "commits: %d, merges among them: %d, the oldest %s old\n", len(w.Commits), w.Merges, w.OldestAge)
	if len(w.PullRequests) > 0 {
		fmt.Fprintf(&text, "pull requests: %s\n", strings.Trim(strings.ReplaceAll(fmt.Sprint(w.PullRequests), " ", ", "), "[]"))
	}
	if len(w.Services) > 0 {
		fmt.Fprintf(&text, "services: %s\n", strings.Join(w.Services, ", "))
	}
	return text.String()
}
