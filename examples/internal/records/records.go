// Package records opens the records of deployments where the flags of a program
// say that they are kept.
package records

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/outputs/dynamooutputs"
	"github.com/slsflow/slsflow/pipeline/deploy"
	"github.com/slsflow/slsflow/profile"
	"github.com/slsflow/slsflow/profile/awsaccess"
)

// Flags are -records, -table and -kms.
type Flags struct {
	where string
	table string
	kms   string
}

// The values of -records.
const (
	accounts = "accounts" // a table in the account of each profile
	shared   = "shared"   // one table
)

// Add defines the flags.
func (f *Flags) Add(flags *flag.FlagSet) {
	flags.Func("records", "`where` the records are: accounts (a DynamoDB table in the account of each profile) or shared (one, in the account of your credentials); default: the file DIR/.slsflow/state.db", func(s string) error {
		if f.where = s; s != accounts && s != shared {
			return fmt.Errorf("want %s or %s", accounts, shared)
		}
		return nil
	})
	flags.StringVar(&f.table, "table", "", "`name` of the DynamoDB table of -records (default: "+dynamooutputs.DefaultTable+")")
	flags.StringVar(&f.kms, "kms", "", "`key` of AWS KMS, or alias/…, that encrypts secret outputs with -records")
}

// Check returns what is asked for that cannot be meant.
func (f *Flags) Check() error {
	if f.where == "" && (f.table != "" || f.kms != "") {
		return errors.New("-table and -kms go with -records")
	}
	return nil
}

// File reports whether the records are in the file of the repository.
func (f *Flags) File() bool { return f.where == "" }

// Apart reports whether each profile has records of its own.
func (f *Flags) Apart() bool { return f.where == accounts }

// Policy returns what the role of a profile needs for the records of its account, or
// nil if they are elsewhere.
func (f *Flags) Policy() []byte {
	if !f.Apart() {
		return nil
	}
	return f.options().Policy()
}

func (f *Flags) options() dynamooutputs.Options {
	return dynamooutputs.Options{Table: f.table, KMSKey: f.kms}
}

// Open returns what gives the records of each profile, with the credentials of the
// environment. If ensure is true, tables that are not there are made. It is not for
// records in a file.
func (f *Flags) Open(ctx context.Context, app string, ensure bool) (func(context.Context, profile.Profile) (outputs.Store, error), error) {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("configuration of AWS: %w", err)
	}
	access := &deploy.AWS{Config: cfg, WebIdentity: awsaccess.TokenFromEnv(os.Getenv)}
	stores := &deploy.RecordStores{Open: func(ctx context.Context, p profile.Profile) (outputs.Store, error) {
		in := cfg
		if f.Apart() {
			var err error
			if in, err = access.As(p, awsaccess.Session{App: app}); err != nil {
				return nil, err
			}
		}
		s, err := dynamooutputs.New(in, f.options())
		if err == nil && ensure {
			err = s.Ensure(ctx)
		}
		return s, err
	}}
	if f.Apart() {
		return stores.Of, nil
	}
	return func(ctx context.Context, _ profile.Profile) (outputs.Store, error) {
		return stores.Of(ctx, profile.Profile{Name: shared})
	}, nil
}
