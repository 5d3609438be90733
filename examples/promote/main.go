// Promote brings one revision, with its history, into a branch: by a fast-forward
// or by a merge commit that it makes without a work tree and without git.
//
//	go run ./examples/promote -repo DIR -from REV -to REV [-no-ff] [-dry-run] [-json]
//
// DIR is a bare repository or a work tree. -no-ff makes a merge commit always.
// With -dry-run nothing is written, no identity is needed, and -to may be any
// revision. With -json one document stands on standard output:
//
//	{"result":"merge","commit":"…","tree":"…","conflicts":[],"reverted":[]}
//
// result is up-to-date, fast-forward, merge or conflict; reverted lists the work of
// -from that -to has reverted: most often it stays reverted, because git takes it
// for merged. The exit status is 0, 3 if there is a conflict, or 1 after an error;
// `go run` makes 1 of 3, so scripts build the program.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/slsflow/slsflow/examples/internal/gitcommand"
	"github.com/slsflow/slsflow/gitflow"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Getenv, time.Now(), os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, getenv func(string) string, now time.Time, stdout, stderr io.Writer) int {
	flags := gitcommand.Flags("promote", stderr, "-repo DIR -from REV -to REV [-no-ff] [-dry-run] [-json]", gitcommand.ConflictStatuses)
	repo := flags.String("repo", ".", "bare repository or work tree")
	from := flags.String("from", "", "revision to promote")
	to := flags.String("to", "", "branch to promote into; any revision with -dry-run")
	noFF := flags.Bool("no-ff", false, "make a merge commit always")
	dryRun := flags.Bool("dry-run", false, "write nothing")
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
	author, committer, err := gitcommand.Signatures(r.Dir(), getenv, now, *dryRun)
	if err != nil {
		return gitcommand.Fail(stderr, err)
	}
	o := gitflow.PromoteOptions{Author: author, Committer: committer, DryRun: *dryRun, FastForward: gitflow.MayFastForward}
	if *noFF {
		o.FastForward = gitflow.NeverFastForward
	}
	res, err := gitcommand.Of(r.Promote(ctx, *from, *to, o))
	if err == nil && res.Result == "conflict" {
		var undone []gitflow.Undone
		if undone, err = r.Undone(ctx, *from, *to); err == nil {
			res.AddUndone(undone)
		}
	}
	if err != nil {
		return gitcommand.Fail(stderr, err)
	}
	return res.Print(stdout, stderr, *asJSON)
}
