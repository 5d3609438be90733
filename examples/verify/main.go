// Verify checks every profile of a repository before somebody deploys with it: the
// role can be taken, the account is the right one, and the params that services
// need are there, in each stage of the workflow.
//
//	go run ./examples/verify [-dir DIR] [-json] [-offline] [-ssm PREFIX]
//
// The credentials that take the roles are the usual ones (the environment, SSO, a
// role of the machine), or the token of a CI job, of GitHub Actions or in
// SLSFLOW_ID_TOKEN. With
// -offline nobody is asked, and only the files count. Secrets are looked for in
// DIR/.slsflow, where examples/deploy keeps them, if it is there, or with -ssm in the
// Parameter Store of the profile's account, below the prefix.
//
// The exit status is 0 if all is well; 1 if not, with each problem on standard
// error; and 2 if the command line was not understood.
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
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/slsflow/slsflow/examples/internal/lines"
	"github.com/slsflow/slsflow/examples/internal/repository"
	"github.com/slsflow/slsflow/examples/internal/ssmstore"
	"github.com/slsflow/slsflow/examples/internal/statedir"
	"github.com/slsflow/slsflow/examples/internal/terminal"
	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/sqliteparams"
	"github.com/slsflow/slsflow/pipeline/workflow"
	"github.com/slsflow/slsflow/profile"
	"github.com/slsflow/slsflow/profile/awsaccess"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

// options are what the command line says.
type options struct {
	dir           string
	json, offline bool
	ssm           string
}

// run is the program. It returns its exit status.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	var o options
	flags := flag.NewFlagSet("verify", flag.ContinueOnError)
	flags.SetOutput(stderr)
	repository.Flag(flags, &o.dir)
	flags.BoolVar(&o.json, "json", false, "print JSON")
	flags.BoolVar(&o.offline, "offline", false, "ask nobody for credentials")
	flags.StringVar(&o.ssm, "ssm", "", "look for secrets below this `prefix` in the Parameter Store of the profile's account")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(stderr, "verify: %q is too much (verify -h tells what there is)\n", flags.Arg(0))
		return 2
	}
	if o.offline && o.ssm != "" {
		fmt.Fprintln(stderr, "verify: -ssm asks AWS, which -offline forbids (verify -h tells what there is)")
		return 2
	}
	if err := verify(ctx, o, getenv, stdout); err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			fmt.Fprintf(stderr, "verify: %s\n", terminal.Clean(line))
		}
		return 1
	}
	return 0
}

// verify prints what it found out. The error has all that is wrong.
func verify(ctx context.Context, o options, getenv func(string) string, w io.Writer) (err error) {
	file, tree, err := repository.Open(o.dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tree.Close()) }()

	// What services read, and what is wrong with their files.
	needs, wrong := workflow.ReadNeeds(ctx, workflow.NeedsInput{File: file, Tree: tree.FS()})
	checks := profile.Checks{Needs: func(_ context.Context, p profile.Profile) ([]profile.Need, error) { return of(needs, p), nil }}

	if !o.offline {
		cfg, err := config.LoadDefaultConfig(ctx)
		if err != nil {
			return fmt.Errorf("configuration of AWS: %w", err)
		}
		checks.Identity = func(ctx context.Context, p profile.Profile) (account, who string, err error) {
			opt := &awsaccess.Options{}
			if !p.Role.IsZero() {
				opt.WebIdentity = awsaccess.TokenFromEnv(getenv)
			}
			id, err := awsaccess.Identify(ctx, cfg, p, awsaccess.Session{App: file.App, Run: "verify"}, opt)
			return id.Account, id.ARN, err
		}
	}
	if o.ssm != "" {
		of, err := ssmstore.Open(ctx, file.App, o.ssm, "")
		if err != nil {
			return err
		}
		checks.Secrets = func(_ context.Context, p profile.Profile) (params.Layer, error) {
			store, err := of(p)
			if err != nil {
				return nil, err
			}
			return params.FromStore(store, file.App, p.Name), nil
		}
		return report(ctx, o, w, file, checks, wrong)
	}
	store, err := secrets(ctx, statedir.Of(o.dir))
	if err != nil {
		return err
	}
	if store != nil {
		defer func() { err = errors.Join(err, store.Close()) }()
		checks.Secrets = func(_ context.Context, p profile.Profile) (params.Layer, error) {
			return params.FromStore(store, file.App, p.Name), nil
		}
	}
	return report(ctx, o, w, file, checks, wrong)
}

// report verifies, and prints what it found out. wrong is what is wrong already.
func report(ctx context.Context, o options, w io.Writer, file *workflow.File, checks profile.Checks, wrong error) error {
	list := profile.Verify(ctx, file.Profiles(), checks)
	return errors.Join(show(w, o, list), wrong, profile.Problems(list))
}

// of are the params that nobody but a profile can give.
func of(all workflow.Needs, p profile.Profile) []profile.Need {
	var needs []profile.Need
	for _, s := range all.Stages {
		for _, n := range s.Params {
			if cmp.Or(n.Profile, s.Profile) != p.Name {
				continue
			}
			if !n.Optional && (n.From == "" || n.From == "profile "+p.Name) {
				needs = append(needs, profile.Need{Service: n.Service, Stage: s.Stage, Name: n.Name, At: n.At})
			}
		}
	}
	return needs
}

// secrets opens the store of a state directory. It is nil if there is none.
func secrets(ctx context.Context, files statedir.Files) (*sqliteparams.Store, error) {
	if _, err := os.Stat(files.DB); errors.Is(err, os.ErrNotExist) {
		return nil, nil //nolint:nilnil // it would be made
	} else if err != nil {
		return nil, err
	}
	return sqliteparams.Open(ctx, files.DB, sqliteparams.Options{KeyFile: files.Key})
}

// show prints a table, or JSON.
func show(w io.Writer, o options, list []profile.Verification) error {
	if o.json {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(list)
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "PROFILE\tSTAGES\tACCOUNT\tAS\tPARAMS\tRESULT")
	for _, v := range list {
		var stages []string
		for _, n := range v.Stages {
			stages = append(stages, n.String())
		}
		if v.Default {
			stages = append(stages, "all others")
		}
		result := "ok"
		if n := len(v.Problems); n == 1 {
			result = "1 problem"
		} else if n > 1 {
			result = strconv.Itoa(n) + " problems"
		}
		row := []string{v.Profile, lines.Or(strings.Join(stages, ", ")), lines.Or(v.Account), lines.Or(v.Who), strconv.Itoa(v.Needed), result}
		for i := range row {
			row[i] = terminal.Clean(row[i])
		}
		fmt.Fprintln(table, strings.Join(row, "\t"))
	}
	return table.Flush()
}
