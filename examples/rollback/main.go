// Rollback undoes a commit of a branch, such as the merge of a bad promotion, by a
// new commit on top of the branch. It needs neither a work tree nor git.
//
//	go run ./examples/rollback -repo DIR -branch REV -commit REV [-parent N] [-within DIR,…] [-into BRANCH] [-dry-run] [-json]
//
// DIR is a bare repository or a work tree. A merge needs -parent: 1 is the branch
// as it was before. -within reverts what the commit did in some directories, such as
// those of some services, and leaves the rest. With -into the commit is put on a new branch, for a pull
// request, and -branch stays where it is. With -dry-run nothing is written, no identity is needed, and
// -branch may be any revision. With -json one document stands on standard output:
//
//	{"result":"revert","commit":"…","tree":"…","conflicts":[],"reverted":[]}
//
// result is up-to-date, revert or conflict. The exit status is 0, 3 if there is a
// conflict, or 1 after an error; `go run` makes 1 of 3, so scripts build the program.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
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
	flags := gitcommand.Flags("rollback", stderr, "-repo DIR -branch REV -commit REV [-parent N] [-within DIR,…] [-into BRANCH] [-dry-run] [-json]", gitcommand.ConflictStatuses)
	repo := flags.String("repo", ".", "bare repository or work tree")
	branch := flags.String("branch", "", "branch to roll back; any revision with -dry-run")
	commit := flags.String("commit", "", "revision of the commit to undo")
	parent := flags.Int("parent", 0, "of a merge: the parent to go back to, from 1")
	within := flags.String("within", "", "directories to revert, with commas between them; default: all")
	into := flags.String("into", "", "new branch for the commit; default: -branch itself")
	dryRun := flags.Bool("dry-run", false, "write nothing")
	asJSON := flags.Bool("json", false, "print JSON")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return gitcommand.OK
	} else if err != nil {
		return gitcommand.Failed
	}
	if *branch == "" || *commit == "" || flags.NArg() > 0 {
		return gitcommand.Fail(stderr, fmt.Errorf("want -branch REV and -commit REV, and no other arguments, got %q", args))
	}
	r, err := gitflow.Open(*repo)
	if err != nil {
		return gitcommand.Fail(stderr, err)
	}
	author, committer, err := gitcommand.Signatures(r.Dir(), getenv, now, *dryRun)
	if err != nil {
		return gitcommand.Fail(stderr, err)
	}
	var dirs []string
	if *within != "" {
		dirs = strings.Split(*within, ",")
	}
	res, err := gitcommand.Of(r.Revert(ctx, *branch, *commit, gitflow.RevertOptions{
		Parent: *parent, Within: dirs, Into: *into, Author: author, Committer: committer, DryRun: *dryRun,
	}))
	if err != nil {
		return gitcommand.Fail(stderr, err)
	}
	return res.Print(stdout, stderr, *asJSON)
}
