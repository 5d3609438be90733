// Access-role prints the CloudFormation template of the role that deployments take
// in an account.
//
//	go run ./examples/access-role -trust 999999999999 -external-id shop -service orders > role.yml
//	aws cloudformation deploy --stack-name slsflow-access --template-file role.yml --capabilities CAPABILITY_NAMED_IAM
//
// Whom the role trusts: -trust is an account, or the ARN of a user or a role, which
// must know the -external-id; -github and -gitlab are the subject of a job's OIDC
// token, such as repo:shop/orders:ref:refs/heads/main or
// project_path:shop/orders:ref_type:branch:ref:main, where "*" stands for any
// characters; -oidc URL=SUBJECT is one of another provider. An account has one
// provider for each URL: -create-provider makes them.
//
// What it may do: deploy each -service, by default those of the slsflow.yml in
// -dir, whose names in AWS begin with that of the service; -service shop-* is all
// that begin so. -with adds a kind of resources, in the same names. -records, with
// -table and -kms, adds what examples/deploy needs for records in the account that
// is given the same flags, and -ssm what it needs for secrets below a prefix of the
// Parameter Store, encrypted with -ssm-kms if that is given. -region limits where. With -boundary each role of a service must have that permissions boundary:
// without one, whoever deploys can give a function any right in the account. To
// narrow it further, take statements out of the template.
//
// Flags may be given several times where a list makes sense. The exit status is 1
// for a role that is refused, and 2 if the command line was not understood.
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

	"github.com/slsflow/slsflow/examples/internal/records"
	"github.com/slsflow/slsflow/examples/internal/repository"
	"github.com/slsflow/slsflow/examples/internal/terminal"
	"github.com/slsflow/slsflow/params/ssmparams"
	"github.com/slsflow/slsflow/params/variables"
	"github.com/slsflow/slsflow/profile/awsaccess"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// options are what the command line says.
type options struct {
	role    awsaccess.AccessRole
	records records.Flags
	dir     string
	format  string
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
	text, err := o.template(ctx)
	if err == nil {
		_, err = stdout.Write(text)
		if o.role.Boundary == "" {
			fmt.Fprintln(stderr, "access-role: note: whoever deploys can give a function any right in the account (-boundary limits that)")
		}
	}
	if err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			fmt.Fprintf(stderr, "access-role: %s\n", terminal.Clean(line))
		}
		return 1
	}
	return 0
}

// list is a flag that may be given several times.
type list []string

func (l *list) String() string     { return "" }
func (l *list) Set(s string) error { *l = append(*l, s); return nil }

// parse reads the command line. It has told what is wrong if there is an error.
func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	var create bool
	var audience, prefix, key string
	r := &o.role
	flags := flag.NewFlagSet("access-role", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&r.Name, "name", "slsflow-deploy", "`name` of the role")
	flags.Var((*list)(&r.Principals), "trust", "an `account`, or the ARN of a user or a role, that may take the role")
	flags.StringVar(&r.ExternalID, "external-id", "", "`text` that whoever is trusted by -trust must know")
	trust := func(name, issuer string) {
		flags.Func(name, "`subject` of the jobs that may take the role", func(s string) error {
			o.trust(issuer, s)
			return nil
		})
	}
	trust("github", awsaccess.GitHub)
	trust("gitlab", awsaccess.GitLab)
	flags.Func("oidc", "`URL=SUBJECT` of another OIDC provider and its jobs", func(s string) error {
		issuer, subject, ok := strings.Cut(s, "=")
		if !ok {
			return errors.New("want URL=SUBJECT")
		}
		o.trust(issuer, subject)
		return nil
	})
	flags.StringVar(&audience, "audience", awsaccess.Audience, "`audience` of the tokens")
	flags.BoolVar(&create, "create-provider", false, "make the OIDC providers, which the account does not have yet")
	repository.Flag(flags, &o.dir)
	flags.Var((*list)(&r.Services), "service", "`name` of a service, or the beginning of several and a *")
	flags.Var((*list)(&r.With), "with", "`kind` of resources that services have: "+strings.Join(awsaccess.Kinds(), ", "))
	o.records.Add(flags)
	flags.StringVar(&prefix, "ssm", "", "`prefix` of the secrets in the Parameter Store that deployments read and write")
	flags.StringVar(&key, "ssm-kms", "", "`key` of AWS KMS, or alias/…, that the secrets of -ssm are encrypted with (default: the account's own)")
	flags.Var((*list)(&r.Regions), "region", "a `region` to deploy to (default: all)")
	flags.StringVar(&r.Boundary, "boundary", "", "`ARN` of the permissions boundary that each role of a service must have")
	flags.StringVar(&r.RolePath, "role-path", "/", "`path` of the roles of services")
	flags.StringVar(&o.format, "format", "yaml", "yaml or json")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	for i := range r.OIDC {
		r.OIDC[i].Audience, r.OIDC[i].Create = audience, create
	}
	err := o.records.Check()
	switch {
	case err != nil:
	case flags.NArg() > 0:
		err = fmt.Errorf("%q is too much", flags.Arg(0))
	case !o.records.File() && !o.records.Apart():
		err = errors.New("-records shared: your own credentials read and write that table, not the role")
	case key != "" && prefix == "":
		err = errors.New("-ssm-kms goes with -ssm")
	case o.format != "yaml" && o.format != "json":
		err = fmt.Errorf("-format %s: want yaml or json", o.format)
	case create && len(r.OIDC) == 0:
		err = errors.New("-create-provider goes with -github, -gitlab or -oidc")
	}
	if policy := o.records.Policy(); policy != nil {
		r.Also = append(r.Also, policy)
	}
	if prefix != "" && err == nil {
		var policy []byte
		policy, err = ssmparams.Options{KeyID: key}.Policy(prefix)
		r.Also = append(r.Also, policy)
	}
	if err != nil {
		fmt.Fprintf(stderr, "access-role: %v (access-role -h tells what there is)\n", err)
	}
	return o, err
}

// trust adds the subject of a provider.
func (o *options) trust(issuer, subject string) {
	for i := range o.role.OIDC {
		if o.role.OIDC[i].Issuer == issuer {
			o.role.OIDC[i].Subjects = append(o.role.OIDC[i].Subjects, subject)
			return
		}
	}
	o.role.OIDC = append(o.role.OIDC, awsaccess.OIDC{Issuer: issuer, Subjects: []string{subject}})
}

// template returns the template in the format that was asked for.
func (o *options) template(ctx context.Context) ([]byte, error) {
	if len(o.role.Services) == 0 {
		file, tree, err := repository.Open(o.dir)
		if err != nil {
			return nil, fmt.Errorf("no -service, and %w", err)
		}
		for _, s := range file.Services {
			o.role.Services = append(o.role.Services, s.Name)
		}
		if err := tree.Close(); err != nil {
			return nil, err
		}
	}
	text, err := o.role.Template()
	if err != nil || o.format == "json" {
		return text, err
	}
	// JSON is written again as YAML, in the same order. What looks like a variable
	// in it is CloudFormation's.
	doc, err := variables.ParseDocument("role.json", text)
	if err != nil {
		return nil, err
	}
	r := variables.Resolver{Partial: true}
	res, err := r.Resolve(ctx, doc)
	if err != nil {
		return nil, err
	}
	return res.YAML()
}
