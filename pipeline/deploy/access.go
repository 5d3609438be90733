package deploy

import (
	"context"
	"time"

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
// The steps of a run share credentials. Set its fields before the first call.
type AWS struct {
	// Config has the credentials that assume the roles, and the endpoint.
	Config aws.Config
	// WebIdentity takes the roles instead of these credentials. May be nil.
	WebIdentity awsaccess.Token
	// Policy returns the session policy of a deployment, such as
	// awsaccess.StagePolicy for previews, or "" if it may do what the role may.
	// Nil: all may. It is not asked for a profile without a role.
	Policy func(profile.Profile, awsaccess.Session) (string, error)

	runs awsaccess.Runs
}

// As returns a configuration with the access of p, for a store of the profile's
// account: [RecordStores]. What uses it makes no call before the account is
// verified. No session policy limits it.
func (a *AWS) As(p profile.Profile, s awsaccess.Session) (aws.Config, error) {
	provider, err := a.runs.Provider(a.Config, p, s, a.options(p))
	if err != nil {
		return aws.Config{}, err
	}
	cfg := a.Config.Copy()
	cfg.Credentials = provider
	return cfg, nil
}

func (a *AWS) options(p profile.Profile) *awsaccess.Options {
	if p.Role.IsZero() {
		return &awsaccess.Options{}
	}
	return &awsaccess.Options{WebIdentity: a.WebIdentity}
}

// lead is how long credentials must be good for: a command that has got them
// cannot renew them.
const lead = 30 * time.Minute

// Credentials assumes the role of p and verifies the account.
func (a *AWS) Credentials(ctx context.Context, p profile.Profile, s awsaccess.Session) (map[string]params.Secret, error) {
	opt := a.options(p)
	opt.Early = lead
	if a.Policy != nil && !p.Role.IsZero() {
		var err error
		if opt.Policy, err = a.Policy(p, s); err != nil {
			return nil, err
		}
	}
	provider, err := a.runs.Provider(a.Config, p, s, opt)
	if err != nil {
		return nil, err
	}
	keys, err := provider.Retrieve(ctx)
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
