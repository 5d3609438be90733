// Workshop carries a repository of four Serverless services through the four
// parts of the workflow: develop, preview, staging, production with rollback.
//
// It makes a git repository and clones, commits, opens pull requests, merges and
// promotes with real git objects, and answers each event with the packages of
// this module. It needs nothing but Go and a shell: deployments are rendered into
// a directory. With -aws, and the test parts that "make testenv" installs, it
// deploys with the osls command line to a moto server with three AWS accounts.
//
//	go run ./examples/workshop [-dir DIR] [-json] [-aws]
//
// It checks itself what it shows: the exit status is 0 only if all that it
// expects held.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/slsflow/slsflow/examples/internal/terminal"
	"github.com/slsflow/slsflow/pipeline/deploy"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the program. It returns its exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("workshop", flag.ContinueOnError)
	flags.SetOutput(stderr)
	dir := flags.String("dir", "", "keep everything in this `directory`, which must be empty or absent (default: a temporary one, removed at the end)")
	asJSON := flags.Bool("json", false, "print one JSON document instead, and the progress to standard error")
	aws := flags.Bool("aws", false, "deploy with osls to a moto server (needs: make testenv)")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(stderr, "workshop: unexpected argument %q\n", flags.Arg(0))
		return 2
	}
	screen := stdout
	if *asJSON {
		screen = stderr
	}
	if err := workshop(ctx, *dir, *asJSON, *aws, stdout, screen); err != nil {
		fmt.Fprintf(stderr, "workshop: %v\n", err)
		return 1
	}
	return 0
}

func workshop(ctx context.Context, dir string, asJSON, aws bool, stdout, screen io.Writer) (err error) {
	dir, remove, err := place(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()

	progress := terminal.New(screen, terminal.Detect(screen, os.Getenv))
	defer progress.Close()
	start := time.Now()

	c := cloud{
		provisioner: &deploy.Local{Root: filepath.Join(dir, "cloud")},
		env:         deploy.Allow(os.Environ()),
	}
	var accounts *accounts
	if aws {
		progress.Heading("cloud", "a moto server with three AWS accounts")
		if accounts, err = openAccounts(ctx, dir); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, accounts.close()) }()
		c = accounts.cloud()
	}
	s := &story{}
	if s.alice, s.bob, err = begin(ctx, dir, time.Now); err != nil {
		return err
	}
	if s.team, err = newTeam(ctx, dir, c, progress, time.Now); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()

	told := s.tell(ctx, accounts)
	if err := progress.Close(); err != nil {
		return errors.Join(told, err)
	}
	ctx = context.WithoutCancel(ctx) // the report is also of a story that was interrupted
	doc, err := s.report(ctx)
	if err != nil {
		return errors.Join(told, err)
	}
	if asJSON {
		enc := json.NewEncoder(stdout)
		enc.SetIndent("", "  ")
		err = enc.Encode(doc)
	} else {
		err = s.summary(ctx, screen, doc, time.Since(start))
	}
	return errors.Join(told, err)
}

// place returns the directory for everything, and what removes it again.
func place(dir string) (string, func() error, error) {
	keep := func() error { return nil }
	if dir == "" {
		dir, err := os.MkdirTemp("", "slsflow-workshop-")
		return dir, func() error { return os.RemoveAll(dir) }, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", keep, err
	}
	switch entries, err := os.ReadDir(dir); {
	case err != nil:
		return "", keep, err
	case len(entries) > 0:
		return "", keep, fmt.Errorf("directory %s: it is not empty (name an empty or a new one)", cmp.Or(dir, "."))
	}
	dir, err := filepath.Abs(dir)
	return dir, keep, err
}
