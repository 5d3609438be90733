// Deploy is what a developer's own command looks like: it deploys the services of
// a repository that has an slsflow.yml, with the work tree as it is, to the
// developer's own stage.
//
//	go run ./examples/deploy [-dir DIR] [-stage S] [-remove] [-cli osls] [-param NAME=VALUE] [SERVICE…]
//	go run ./examples/deploy -stale [-dir DIR] [-stage S] [-cli osls]
//	go run ./examples/deploy -history [-json] [-stage S] [SERVICE…]
//	go run ./examples/deploy -secret PROFILE/NAME [-ssm PREFIX]
//
// Without -cli nothing is deployed to a cloud: each service is rendered, with its
// variables resolved, into DIR/.slsflow/cloud, to be looked at. With -cli osls (or
// serverless) it goes to AWS, with the credentials of the environment.
//
// -stale deploys again those services of the stage that were deployed with an
// output of another one that has changed since.
//
// With -cli, -records accounts keeps the records in a DynamoDB table in the account
// of each profile, where all who deploy with it see them, and nobody else does;
// -records shared keeps all of them in one table.
//
// Secrets are in DIR/.slsflow, or with -ssm in the Parameter Store of the profile's
// account; examples/params says more about them.
//
// The progress goes to standard error; what is deployed then stands on standard
// output. What is kept, the records, the ledger, the
// logs and the secrets, is in DIR/.slsflow, which git ignores. Two commands on one
// stage wait for each other. Ctrl-C cancels the run and waits for what runs; a
// second one ends the command at once.
//
// The exit status is 0 if all that was asked for is done, 1 if not, and 2 if it
// was not understood.
//
// These variables of the environment count: SLSFLOW_USER is your name if your login
// is not, as in a container, and SLSFLOW_PARAM_name is a param that wins over all
// others, like -param, but secret. The token of a CI job takes the roles of profiles:
// that of GitHub Actions, or SLSFLOW_ID_TOKEN. CI and NO_COLOR make the progress
// plain lines.
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
	"strings"
	"syscall"

	"github.com/slsflow/slsflow/examples/internal/records"
	"github.com/slsflow/slsflow/examples/internal/terminal"
	"github.com/slsflow/slsflow/params"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second signal ends the process
	os.Exit(run(ctx, os.Args[1:], os.Environ(), os.Stdin, os.Stdout, os.Stderr))
}

// options are what the command line and the environment say.
type options struct {
	dir      string
	stage    string
	remove   bool
	takeover bool
	stale    bool
	history  bool
	json     bool
	secret   string
	ssm      string
	cli      string
	records  records.Flags
	params   params.Map
	services []string
	user     string
	environ  []string
}

// run is the program. It returns its exit status.
func run(ctx context.Context, args, environ []string, stdin io.Reader, stdout, stderr io.Writer) int {
	o, err := parse(args, environ, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	}
	switch {
	case o.history:
		err = history(ctx, o, stdout)
	case o.secret != "":
		err = keepSecret(ctx, o, stdin, stderr)
	default:
		err = deployTo(ctx, o, stdout, stderr)
	}
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) { // it was stopped before a run could be cancelled
		err = context.Cause(ctx)
	}
	if err != nil {
		complain(stderr, err)
		return 1
	}
	return 0
}

// complain prints an error. Several lines are several problems: each begins with
// its place, where an editor looks for it.
func complain(w io.Writer, err error) {
	lines := strings.Split(strings.TrimSpace(err.Error()), "\n")
	space := " "
	if len(lines) > 1 {
		space = "\n"
	}
	for i := range lines {
		lines[i] = terminal.Clean(lines[i])
	}
	fmt.Fprintf(w, "deploy:%s%s\n", space, strings.Join(lines, "\n"))
}

// parse reads the command line. It has told what is wrong if there is an error.
func parse(args, environ []string, stderr io.Writer) (options, error) {
	o := options{params: params.Map{}, environ: environ}
	flags := flag.NewFlagSet("deploy", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprintln(stderr, "usage: deploy [flags] [SERVICE…]   (without a SERVICE: all that the stage may have)")
		flags.PrintDefaults()
	}
	flags.StringVar(&o.dir, "dir", "", "root `directory` of the repository (default: the nearest one that has an slsflow.yml)")
	flags.StringVar(&o.stage, "stage", "", "the `stage` (default: the one of your user name)")
	flags.BoolVar(&o.remove, "remove", false, "remove instead of deploy; with -secret: forget it")
	flags.BoolVar(&o.takeover, "takeover", false, "take over a stage that belongs to somebody else")
	flags.BoolVar(&o.stale, "stale", false, "deploy again what was deployed with outputs that have changed since, and nothing else")
	flags.BoolVar(&o.history, "history", false, "tell what was deployed and how it went, the newest first")
	flags.BoolVar(&o.json, "json", false, "print the history as JSON; without -history: that of this run")
	flags.StringVar(&o.secret, "secret", "", "keep the secret `PROFILE/NAME`: its value is read from standard input")
	flags.StringVar(&o.ssm, "ssm", "", "take secrets from the Parameter Store of the profile's account, below this `prefix`, and keep them there")
	flags.StringVar(&o.cli, "cli", "", "deploy with this `command`, such as osls, serverless or \"npx osls\" (default: render into .slsflow/cloud)")
	o.records.Add(flags)
	flags.Func("param", "`NAME=VALUE` of a param, wins over all others; may be repeated", func(s string) error {
		name, value, ok := strings.Cut(s, "=")
		if !ok || name == "" || value == "" {
			return errors.New("want NAME=VALUE")
		}
		o.params[name] = value
		return nil
	})
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	o.services = flags.Args()
	if err := o.check(); err != nil {
		fmt.Fprintf(stderr, "deploy: %v (deploy -h tells what there is)\n", err)
		return o, err
	}
	for _, nameValue := range environ {
		name, value, _ := strings.Cut(nameValue, "=")
		if param, ok := strings.CutPrefix(name, "SLSFLOW_PARAM_"); ok && param != "" {
			o.params[param] = params.NewSecret(value)
		}
	}
	o.user = cmp.Or(getenv(environ)("SLSFLOW_USER"), login())
	return o, nil
}

// check returns what is asked for that cannot be meant.
func (o options) check() error {
	for _, s := range o.services {
		if strings.HasPrefix(s, "-") {
			return fmt.Errorf("flag %s stands behind a service: flags come first", s)
		}
	}
	profile, name, _ := strings.Cut(o.secret, "/")
	switch {
	case o.history && (o.remove || o.takeover || o.stale || o.secret != "" || o.ssm != "" || o.cli != "" || len(o.params) > 0):
		return errors.New("-history goes with -dir, -json, -stage, -records and services alone")
	case o.secret != "" && (o.stage != "" || o.takeover || o.stale || o.json || o.cli != "" || !o.records.File() || len(o.params)+len(o.services) > 0):
		return errors.New("-secret goes with -dir, -ssm and -remove alone")
	case o.secret != "" && (profile == "" || name == ""):
		return fmt.Errorf("-secret %s: want PROFILE/NAME, such as dev/endpoint_api_key", o.secret)
	case o.stale && (o.remove || len(o.services) > 0):
		return errors.New("-stale finds the services by itself: it goes without services, and not with -remove")
	case !o.records.File() && o.cli == "" && !o.history:
		return errors.New("-records goes with -cli: what is only rendered is not recorded for others")
	}
	return o.records.Check()
}

// login is the name that the person has logged in by, or "".
func login() string {
	u, err := user.Current()
	if err != nil {
		return ""
	}
	return u.Username[strings.LastIndexByte(u.Username, '\\')+1:] // on Windows the domain is before it
}

// getenv returns what os.Getenv would be, had the process this environment.
func getenv(environ []string) func(string) string {
	return func(name string) string {
		value := ""
		for _, nameValue := range environ {
			if n, v, ok := strings.Cut(nameValue, "="); ok && n == name {
				value = v
			}
		}
		return value
	}
}
