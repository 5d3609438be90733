// Params keeps the secret params of the profiles of a repository that has an
// slsflow.yml: those whose names a profile lists under secrets.
//
//	go run ./examples/params list    [flags]             each param of the profiles, where it is, and no values
//	go run ./examples/params get     [flags] NAME        one value; of a secret with -reveal
//	go run ./examples/params set     [flags] NAME        put a secret; its value is read from standard input
//	go run ./examples/params remove  [flags] NAME        forget a secret, and what it was before
//	go run ./examples/params history [flags] NAME        who changed a secret, and when, the newest first
//	go run ./examples/params import  [flags] FILE        put all secrets of a file; "-" is standard input
//	go run ./examples/params export  -reveal [flags]     print all secrets that have a value
//	go run ./examples/params diff    [flags] A B         what profile A or profile B does not have
//	go run ./examples/params rotate  [flags]             encrypt all secrets with a new key
//	go run ./examples/params check   [flags]             what services need in each stage, and who has it
//
// -profile names the profile, or -stage a stage that has it; list, rotate and check
// are about all without it. Secrets are in the file DIR/.slsflow/state.db, encrypted
// with the key beside it, where examples/deploy reads them. With -ssm PREFIX they
// are in the Parameter Store of the profile's account, below PREFIX, and -kms KEY is
// the key of those that are written.
//
// A value is never an argument: arguments stand in the history of the shell and in
// the list of processes. Without -reveal no value of a secret is read, let alone
// printed. set and remove change the version that they find; with -version N it must
// be that one, which you have seen in history. If somebody else is faster, nothing is
// changed, and the error says who that was. -by says who you are: by default
// SLSFLOW_USER, else the user of git, else the login.
//
// A file of import and export is JSON, YAML (a map of names and texts) or dotenv, by
// its name or by -format.
//
// In plain text each line has columns with a tab between them; -json prints one
// document. The exit status is 0 if there is an answer, or all was done; 1 if not:
// there is no such param, somebody else was faster, diff has found a difference,
// check has found something missing; and 2 if the command line was not understood.
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
	"slices"
	"strings"

	"github.com/slsflow/slsflow/examples/internal/repository"
	"github.com/slsflow/slsflow/examples/internal/terminal"
	"github.com/slsflow/slsflow/examples/internal/usage"
	"github.com/slsflow/slsflow/stage"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr))
}

// command is what can be asked for.
type command struct {
	name  string
	args  []string // what it takes behind the flags
	about string
	do    func(context.Context, options, streams) error
}

var commands = []command{
	{"list", nil, "each param of the profiles, where it is, and no values", list},
	{"get", []string{"NAME"}, "one value; of a secret with -reveal", get},
	{"set", []string{"NAME"}, "put a secret; its value is read from standard input", set},
	{"remove", []string{"NAME"}, "forget a secret, and what it was before", remove},
	{"history", []string{"NAME"}, "who changed a secret, and when, the newest first", history},
	{"import", []string{"FILE"}, "put all secrets of a file", importFile},
	{"export", nil, "print all secrets that have a value, with -reveal", export},
	{"diff", []string{"PROFILE", "PROFILE"}, "what one of two profiles does not have", diff},
	{"rotate", nil, "encrypt all secrets with a new key", rotate},
	{"check", nil, "what services need in each stage, and who has it", check},
}

type streams struct {
	in       io.Reader
	out, err io.Writer
}

// options are what the command line says.
type options struct {
	dir     string
	profile string
	stage   stage.Name
	ssm     string
	kms     string
	json    bool
	reveal  bool
	version int64 // -1: the one that there is
	by      string
	format  string
	args    []string
}

// errFound is the error of a command that has printed what it has found.
var errFound = errors.New("found")

// run is the program. It returns its exit status.
func run(ctx context.Context, args []string, getenv func(string) string, in io.Reader, stdout, stderr io.Writer) int {
	calls := make([][2]string, len(commands))
	for i, c := range commands {
		calls[i] = [2]string{strings.Join(append([]string{c.name, "[flags]"}, c.args...), " "), c.about}
	}
	name := ""
	if len(args) > 0 {
		name, args = args[0], args[1:]
	}
	i, status, ok := usage.Choose(stderr, "params", name, calls)
	if !ok {
		return status
	}
	o, err := parse(commands[i], args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	}
	o.by = cmp.Or(o.by, getenv("SLSFLOW_USER"), gitUser(o.dir), login())
	err = commands[i].do(ctx, o, streams{in, stdout, stderr})
	if err != nil && !errors.Is(err, errFound) {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			fmt.Fprintf(stderr, "params: %s\n", terminal.Clean(line))
		}
	}
	if err != nil {
		return 1
	}
	return 0
}

// parse reads the command line behind the command. It has told what is wrong if
// there is an error.
func parse(c command, args []string, stderr io.Writer) (options, error) {
	o := options{version: -1}
	flags := flag.NewFlagSet("params "+c.name, flag.ContinueOnError)
	flags.SetOutput(stderr)
	repository.Flag(flags, &o.dir)
	flags.StringVar(&o.ssm, "ssm", "", "`prefix` in the Parameter Store of AWS, instead of the file of the repository")
	flags.BoolVar(&o.json, "json", false, "print JSON")
	if c.name != "diff" {
		flags.Func("stage", "a `stage` that has the profile", func(s string) (err error) {
			o.stage, err = stage.Parse(s)
			return err
		})
	}
	if c.name != "diff" && c.name != "check" {
		flags.StringVar(&o.profile, "profile", "", "name of the `profile`")
	}
	switch c.name {
	case "get":
		flags.Int64Var(&o.version, "version", -1, "the `number` of an older version")
		flags.BoolVar(&o.reveal, "reveal", false, "print the value of a secret")
	case "export":
		flags.BoolVar(&o.reveal, "reveal", false, "print the values of secrets")
	case "set", "remove":
		flags.Int64Var(&o.version, "version", -1, "the `number` that the version must have, 0 if there must be none")
	}
	if slices.Contains([]string{"set", "remove", "import", "rotate"}, c.name) {
		flags.StringVar(&o.by, "by", "", "`name` of who changes it (default: your user name)")
	}
	if slices.Contains([]string{"set", "import", "rotate"}, c.name) {
		flags.StringVar(&o.kms, "kms", "", "`key` of AWS KMS, or alias/…, for what is written with -ssm")
	}
	if c.name == "import" || c.name == "export" {
		flags.Func("format", "`format`: dotenv, json or yaml", func(s string) error {
			if o.format = s; !slices.Contains(formats, s) {
				return fmt.Errorf("want %s", strings.Join(formats, ", "))
			}
			return nil
		})
	}
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	o.args = flags.Args()
	if err := o.check(c); err != nil {
		fmt.Fprintf(stderr, "params %s: %v (params %s -h tells what there is)\n", c.name, err, c.name)
		return o, err
	}
	return o, nil
}

// check returns what is asked for that cannot be meant. It quotes no argument that
// may be a value.
func (o options) check(c command) error {
	want := strings.Join(c.args, " and ")
	if want == "" {
		want = "none"
	}
	for _, arg := range o.args {
		if len(arg) > 1 && strings.HasPrefix(arg, "-") {
			return errors.New("a flag stands behind an argument: flags come first")
		}
	}
	switch {
	case c.name == "set" && (len(o.args) > 1 || len(o.args) == 1 && strings.Contains(o.args[0], "=")):
		return errors.New("a value is no argument, since those stand in the history of the shell and in the list of processes: give it on standard input. If it is secret, it is not any more")
	case len(o.args) != len(c.args):
		return fmt.Errorf("%d arguments, want %s", len(o.args), want)
	case o.profile != "" && !o.stage.IsZero():
		return errors.New("-profile and -stage: give one of them")
	case o.kms != "" && o.ssm == "":
		return errors.New("-kms goes with -ssm")
	case (c.name == "set" || c.name == "remove") && o.version < -1, c.name == "get" && o.version < 1 && o.version != -1:
		return fmt.Errorf("-version %d: versions count from 1", o.version)
	case c.name == "export" && !o.reveal:
		return errors.New("it prints the values of secrets: say so with -reveal")
	}
	return nil
}
