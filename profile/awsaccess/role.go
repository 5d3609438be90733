package awsaccess

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/slsflow/slsflow/profile"
)

// AccessRole is the role of an account that deployments take: whom it trusts, and
// what they may do. [AccessRole.Template] is the CloudFormation template that makes
// it. Fields that may be empty say so.
type AccessRole struct {
	// Name is that of the role. "": "slsflow-deploy".
	Name string
	// Principals may take the role: accounts, as 12 digits, in which everybody may
	// whose own policy allows it, or ARNs of users and roles. May be empty.
	Principals []string
	// ExternalID is what Principals must know. May be "".
	ExternalID string
	// OIDC are the providers whose jobs may take the role. May be empty, if there
	// are Principals.
	OIDC []OIDC
	// Services are what deployments may touch: names of services, or beginnings of
	// names that end in "*". The framework begins each name in AWS with that of its
	// service.
	Services []string
	// With are the kinds of resources that the services have beside functions, of
	// [Kinds]. May be empty.
	With []string
	// Also are policies of IAM, in JSON, whose statements are added: what deployments
	// need beside the services, such as [dynamooutputs.Options.Policy] says for the
	// records and [ssmparams.Options.Policy] for secrets. Regions limit them too. May
	// be empty.
	//
	// [dynamooutputs.Options.Policy]: https://pkg.go.dev/github.com/slsflow/slsflow/outputs/dynamooutputs#Options.Policy
	// [ssmparams.Options.Policy]: https://pkg.go.dev/github.com/slsflow/slsflow/params/ssmparams#Options.Policy
	Also [][]byte
	// Regions are those that may be deployed to. Empty: all.
	Regions []string
	// Boundary is the ARN of the managed policy that each role of a service must
	// have as its permissions boundary. "": none, and then whoever deploys can give
	// a function any right in the account.
	Boundary string
	// RolePath is the path of the roles of services, provider.iam.role.path. "": "/".
	RolePath string
}

// OIDC is a provider of web identities and the jobs that are trusted.
type OIDC struct {
	// Issuer is its URL, such as [GitHub] or [GitLab].
	Issuer string
	// Subjects are the "sub" claims of the jobs; "*" stands for any characters:
	// "repo:shop/orders:ref:refs/heads/main", "project_path:shop/orders:ref_type:branch:ref:main".
	Subjects []string
	// Audience is the "aud" claim. "": [Audience].
	Audience string
	// Create makes the provider, of which an account has one for each issuer.
	Create bool
}

// Issuers of web identities.
const (
	GitHub = "https://token.actions.githubusercontent.com"
	GitLab = "https://gitlab.com"
)

// host is what AWS calls the provider.
func (o OIDC) host() string { return strings.TrimPrefix(o.Issuer, "https://") }

func (o OIDC) audience() string {
	if o.Audience == "" {
		return Audience
	}
	return o.Audience
}

func (r AccessRole) name() string {
	if r.Name == "" {
		return "slsflow-deploy"
	}
	return r.Name
}

func (r AccessRole) rolePath() string {
	if r.RolePath == "" {
		return "/"
	}
	return r.RolePath
}

var (
	roleName    = regexp.MustCompile(`^[A-Za-z0-9_+=,.@-]{1,64}$`)
	serviceName = regexp.MustCompile(`^[A-Za-z][0-9A-Za-z-]+\*?$`)
	policyARN   = regexp.MustCompile(`^arn:aws(-[a-z]+)*:iam::(aws|[0-9]{12}):policy/[!-~]+$`)
	personARN   = regexp.MustCompile(`^arn:aws(-[a-z]+)*:iam::[0-9]{12}:(root|(user|role)/[!-~]+)$`)
	regionName  = regexp.MustCompile(`^[a-z]{2,}(-[a-z0-9]+)+$`)
	issuerURL   = regexp.MustCompile(`^https://[A-Za-z0-9.:-]+(/[A-Za-z0-9._/-]+)?$`)
	pathForm    = regexp.MustCompile(`^/([!-~]{1,510}/)?$`)
)

// Check returns all that is wrong with r, joined, or nil. It refuses what would
// trust everybody, and what would let a deployment change the role itself.
func (r AccessRole) Check() error {
	var errs []error
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf("access role: "+format, args...)) }
	match := func(what, s string, form *regexp.Regexp, want string) {
		if s != "" && (!form.MatchString(s) || strings.Contains(s, "${")) { // CloudFormation would put something in
			add("%s %q: want %s", what, s, want)
		}
	}
	match("name", r.Name, roleName, "1 to 64 of A-Z, a-z, 0-9 and _+=,.@-")
	match("boundary", r.Boundary, policyARN, "the ARN of a managed policy")
	match("role path", r.RolePath, pathForm, "a path that begins and ends with /")
	if r.ExternalID != "" {
		if err := profile.CheckExternalID(r.ExternalID); err != nil {
			add("%w", err)
		}
	}
	if len(r.Principals)+len(r.OIDC) == 0 {
		add("it trusts nobody (name an account or an OIDC provider)")
	}
	if r.ExternalID != "" && len(r.Principals) == 0 {
		add("external ID %q: only principals are asked for it (the subject of a token does the same)", r.ExternalID)
	}
	for _, p := range r.Principals {
		if profile.CheckAccount(p) != nil && !personARN.MatchString(p) || strings.ContainsAny(p, "*${") {
			add("principal %q: want an account of 12 digits, or the ARN of a user or a role", p)
		}
	}
	for _, o := range r.OIDC {
		errs = append(errs, o.check()...)
	}
	if len(r.Services) == 0 {
		add("it may deploy nothing (name the services)")
	}
	for _, s := range r.Services {
		match("service", s, serviceName, "a name, or its first two letters or more and a *")
		if strings.HasPrefix(r.name(), beginning(s)) {
			add("service %q: its deployments could change the role %s itself (give the role another name)", s, r.name())
		}
	}
	for _, region := range r.Regions {
		match("region", region, regionName, "such as eu-west-1")
	}
	for _, k := range r.With {
		if !slices.Contains(Kinds(), k) {
			add("%q is no kind of resources: want %s", k, strings.Join(Kinds(), ", "))
		}
	}
	if _, err := r.also(); err != nil {
		add("%w", err)
	}
	if len(errs) == 0 {
		if n := len(r.permissions().in("000000000000")); n > maxInline {
			add("its permissions have %d characters, AWS takes %d (name services by a common beginning, such as shop-*)", n, maxInline)
		}
	}
	return errors.Join(errs...)
}

// maxInline is how many characters the inline policies of a role may have:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html.
const maxInline = 10240

// owner is what the subjects of an issuer must begin with, up to the first "*".
func (o OIDC) owner() (form *regexp.Regexp, want string) {
	switch o.Issuer {
	case GitHub:
		return regexp.MustCompile(`^repo:[^*?/]+/.`), "repo:OWNER/…"
	case GitLab:
		return regexp.MustCompile(`^project_path:[^*?/]+/.`), "project_path:GROUP/…"
	default:
		return regexp.MustCompile(`^[^*?]{2}`), "two characters or more before a *"
	}
}

// check refuses a provider of which everybody's jobs would be trusted.
func (o OIDC) check() []error {
	var errs []error
	add := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("access role: OIDC provider %q: "+format, append([]any{o.Issuer}, args...)...))
	}
	if !issuerURL.MatchString(o.Issuer) {
		add("want a URL that begins with https://")
	}
	if len(o.Subjects) == 0 {
		add("it has no subjects: everybody's jobs would be trusted")
	}
	form, want := o.owner()
	for _, s := range o.Subjects {
		if !form.MatchString(s) || strings.Contains(s, "${") {
			add("subject %q: want %s", s, want)
		}
	}
	if strings.ContainsAny(o.Audience, "*?$ ") {
		add("audience %q: want a name or a URL", o.Audience)
	}
	return errs
}

// trust is the trust policy. That of tags asks for no external ID, which STS does
// not say there.
func (r AccessRole) trust() document {
	var list []statement
	if len(r.Principals) > 0 {
		who := make([]value, len(r.Principals))
		for i, p := range r.Principals {
			if profile.CheckAccount(p) == nil {
				p = "arn:${AWS::Partition}:iam::" + p + ":root"
			}
			who[i] = value(p)
		}
		take := statement{Sid: "Take", Effect: "Allow", Principal: map[string][]value{"AWS": who}, Action: []string{"sts:AssumeRole"}}
		if r.ExternalID != "" {
			take.Condition = map[string]map[string][]value{"StringEquals": {"sts:ExternalId": values(r.ExternalID)}}
		}
		list = append(list, take, statement{Sid: "Tag", Effect: "Allow", Principal: take.Principal, Action: []string{"sts:TagSession"}})
	}
	for i, o := range r.OIDC {
		operator := "StringEquals"
		if strings.ContainsAny(strings.Join(o.Subjects, ""), "*?") {
			operator = "StringLike"
		}
		conditions := map[string]map[string][]value{"StringEquals": {o.host() + ":aud": values(o.audience())}}
		if conditions[operator] == nil {
			conditions[operator] = make(map[string][]value)
		}
		conditions[operator][o.host()+":sub"] = values(o.Subjects...)
		list = append(list, statement{
			Sid: fmt.Sprintf("Jobs%d", i+1), Effect: "Allow",
			Principal: map[string][]value{"Federated": values("arn:${AWS::Partition}:iam::${AWS::AccountId}:oidc-provider/" + o.host())},
			Action:    []string{"sts:AssumeRoleWithWebIdentity"}, Condition: conditions,
		})
	}
	return newDocument(list...)
}

// TrustPolicy returns the trust policy of the role in an account, in JSON.
func (r AccessRole) TrustPolicy(account string) (string, error) {
	if err := errors.Join(r.Check(), profile.CheckAccount(account)); err != nil {
		return "", err
	}
	return r.trust().in(account), nil
}

// PermissionsPolicy returns what the role may do in an account, in JSON.
func (r AccessRole) PermissionsPolicy(account string) (string, error) {
	if err := errors.Join(r.Check(), profile.CheckAccount(account)); err != nil {
		return "", err
	}
	return r.permissions().in(account), nil
}
