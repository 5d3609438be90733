package deploy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/slsflow/slsflow/internal/plainvalue"
	"github.com/slsflow/slsflow/internal/process"
	"github.com/slsflow/slsflow/internal/redact"
	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/variables"
	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/pipeline/workflow"
	"github.com/slsflow/slsflow/profile"
)

// attempt is one step being done.
type attempt struct {
	exec     *Executor
	run      string
	action   string
	task     workflow.Task
	instance outputs.Instance
	profile  profile.Profile
	root     string              // of the repository, on disk
	doc      *variables.Document // of the service, once it is resolved
	dir      string              // of the service, on disk
	log      io.Writer
	noted    func(context.Context, json.RawMessage) error
	masked   func(...string)
	secrets  *redact.Set // the same as masked, for what does not go to the log
	reads    reads
}

// attempt reads the task of a step, and refuses one that may not run.
func (e *Executor) attempt(ctx context.Context, t pipeline.Task) (*attempt, error) {
	if err := e.required(); err != nil {
		return nil, err
	}
	a := &attempt{exec: e, run: t.Run, action: t.Step.Action, log: t.Log, noted: t.Note, masked: t.Mask, secrets: redact.NewSet()}
	dec := json.NewDecoder(bytes.NewReader(t.Step.Input))
	dec.DisallowUnknownFields() // a field that is not understood may be a restriction
	if err := dec.Decode(&a.task); err != nil {
		return nil, fmt.Errorf("input of the step: %w", err)
	}
	if a.task.Trust != workflow.Trusted {
		return nil, fmt.Errorf("%s of an untrusted event: nothing runs (approve commit %s)", a.task.Service, a.task.Commit)
	}
	a.instance = outputs.Instance{App: a.task.App, Service: a.task.Service, Stage: a.task.Stage, Region: a.task.Region}
	var err error
	if a.profile, err = e.File.Profiles().Named(a.task.Profile); err != nil {
		return nil, err
	}
	if a.task.Account != a.profile.Account {
		return nil, fmt.Errorf("profile %q: its account is %q, the plan was made for %q (plan again)", a.profile.Name, a.profile.Account, a.task.Account)
	}
	if a.root, err = e.Workspaces.Dir(ctx, t.Run, a.task.Commit); err != nil {
		return nil, err
	}
	a.dir = filepath.Join(a.root, filepath.FromSlash(a.task.Dir))
	if info, err := os.Stat(a.dir); err != nil || !info.IsDir() || !filepath.IsLocal(filepath.FromSlash(a.task.Dir)) {
		return nil, fmt.Errorf("service %s: no directory %q at commit %s", a.task.Service, a.task.Dir, a.task.Revision())
	}
	return a, nil
}

// note records the process group that is about to run.
func (a *attempt) note(ctx context.Context, group string) error {
	n, err := json.Marshal(note{Group: group})
	if err != nil {
		return err
	}
	return a.noted(ctx, n)
}

// note is what a later attempt must know.
type note struct {
	Group string `json:"group"`
}

// endLost ends what earlier attempts have left running.
func (a *attempt) endLost(ctx context.Context, notes []json.RawMessage) error {
	for _, n := range notes {
		var left note
		if err := json.Unmarshal(n, &left); err != nil {
			return fmt.Errorf("note of an earlier attempt: %w", err)
		}
		g, err := process.ParseGroup(left.Group)
		if err != nil {
			return err
		}
		ended, err := process.End(ctx, g, a.exec.Grace)
		switch {
		case errors.Is(err, process.ErrElsewhere):
			// Its machine is gone or was started again. CloudFormation refuses a
			// second change to a stack that is still being changed.
			fmt.Fprintf(a.log, "an earlier attempt ran elsewhere: %v\n", err)
		case err != nil:
			return err
		case ended:
			fmt.Fprintf(a.log, "ended what an earlier attempt had left running\n")
		}
	}
	return nil
}

// mask hides secrets in the log, in errors and in records.
func (a *attempt) mask(secrets ...string) {
	a.secrets.Add(secrets...)
	a.masked(secrets...)
}

// redact hides the secrets in a text.
func (a *attempt) redact(s string) string { return a.secrets.Text(s) }

// environment returns what install and test commands get: what is allowed of
// the caller's, the run variables, and the params of the profile.
func (a *attempt) environment(ctx context.Context) (environment, error) {
	env := make(environment)
	for name, value := range a.exec.Env {
		env[name] = value
	}
	env = env.with(a.runVariables())
	values := make(map[string]any)
	layer := a.profileParams()
	for _, name := range a.profile.Names() {
		v, ok, err := layer.Lookup(ctx, name)
		if err != nil {
			return nil, err
		}
		if ok {
			if values[variableName(name)], err = exported(v); err != nil {
				return nil, fmt.Errorf("param %q of profile %q: %w", name, a.profile.Name, err)
			}
		}
	}
	env = env.with(values)
	a.mask(env.secrets()...)
	return env, nil
}

// profileParams returns the params of the profile.
func (a *attempt) profileParams() params.Named {
	var secrets params.Layer
	if a.exec.Secrets != nil {
		secrets = params.FromStore(a.exec.Secrets, a.task.App, a.profile.Name)
	}
	return a.profile.Layer(secrets)
}

// exported returns a param as the environment has it: text as it is, all else
// as JSON.
func exported(v params.Value) (any, error) {
	switch v := v.(type) {
	case string, params.Secret:
		return v, nil
	default:
		b, err := plainvalue.Encode(v)
		return string(b), err
	}
}

// runVariables are those that Serverless CI/CD gave to every command.
func (a *attempt) runVariables() map[string]any {
	t := a.task
	vars := map[string]any{
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
			vars[name] = value
		}
	}
	if t.PullRequest > 0 {
		vars["SERVERLESS_PULL_REQUEST"] = strconv.Itoa(t.PullRequest)
	}
	return vars
}

// credentials returns env with the credentials of the profile. Only deploy,
// verify and remove have them.
func (a *attempt) credentials(ctx context.Context, env environment) (environment, error) {
	if a.exec.Access == nil {
		return env, nil
	}
	creds, err := a.exec.Access.Credentials(ctx, a.profile, a.session())
	if err != nil {
		return nil, err
	}
	more := environment{"AWS_REGION": a.task.Region}
	for name, value := range creds {
		more[name] = value
	}
	a.mask(more.secrets()...)
	return more.with(env), nil // they win over what a param is called
}
