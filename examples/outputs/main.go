// Outputs shows what the services of a repository have published, who reads it,
// and who was deployed with a value that has changed since.
//
//	go run ./examples/outputs list    [flags]              each output, its address and its value
//	go run ./examples/outputs get     [flags] ADDRESS      one value, as ${output:ADDRESS} would be
//	go run ./examples/outputs history [flags]              every deployment and removal, the newest first
//	go run ./examples/outputs stale   [flags]              deployed instances that read what has changed since
//	go run ./examples/outputs graph   [flags]              who reads which output of whom in a stage
//
// graph reads the files of the repository, and what is deployed if there is
// something. Its exit status is 1 if a service reads what nobody publishes, or
// something is not published any more that others read; who reads what is deprecated is
// warned, and refused when its last day is over. -format is text, json,
// mermaid or dot; -base is the root of another checkout, that of the base branch,
// to compare with.
//
// The flags -app, -stage, -region and -service choose instances, as those of the
// Serverless command line did; without them list, history and stale show all.
// For get and graph the stage is your own by default, and "-service S -name KEY" is the
// same as the address S.KEY. Without -service it is the service of the directory that
// you are in, or the only one of the repository.
//
// It reads what examples/deploy keeps in DIR/.slsflow, and changes nothing; with
// -records accounts or shared, what that keeps in DynamoDB, of the account of the
// stage's profile. In
// plain text each line has columns with a tab between them; -json prints one
// document. A secret output is shown as REDACTED; get prints one only with
// -reveal.
//
// The exit status is 0 if there is an answer, an empty list too; 1 if there is
// none, such as an output that is not published; and 2 if the command line was not
// understood.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"os/user"
	"slices"
	"strings"
	"time"

	"github.com/slsflow/slsflow/examples/internal/records"
	"github.com/slsflow/slsflow/examples/internal/repository"
	"github.com/slsflow/slsflow/examples/internal/terminal"
	"github.com/slsflow/slsflow/examples/internal/usage"
	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/stage"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

// commands are what can be asked for.
var commands = []struct {
	name  string
	args  string
	about string
	do    func(context.Context, options, io.Writer) error
}{
	{"list", "", "each output, its address and its value", list},
	{"get", " ADDRESS", "one value, as ${output:ADDRESS} would be", get},
	{"history", "", "every deployment and removal, the newest first", history},
	{"stale", "", "deployed instances that read what has changed since", stale},
	{"graph", "", "who reads which output of whom in a stage", graph},
}

// formats are those of graph.
var formats = []string{"text", "json", "mermaid", "dot"}

// options are what the command line says.
type options struct {
	dir     string
	filter  outputs.Filter
	name    string
	address string
	json    bool
	reveal  bool
	format  string
	base    string
	records records.Flags
	user    string
	now     time.Time
	stderr  io.Writer
}

// run is the program. It returns its exit status.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	calls := make([][2]string, len(commands))
	for i, c := range commands {
		calls[i] = [2]string{c.name + " [flags]" + c.args, c.about}
	}
	name := ""
	if len(args) > 0 {
		name, args = args[0], args[1:]
	}
	i, status, ok := usage.Choose(stderr, "outputs", name, calls)
	if !ok {
		return status
	}
	o, err := parse(name, args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	}
	o.now, o.stderr = time.Now(), stderr
	o.user = cmp.Or(getenv("SLSFLOW_USER"), login())
	if err := commands[i].do(ctx, o, stdout); err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			fmt.Fprintf(stderr, "outputs: %s\n", terminal.Clean(line))
		}
		return 1
	}
	return 0
}

// parse reads the command line behind the command. It has told what is wrong if
// there is an error.
func parse(name string, args []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("outputs "+name, flag.ContinueOnError)
	flags.SetOutput(stderr)
	repository.Flag(flags, &o.dir)
	flags.StringVar(&o.filter.App, "app", "", "name of the `app`")
	flags.StringVar(&o.filter.Service, "service", "", "name of the `service`")
	flags.StringVar(&o.filter.Region, "region", "", "the `region`")
	flags.Func("stage", "the `stage`", func(s string) (err error) {
		o.filter.Stage, err = stage.Parse(s)
		return err
	})
	flags.BoolVar(&o.json, "json", false, "print JSON")
	o.records.Add(flags)
	if name == "get" {
		flags.StringVar(&o.name, "name", "", "`key` of the output of -service (default: the service of the directory that you are in)")
		flags.BoolVar(&o.reveal, "reveal", false, "print the value of a secret output")
	}
	if name == "graph" {
		flags.StringVar(&o.base, "base", "", "root `directory` of a checkout of the base branch")
		flags.Func("format", "`format`: text, json, mermaid or dot", func(s string) error {
			if o.format = s; !slices.Contains(formats, s) {
				return fmt.Errorf("want %s", strings.Join(formats, ", "))
			}
			return nil
		})
	}
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	err := o.records.Check()
	if err == nil {
		o.address, err = o.asked(name, flags.Args())
	}
	if err != nil {
		fmt.Fprintf(stderr, "outputs %s: %v (outputs %s -h tells what there is)\n", name, err, name)
	}
	return o, err
}

// asked returns the address that get is asked for, or "" if that is -name of no
// -service. rest is what is no flag.
func (o options) asked(command string, rest []string) (address string, err error) {
	switch {
	case command != "get" && len(rest) > 0:
		return "", fmt.Errorf("%q is too much", rest[0])
	case command != "get":
		return "", nil
	case len(rest) == 1 && o.name == "" && o.filter.Service == "":
		return rest[0], nil
	case len(rest) == 0 && o.name != "" && o.filter.Service != "":
		return o.filter.Service + "." + o.name, nil
	case len(rest) == 0 && o.name != "":
		return "", nil // of the service that is there: see named
	default:
		return "", errors.New("want one address, such as orders.queue, or -name KEY, and -service S if it is not the service that you are in (flags come first)")
	}
}

// login is the name that the person has logged in by, or "".
func login() string {
	u, err := user.Current()
	if err != nil {
		return ""
	}
	return u.Username[strings.LastIndexByte(u.Username, '\\')+1:]
}
