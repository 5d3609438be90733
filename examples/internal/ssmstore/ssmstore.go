// Package ssmstore opens the secrets of profiles in the Parameter Store of their
// accounts.
package ssmstore

import (
	"context"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/slsflow/slsflow/params/ssmparams"
	"github.com/slsflow/slsflow/pipeline/deploy"
	"github.com/slsflow/slsflow/profile"
	"github.com/slsflow/slsflow/profile/awsaccess"
)

// Open returns what opens the store of a profile below a prefix, with the credentials
// of the environment, and with the role of the profile if it has one. Its account is
// verified before the first call. kms is the key of what is written, or "".
func Open(ctx context.Context, app, prefix, kms string) (func(profile.Profile) (*ssmparams.Store, error), error) {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("configuration of AWS: %w", err)
	}
	access := &deploy.AWS{Config: cfg, WebIdentity: awsaccess.TokenFromEnv(os.Getenv)}
	return func(p profile.Profile) (*ssmparams.Store, error) {
		in, err := access.As(p, awsaccess.Session{App: app})
		if err != nil {
			return nil, err
		}
		return ssmparams.New(in, prefix, &ssmparams.Options{KeyID: kms})
	}, nil
}
