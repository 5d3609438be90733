// Names tells how long the branches of a repository may be, before AWS tells it in
// the middle of a deployment: which names it will see of each service, their
// limits, and what they leave for a stage. It reads the files of the repository
// alone.
//
//	go run ./examples/names [-dir DIR] [-json]            each service and each policy by which stages are named
//	go run ./examples/names [-dir DIR] [-json] -stage S   each name in one stage
//
// The exit status is 0 if there are stages with which all names fit, and with
// -stage if they fit that one; 1 if not; and 2 if the command line was not
// understood.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/slsflow/slsflow/examples/internal/repository"
	"github.com/slsflow/slsflow/examples/internal/terminal"
	"github.com/slsflow/slsflow/pipeline/workflow"
	"github.com/slsflow/slsflow/stage"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// options are what the command line says.
type options struct {
	dir   string
	stage stage.Name
	json  bool
}

// run is the program. It returns its exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	}
	if err := report(ctx, o, stdout); err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			fmt.Fprintf(stderr, "names: %s\n", terminal.Clean(line))
		}
		return 1
	}
	return 0
}

// parse reads the command line. It has told what is wrong if there is an error.
func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("names", flag.ContinueOnError)
	flags.SetOutput(stderr)
	repository.Flag(flags, &o.dir)
	flags.BoolVar(&o.json, "json", false, "print JSON")
	flags.Func("stage", "list each name in one `stage`", func(s string) (err error) {
		o.stage, err = stage.Parse(s)
		return err
	})
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		err := fmt.Errorf("%q is too much", flags.Arg(0))
		fmt.Fprintf(stderr, "names: %v (names -h tells what there is)\n", err)
		return o, err
	}
	return o, nil
}

// report prints what was asked for. The error names what does not fit.
func report(ctx context.Context, o options, w io.Writer) error {
	file, tree, err := repository.Open(o.dir)
	if err != nil {
		return err
	}
	defer tree.Close()
	in := workflow.ContractInput{File: file, Tree: tree.FS(), Stage: o.stage}
	if o.stage.IsZero() {
		fits, err := workflow.ReadFits(ctx, in)
		if err != nil {
			return err
		}
		return errors.Join(printed(o, w, fits, fitRows(fits)), unfit(fits))
	}
	names, err := workflow.ReadBudget(ctx, in)
	if err != nil {
		return err
	}
	err = printed(o, w, names, nameRows(names))
	for _, c := range names.Unfit() {
		err = errors.Join(err, problem(c))
	}
	return err
}

// printed prints a document as JSON, or its rows.
func printed(o options, w io.Writer, doc any, rows [][]string) error {
	if o.json {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(doc)
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		for i := range row {
			row[i] = terminal.Clean(row[i])
		}
		fmt.Fprintln(table, strings.Join(row, "\t"))
	}
	return table.Flush()
}

func fitRows(fits []stage.Fit) [][]string {
	rows := [][]string{{"SERVICE", "STAGES BY", "TIGHTEST", "NAME", "LIMIT", "LEFT", "FITS"}}
	for _, f := range fits {
		rows = append(rows, []string{f.Service, f.Policy.String(), f.Name.What, f.Name.Form(), limit(f.Name), strconv.Itoa(f.Left), room(f)})
	}
	return rows
}

func nameRows(names stage.Budget) [][]string {
	rows := [][]string{{"SERVICE", "WHAT", "NAME", "LENGTH", "LIMIT", "LEFT"}}
	for _, c := range names {
		left := "-"
		if c.Limit > 0 {
			left = strconv.Itoa(c.Left())
		}
		rows = append(rows, []string{c.Service, c.What, c.Text, strconv.Itoa(len(c.Text)), limit(c), left})
	}
	return rows
}

// limit prints the limit of a name, if one is known.
func limit(c stage.CloudName) string {
	if c.Limit == 0 {
		return "-"
	}
	return strconv.Itoa(c.Limit)
}

// room says what fits, in the words of the policy.
func room(f stage.Fit) string {
	what := "branches"
	switch {
	case !f.OK():
		return "nothing"
	case strings.HasPrefix(f.Policy.String(), "fixed:"):
		return "it fits"
	case f.Policy == stage.ByDeveloper():
		what = "users"
	case f.Policy == stage.ByPullRequest():
		return fmt.Sprintf("numbers up to %d digits", f.Longest)
	}
	if f.Always {
		return "all " + what
	}
	return fmt.Sprintf("%s up to %d characters", what, f.Longest)
}

// unfit returns an error for each name that AWS would not take.
func unfit(fits []stage.Fit) error {
	var errs []error
	told := make(map[string]bool)
	for _, f := range fits {
		for _, c := range f.Unfit {
			err := problem(c)
			if !strings.HasPrefix(f.Policy.String(), "fixed:") {
				err = fmt.Errorf("%s: %s: %q fits no stage that is named by %s (%s)", c.Service, c.What, c.Form(), f.Policy, allowed(c))
			}
			if !told[err.Error()] {
				told[err.Error()] = true
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}

func problem(c stage.CloudName) error {
	return fmt.Errorf("%s: %s: its name in stage %s is %q, %s", c.Service, c.What, c.Stage, c.Text, c.Problem())
}

// allowed says what AWS allows of a name.
func allowed(c stage.CloudName) string {
	if c.Lower {
		return fmt.Sprintf("AWS allows %d characters and no capital letters", c.Limit)
	}
	return fmt.Sprintf("AWS allows %d characters", c.Limit)
}
