// Release takes several services of a stage from the commits that they are at to
// others: forward as a promotion, or back as a rollback. It goes in an order in
// which no service ever reads an output that nobody publishes: producers first on
// the way forward, consumers first on the way back.
//
//	go run ./examples/release -repo DIR -stage NAME -want SET [-now SET] [-json] [-- COMMAND …]
//
// SET is a revision for all services, SERVICE=REVISION for one, or several of
// these with commas between them, the later ones stronger: prod,orders=prod~1.
// Without -now, the records of `examples/deploy` in DIR say what is deployed. The
// services and what they read are those of slsflow.yml at each commit.
//
// The steps are printed. COMMAND is run for each, with SLSFLOW_SERVICE and
// SLSFLOW_COMMIT in its environment, until it fails; then it is said how to take
// back what was done. The exit status is 0, or 1 after an error.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/slsflow/slsflow/examples/internal/gitcommand"
	"github.com/slsflow/slsflow/gitflow"
	"github.com/slsflow/slsflow/stage"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := gitcommand.Flags("release", stderr, "-repo DIR -stage NAME -want SET [-now SET] [-json] [-- COMMAND …]", gitcommand.PlainStatuses)
	repo := flags.String("repo", ".", "bare repository or work tree")
	name := flags.String("stage", "", "stage of the services")
	now := flags.String("now", "", "commits that the stage has; default: those of the records")
	want := flags.String("want", "", "commits that it shall have")
	asJSON := flags.Bool("json", false, "print JSON")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return gitcommand.OK
	} else if err != nil {
		return gitcommand.Failed
	}
	if *name == "" || *want == "" {
		return gitcommand.Fail(stderr, errors.New("want -stage NAME and -want SET"))
	}
	s, err := stage.Parse(*name)
	if err != nil {
		return gitcommand.Fail(stderr, err)
	}
	plan, err := planRelease(ctx, *repo, s, *now, *want)
	if err != nil {
		return gitcommand.Fail(stderr, err)
	}
	if err := tell(stdout, plan, *asJSON); err != nil {
		return gitcommand.Fail(stderr, err)
	}
	if flags.NArg() == 0 {
		return gitcommand.OK
	}
	done, err := plan.Run(ctx, func(ctx context.Context, step gitflow.ReleaseStep) error {
		cmd := exec.CommandContext(ctx, flags.Arg(0), flags.Args()[1:]...)
		cmd.Env = append(os.Environ(), "SLSFLOW_SERVICE="+step.Service, "SLSFLOW_COMMIT="+step.To)
		cmd.Stdout, cmd.Stderr = stderr, stderr
		return cmd.Run()
	})
	if err != nil {
		for _, step := range plan.Undo(done).Steps {
			err = fmt.Errorf("%w\n  to take back: %v", err, step)
		}
		return gitcommand.Fail(stderr, err)
	}
	return gitcommand.OK
}

// step is what is printed with -json.
type step struct {
	Service string `json:"service"`
	From    string `json:"from,omitempty"`
	To      string `json:"to"`
	Back    bool   `json:"back"`
	Commits int    `json:"commits"` // that it brings or takes back
}

func tell(w io.Writer, plan gitflow.ReleasePlan, asJSON bool) error {
	steps := []step{}
	for _, s := range plan.Steps {
		steps = append(steps, step{s.Service, s.From, s.To, s.Back(), len(s.Brings) + len(s.Drops)})
	}
	if asJSON {
		return json.NewEncoder(w).Encode(map[string]any{"steps": steps})
	}
	if len(steps) == 0 {
		_, err := io.WriteString(w, "nothing to do\n")
		return err
	}
	for i, s := range plan.Steps {
		way := "forward"
		if s.Back() {
			way = "back"
		}
		if _, err := fmt.Fprintf(w, "%d. %v (%s, %d commits)\n", i+1, s, way, steps[i].Commits); err != nil {
			return err
		}
	}
	return nil
}
