package deploy

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/profile"
	"github.com/slsflow/slsflow/profile/awsaccess"
)

// Access gives the credentials of a profile. It is safe for concurrent use.
type Access interface {
	// Credentials returns the variables that give a command the access of p:
	// AWS_ACCESS_KEY_ID and so on. They are of p's account, or
	// there is an error.
	Credentials(ctx context.Context, p profile.Profile, s awsaccess.Session) (map[string]params.Secret, error)
}

// AWS is the [Access] of AWS: the profile's role is assumed, or, if it has none,
// the credentials of Config are used; in both cases the account is checked first.
type AWS struct {
	// Config has the credentials that assume the roles, and the endpoint.
	Config aws.Config
}

// As returns a configuration with the access of p, for a store of the profile's
// account: [RecordStores]. What uses it makes no call before the account is
// verified.
func (a AWS) As(p profile.Profile, s awsaccess.Session) (aws.Config, error) {
	provider, err := awsaccess.New(a.Config, p, s, nil)
	if err != nil {
		return aws.Config{}, err
	}
	cfg := a.Config.Copy()
	cfg.Credentials = provider
	return cfg, nil
}

// Credentials assumes the role of p and verifies the account.
func (a AWS) Credentials(ctx context.Context, p profile.Profile, s awsaccess.Session) (map[string]params.Secret, error) {
	cfg, err := a.As(p, s)
	if err != nil {
		return nil, err
	}
	keys, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, err
	}
	vars := map[string]params.Secret{
		"AWS_ACCESS_KEY_ID":     params.NewSecret(keys.AccessKeyID),
		"AWS_SECRET_ACCESS_KEY": params.NewSecret(keys.SecretAccessKey),
	}
	if keys.SessionToken != "" {
		vars["AWS_SESSION_TOKEN"] = params.NewSecret(keys.SessionToken)
	}
	return vars, nil
}
