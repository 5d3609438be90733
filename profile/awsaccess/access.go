// Package awsaccess gives short-lived AWS credentials of a deployment profile.
//
// [New] makes an [aws.CredentialsProvider] that assumes the profile's role by STS
// and hands out its credentials only after GetCallerIdentity has said that they
// belong to the profile's account: what would act in another account fails before
// its first call. A profile without a role uses the credentials that there are,
// which are checked in the same way.
//
// What can be wrong is told apart by [ErrDenied], [ErrAccount], [ErrExpired],
// [ErrNoCredentials] and [ErrUnreachable]. [AccessRole] makes the role.
package awsaccess

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/slsflow/slsflow/profile"
)

// Limits of [Options]. An hour is what AWS allows where a role assumes a role.
const (
	MaxDuration = time.Hour
	MinDuration = 15 * time.Minute
	// DefaultTimeout bounds how long getting credentials may take.
	DefaultTimeout = 30 * time.Second
	// MaxPolicy is how many characters a session policy may have.
	MaxPolicy = 2048
)

// Options of [New]. Nil and the zero value are right for a deployment.
type Options struct {
	// Duration is how long the credentials of a role are good for, from
	// [MinDuration] to [MaxDuration], the default.
	Duration time.Duration
	// Early is how long before they expire they are renewed. Default: a fifth of
	// their life, so that they are renewed at four fifths of it.
	Early time.Duration
	// Policy is a session policy, an IAM policy document in JSON: the credentials
	// of a role may do what both it and the role's policies allow. "": what the
	// role may. See [StagePolicy]. It needs a role.
	Policy string
	// WebIdentity gives the token of an OIDC provider, which then takes the role
	// instead of the credentials of the configuration. Nil: these do.
	WebIdentity Token
	// Timeout bounds one Retrieve, with all retries of the configuration. Default:
	// [DefaultTimeout].
	Timeout time.Duration
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

// check returns all that is wrong with o for a profile, joined.
func (o Options) check(p profile.Profile) error {
	errs := []error{p.Check()}
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if o.Duration < MinDuration || o.Duration > MaxDuration {
		add("duration %v: want %v to %v", o.Duration, MinDuration, MaxDuration)
	}
	if o.Early < 0 || o.Early >= o.Duration {
		add("renewal %v before the end of %v: want less than that, and not below 0", o.Early, o.Duration)
	}
	if o.Timeout < 0 {
		add("timeout %v: want more than 0", o.Timeout)
	}
	switch {
	case o.Policy == "":
	case p.Role.IsZero():
		add("profile %q: a session policy needs a role", p.Name)
	case !json.Valid([]byte(o.Policy)):
		add("session policy: no JSON")
	case len(o.Policy) > MaxPolicy:
		add("session policy: %d characters, AWS takes %d", len(o.Policy), MaxPolicy)
	}
	switch {
	case o.WebIdentity == nil:
	case p.Role.IsZero():
		add("profile %q: a web identity needs a role to take", p.Name)
	case p.ExternalID != "":
		add("profile %q: an external ID cannot go with a web identity (the trust policy asks for the token's subject instead)", p.Name)
	}
	return errors.Join(errs...)
}

// New returns a provider of the credentials of p. It asks AWS nothing; the first
// Retrieve does, and later ones only when credentials are about to expire. If
// they cannot be renewed, the ones there are serve until they expire. The
// provider may be used concurrently, and needs no [aws.CredentialsCache] around it.
//
// cfg gives the credentials that assume the role, and how to reach STS. Its
// region may be "". An error of New is one of p, s or o, and one of Retrieve an
// [*Error].
func New(cfg aws.Config, p profile.Profile, s Session, o *Options) (aws.CredentialsProvider, error) {
	var opt Options
	if o != nil {
		opt = *o
	}
	opt.Duration = cmp.Or(opt.Duration, MaxDuration)
	opt.Timeout = cmp.Or(opt.Timeout, DefaultTimeout)
	if err := opt.check(p); err != nil {
		return nil, err
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	r := retriever{cfg: at(cfg, p.Role), profile: p, session: s, opt: opt}
	return &cache{source: r, turn: make(chan struct{}, 1)}, nil
}

// Identity is whom credentials belong to.
type Identity struct {
	Account string // 12 digits
	ARN     string // of the user or of the session of a role
}

// Guard asks STS whom the credentials of cfg belong to. Its error is an [*Error],
// and wraps [ErrAccount] if their account is not the one of p. Any account will
// do if p names neither an account nor a role.
func Guard(ctx context.Context, cfg aws.Config, p profile.Profile) (Identity, error) {
	id, err := guard(ctx, at(cfg, p.Role), p)
	if err != nil {
		return Identity{}, fault(ctx, "verify account", p, err)
	}
	return id, nil
}

// Identify takes the role of p, or its own credentials, and says whom they belong
// to. Its error is one of [New] or of the provider.
func Identify(ctx context.Context, cfg aws.Config, p profile.Profile, s Session, o *Options) (Identity, error) {
	provider, err := New(cfg, p, s, o)
	if err != nil {
		return Identity{}, err
	}
	if _, err := provider.Retrieve(ctx); err != nil {
		return Identity{}, err
	}
	cfg = cfg.Copy()
	cfg.Credentials = provider
	return Guard(ctx, cfg, p)
}

func guard(ctx context.Context, cfg aws.Config, p profile.Profile) (Identity, error) {
	if cfg.Credentials == nil {
		return Identity{}, errNone
	}
	out, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return Identity{}, err
	}
	id := Identity{Account: aws.ToString(out.Account), ARN: aws.ToString(out.Arn)}
	if want := cmp.Or(p.Account, p.Role.Account()); want != "" && id.Account != want {
		return Identity{}, &wrongAccount{id: id, want: want}
	}
	return id, nil
}

// retriever gives new credentials each time; the cache around it keeps them.
type retriever struct {
	cfg     aws.Config
	profile profile.Profile
	session Session
	opt     Options
}

// retrieve returns credentials whose account was verified just now.
func (r retriever) retrieve(ctx context.Context) (aws.Credentials, error) {
	if r.profile.Role.IsZero() {
		return r.own(ctx)
	}
	assume := r.assume
	if r.opt.WebIdentity != nil {
		assume = r.assumeWeb
	}
	keys, err := assume(ctx)
	if err != nil {
		return aws.Credentials{}, fault(ctx, "assume role", r.profile, err)
	}
	return r.verified(ctx, keys)
}

// verified returns keys if they belong to the account of the profile.
func (r retriever) verified(ctx context.Context, keys aws.Credentials) (aws.Credentials, error) {
	cfg := r.cfg.Copy()
	cfg.Credentials = credentials.StaticCredentialsProvider{Value: keys}
	id, err := guard(ctx, cfg, r.profile)
	if err != nil {
		return aws.Credentials{}, fault(ctx, "verify account", r.profile, err)
	}
	keys.AccountID = id.Account
	return keys, nil
}

// own returns the credentials that there are.
func (r retriever) own(ctx context.Context) (aws.Credentials, error) {
	if r.cfg.Credentials == nil {
		return aws.Credentials{}, fault(ctx, "get credentials", r.profile, errNone)
	}
	keys, err := r.cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return aws.Credentials{}, fault(ctx, "get credentials", r.profile, &noKeys{err})
	}
	return r.verified(ctx, keys)
}

func (r retriever) assume(ctx context.Context) (aws.Credentials, error) {
	if r.cfg.Credentials == nil {
		return aws.Credentials{}, errNone
	}
	if _, err := r.cfg.Credentials.Retrieve(ctx); err != nil {
		return aws.Credentials{}, &noKeys{err} // told apart from what STS says
	}
	in := &sts.AssumeRoleInput{
		RoleArn:         aws.String(r.profile.Role.String()),
		RoleSessionName: aws.String(r.session.name()),
		DurationSeconds: aws.Int32(int32(r.opt.Duration / time.Second)),
		Tags:            r.session.tags(),
		Policy:          r.policy(),
	}
	if r.profile.ExternalID != "" {
		in.ExternalId = aws.String(r.profile.ExternalID)
	}
	out, err := sts.NewFromConfig(r.cfg).AssumeRole(ctx, in)
	if err != nil {
		return aws.Credentials{}, err
	}
	return r.keys(out.Credentials)
}

// policy is the session policy, if there is one.
func (r retriever) policy() *string {
	if r.opt.Policy == "" {
		return nil
	}
	return aws.String(r.opt.Policy)
}

// keys are the credentials of an answer.
func (r retriever) keys(c *types.Credentials) (aws.Credentials, error) {
	if c == nil || c.Expiration == nil {
		return aws.Credentials{}, errors.New("the answer of STS has no credentials")
	}
	return aws.Credentials{
		AccessKeyID:     aws.ToString(c.AccessKeyId),
		SecretAccessKey: aws.ToString(c.SecretAccessKey),
		SessionToken:    aws.ToString(c.SessionToken),
		Source:          "slsflow: role " + r.profile.Role.String(),
		CanExpire:       true,
		Expires:         *c.Expiration,
	}, nil
}

// at gives cfg a region if it has none: STS is the same in all of a partition. It
// logs nothing, since the answers of STS are secret.
func at(cfg aws.Config, role profile.RoleARN) aws.Config {
	cfg = cfg.Copy()
	cfg.ClientLogMode = 0
	if cfg.Region != "" {
		return cfg
	}
	switch partition := role.Partition(); {
	case partition == "aws-cn":
		cfg.Region = "cn-north-1"
	case strings.HasPrefix(partition, "aws-us-gov"):
		cfg.Region = "us-gov-west-1"
	default:
		cfg.Region = "us-east-1"
	}
	return cfg
}
