// Print resolves the variables of a serverless.yml and prints what comes out:
//
//	go run ./examples/print [-stage S] [-region R] [-param k=v]… [-opt k=v]…
//	    [-outputs FILE] [-only t1,t2] [-format yaml|json] [-origins] [-untrusted]
//	    [-reveal] [-aws] [-node [-node-env N1,N2]] [-file NAME] DIR
//
// The sources are env, file, git, opt, self, sls, strToBool, param and output, and
// with -aws also aws, cf, s3, ssm and those of stages.<stage>.resolvers. A variable
// of another type is left as it is written. file reads what is in the repository that holds DIR, or in DIR.
//
// -node runs JavaScript files, such as ${file(values.js):key}, by the node in PATH, and
// TypeScript files if it is new enough (22.18). They can do whatever a program can, and see PATH, HOME, LANG, TMPDIR and what
// -node-env names of the environment.
//
// -only resolves variables of the named types and leaves all others. As YAML that
// is the file itself, in which nothing but these is changed. -untrusted opens
// nothing but the file: its sources are opt, self, sls, strToBool and param.
//
// -outputs names a JSON file {"app:stage:region:service": {"key": value}}.
// -format json prints {"config", "errors", "unresolved"}, and with -origins where
// each value came from. Secrets print as REDACTED without -reveal.
//
// The exit status is 1 if there are errors, and 2 for a file that cannot be read
// or parsed, or arguments that are wrong.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/slsflow/slsflow/stage"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	status := run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// run is the program.
func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) int {
	o, err := parseArgs(args, stderr)
	if err != nil {
		if !errors.Is(err, flag.ErrHelp) && !errors.Is(err, errUsage) {
			fmt.Fprintf(stderr, "print: %v\n", err)
		}
		return 2
	}
	p, err := o.load(environ)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 2
	}
	defer p.root.Close()
	a, err := p.resolve(ctx)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 2
	}
	out, err := a.print(o)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 2
	}
	if _, err := stdout.Write(out); err != nil {
		fmt.Fprintln(stderr, err)
		return 2
	}
	if len(a.problems) == 0 {
		return 0
	}
	if o.format != "json" {
		for i, problem := range a.problems {
			if i == maxShown {
				fmt.Fprintf(stderr, "and %d more\n", len(a.problems)-i)
				break
			}
			fmt.Fprintln(stderr, problem.Snippet(p.file(problem.Pos.File)))
		}
	}
	return 1
}

// maxShown is how many problems a person is told.
const maxShown = 100

// options are the arguments.
type options struct {
	stage, region, outputs, format, file, dir string
	only, nodeEnv                             []string
	origins, untrusted, reveal, aws, node     bool
	params                                    []string
	opts                                      map[string]any
}

var errUsage = errors.New("usage")

// texts is a flag that may be given several times.
type texts []string

func (t *texts) String() string     { return "" }
func (t *texts) Set(s string) error { *t = append(*t, s); return nil }

// split returns what stands between the commas.
func (t *texts) split() (names []string) {
	for _, list := range *t {
		for name := range strings.SplitSeq(list, ",") {
			if name = strings.TrimSpace(name); name != "" {
				names = append(names, name)
			}
		}
	}
	return names
}

func parseArgs(args []string, stderr io.Writer) (options, error) {
	var o options
	var given, only, nodeEnv texts
	set := flag.NewFlagSet("print", flag.ContinueOnError)
	set.SetOutput(stderr)
	set.Usage = func() {
		fmt.Fprintln(stderr, "usage: print [flags] DIR")
		set.PrintDefaults()
	}
	set.Func("stage", "the `stage` (default provider.stage, else dev)", func(s string) error {
		name, err := stage.Parse(s)
		o.stage = name.String()
		return err
	})
	set.StringVar(&o.region, "region", "", "the `region` (default provider.region, else us-east-1)")
	set.Var((*texts)(&o.params), "param", "a param, `key=value`; may be given several times")
	set.Var(&given, "opt", "an option of the command line, `key=value`; may be given several times")
	set.StringVar(&o.outputs, "outputs", "", "a JSON `file` of outputs")
	set.Var(&only, "only", "resolve these `types` only, separated by commas")
	set.StringVar(&o.format, "format", "yaml", "yaml or json")
	set.BoolVar(&o.origins, "origins", false, "print where each value came from")
	set.BoolVar(&o.untrusted, "untrusted", false, "read no environment")
	set.BoolVar(&o.reveal, "reveal", false, "print secrets in the clear")
	set.BoolVar(&o.aws, "aws", false, "ask AWS too, with the usual credentials")
	set.BoolVar(&o.node, "node", false, "run JavaScript files, which can do whatever a program can")
	set.Var(&nodeEnv, "node-env", "`names` of variables that JavaScript files see, separated by commas")
	set.StringVar(&o.file, "file", "", "the `name` of the file (default serverless.yml, .yaml or .json)")
	if err := set.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return o, err
		}
		return o, errUsage // it is told
	}
	o.dir = set.Arg(0)
	o.only, o.nodeEnv = only.split(), nodeEnv.split()
	o.opts = map[string]any{}
	switch {
	case set.NArg() != 1:
		return o, errors.New("want one directory (print [flags] DIR)")
	case o.format != "yaml" && o.format != "json":
		return o, fmt.Errorf("-format %s: want yaml or json", o.format)
	case o.origins && o.format != "json":
		return o, errors.New("-origins needs -format json")
	case len(only) > 0 && len(o.only) == 0:
		return o, errors.New("-only names no type")
	case o.untrusted && o.aws:
		return o, errors.New("-untrusted and -aws exclude each other")
	case o.untrusted && o.node:
		return o, errors.New("-untrusted and -node exclude each other")
	case len(o.nodeEnv) > 0 && !o.node:
		return o, errors.New("-node-env needs -node")
	case filepath.IsAbs(o.file):
		return o, fmt.Errorf("-file %s: want a path in the directory", o.file)
	}
	for _, text := range given {
		key, value, ok := strings.Cut(text, "=")
		if !ok || key == "" {
			return o, fmt.Errorf("-opt %q: want key=value", key)
		}
		o.opts[key] = value
	}
	for name, flag := range map[string]*string{"stage": &o.stage, "region": &o.region} { // -opt can write them too
		if text, ok := o.opts[name].(string); ok && *flag == "" {
			*flag = text
		}
		if *flag != "" {
			o.opts[name] = *flag
		}
	}
	if _, given := o.opts["stage"]; given {
		if _, err := stage.Parse(o.stage); err != nil {
			return o, fmt.Errorf("-opt stage: %w", err)
		}
	}
	return o, nil
}
