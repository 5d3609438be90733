package deploy

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/slsflow/slsflow/internal/plainvalue"
	"github.com/slsflow/slsflow/params"
)

// environment returns what every command gets: the run variables, what is
// allowed of the caller's, more, and the params of the profile. The first that
// has a name wins, so that what is closer to the machine does.
func (a *attempt) environment(ctx context.Context, more environment) (environment, error) {
	machine := make(environment, len(a.exec.Env))
	for name, value := range a.exec.Env {
		machine[name] = value
		if u, err := url.Parse(value); err == nil {
			if password, ok := u.User.Password(); ok { // of a proxy
				a.mask(password)
			}
		}
	}
	given, err := a.exportedParams(ctx)
	if err != nil {
		return nil, err
	}
	env := a.runVariables().with(machine).with(more).with(given)
	a.mask(env.secrets()...)
	return env, nil
}

// exportedParams returns the params of the profile as environment variables. The
// characters that a name cannot have become "_". The log tells of those that are
// not exported.
func (a *attempt) exportedParams(ctx context.Context) (environment, error) {
	given := make(environment)
	from := make(map[string]string) // the param that a variable has come from
	layer := a.profileParams()
	for _, param := range a.profile.Names() {
		v, ok, err := layer.Lookup(ctx, param)
		if err != nil {
			return nil, fmt.Errorf("param %q of profile %q: %w", param, a.profile.Name, err)
		}
		if s, ok := v.(params.Secret); ok {
			a.mask(s.Reveal()) // also one that is not exported: the service may have it
		}
		name := variableName(param)
		other, taken := from[name]
		switch {
		case !ok:
			fmt.Fprintf(a.log, "param %s of profile %s is not exported: it has no value\n", param, a.profile.Name)
		case permits(reserved, name):
			fmt.Fprintf(a.log, "param %s of profile %s is not exported: %s is what commands are found by\n", param, a.profile.Name, name)
		case taken && param != name: // that which is called so itself wins, else the first
			fmt.Fprintf(a.log, "param %s of profile %s is not exported: %s is param %s\n", param, a.profile.Name, name, other)
		default:
			if taken {
				fmt.Fprintf(a.log, "param %s of profile %s is not exported: %s is param %s\n", other, a.profile.Name, name, param)
			}
			from[name] = param
			if given[name], err = exported(v); err != nil {
				return nil, fmt.Errorf("param %q of profile %q: %w", param, a.profile.Name, err)
			}
		}
	}
	return given, nil
}

// exported returns a value as the environment has it: text as it is, all else as
// JSON.
func exported(v params.Value) (any, error) {
	switch v := v.(type) {
	case string, params.Secret:
		return v, nil
	default:
		b, err := plainvalue.Encode(v)
		return string(b), err
	}
}

// runVariables are those that Serverless CI/CD gave to every command, and some
// more.
func (a *attempt) runVariables() environment {
	t := a.task
	vars := environment{
		"SERVERLESS_CI_CD":       "true",
		"SERVERLESS_BUILD_ID":    a.run,
		"SLS_BUILD_ID":           a.run,
		"SERVERLESS_DEPLOY_TYPE": string(t.DeployType),
		"SERVERLESS_ROOT_PATH":   a.dir,
		"SLSFLOW_APP":            t.App,
		"SLSFLOW_SERVICE":        t.Service,
		"SLSFLOW_STAGE":          t.Stage.String(),
		"SLSFLOW_REGION":         t.Region,
		"SLSFLOW_PROFILE":        t.Profile,
	}
	for name, value := range map[string]string{
		"SERVERLESS_REPO":        t.Repository,
		"SERVERLESS_BRANCH":      t.Branch,
		"SERVERLESS_COMMIT_SHA":  t.Commit,
		"SERVERLESS_COMMIT_MSG":  t.Message,
		"SERVERLESS_COMMIT_USER": t.Actor,
	} {
		if value != "" {
			vars[name] = strings.ReplaceAll(value, "\x00", "\ufffd") // no program can be given a NUL
		}
	}
	if t.PullRequest > 0 {
		vars["SERVERLESS_PULL_REQUEST"] = strconv.Itoa(t.PullRequest)
	}
	return vars
}

// credentials returns env with the credentials of the profile, and with nothing
// else that would give any. Only deploy, verify and remove have them.
func (a *attempt) credentials(ctx context.Context, env environment) (environment, error) {
	if a.exec.Access == nil {
		return env, nil
	}
	given, err := a.exec.Access.Credentials(ctx, a.profile, a.session())
	if err != nil {
		return nil, err
	}
	access := environment{"AWS_REGION": a.task.Region, "AWS_DEFAULT_REGION": a.task.Region}
	for name, value := range given {
		access[name] = value
	}
	a.mask(access.secrets()...)
	return access.with(a.withoutCredentials(env)), nil
}

// withoutCredentials returns env so that no program finds credentials by it. The
// files of the person would be asked for a profile that a serverless file names,
// which may be of another account. Without an Access the caller's are meant to be
// found.
func (a *attempt) withoutCredentials(env environment) environment {
	if a.exec.Access == nil {
		return env
	}
	closed := environment{"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_EC2_METADATA_DISABLED": "true"}
	for name, value := range env {
		if _, ours := closed[name]; !ours && !choosesCredentials(name) {
			closed[name] = value
		}
	}
	return closed
}
