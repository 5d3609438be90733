package deploy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/slsflow/slsflow/internal/redact"
	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/variables"
	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/pipeline/workflow"
	"github.com/slsflow/slsflow/profile"
	"github.com/slsflow/slsflow/profile/awsaccess"
)

// attempt is one step being done.
type attempt struct {
	exec     *Executor
	run      string
	number   int // from 1
	action   string
	task     workflow.Task
	instance outputs.Instance
	profile  profile.Profile
	records  outputs.Store       // of the profile
	stored   params.Layer        // what the store of secrets has for the profile, or nil
	root     string              // of the repository, on disk
	dir      string              // of the service, on disk
	doc      *variables.Document // of the service, once it is resolved
	log      io.Writer
	noted    func(context.Context, json.RawMessage) error
	masked   func(...string)
	secrets  *redact.Set // the same as masked, for what does not go to the log
	reads    reads
}

// attempt reads the task of a step, and refuses one that may not run.
func (e *Executor) attempt(ctx context.Context, t pipeline.Task) (*attempt, error) {
	a := &attempt{
		exec: e, run: t.Run, number: t.Attempt, action: t.Step.Action,
		log: t.Log, noted: t.Note, masked: t.Mask, secrets: redact.NewSet(),
	}
	var err error
	if a.task, err = decode(t); err != nil {
		return nil, err
	}
	if a.task.Trust != workflow.Trusted {
		return nil, fmt.Errorf("%s of an untrusted event: nothing runs (approve commit %s)", a.task.Service, a.task.Commit)
	}
	a.instance = instanceOf(a.task)
	if err := a.chooseProfile(); err != nil {
		return nil, err
	}
	if a.records, err = e.recordsOf(ctx, a.profile); err != nil {
		return nil, err
	}
	if e.Secrets != nil { // those that are needed are fetched together, once
		a.stored = params.FromStore(e.Secrets, a.task.App, a.profile.Name, a.profile.Secrets...)
	}
	for _, v := range e.Params {
		if s, ok := v.(params.Secret); ok {
			a.mask(s.Reveal())
		}
	}
	return a, a.chooseDir(ctx)
}

// decode reads the input of a step.
func decode(t pipeline.Task) (workflow.Task, error) {
	var task workflow.Task
	dec := json.NewDecoder(bytes.NewReader(t.Step.Input))
	dec.DisallowUnknownFields() // a field that is not understood may be a restriction
	err := dec.Decode(&task)
	if err == nil {
		if _, more := dec.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("something stands behind it")
		}
	}
	if err != nil {
		return workflow.Task{}, fmt.Errorf("input of step %s: %w (plan again with this program)", t.Step.Name, err)
	}
	return task, nil
}

func instanceOf(t workflow.Task) outputs.Instance {
	return outputs.Instance{App: t.App, Service: t.Service, Stage: t.Stage, Region: t.Region}
}

// destroys reports whether the step is part of a removal, which is planned from
// what was recorded and not from what the workflow file says now.
func (a *attempt) destroys() bool {
	return a.action == workflow.ActionRemove || a.action == workflow.ActionInstall && a.task.DeployType == workflow.DeployDestroy
}

// chooseProfile takes the profile that the plan names, if it still is the one
// that the plan was made with.
func (a *attempt) chooseProfile() (err error) {
	set := a.exec.File.Profiles()
	if a.profile, err = set.Named(a.task.Profile); err != nil {
		return err
	}
	if a.task.Account != a.profile.Account {
		return fmt.Errorf("profile %q: its account is %q, the plan was made for %q (plan again)", a.profile.Name, a.profile.Account, a.task.Account)
	}
	if a.destroys() {
		return nil
	}
	now, _, err := set.ForInstance(a.task.Service, a.task.Stage, a.task.Region)
	if err == nil && now.Name != a.profile.Name {
		err = fmt.Errorf("stage %q: its profile is %q, the plan was made with %q (plan again)", a.task.Stage, now.Name, a.profile.Name)
	}
	if err == nil {
		err = a.profile.CheckRegion(a.task.Region)
	}
	return err
}

// chooseDir finds the code.
func (a *attempt) chooseDir(ctx context.Context) error {
	dir := filepath.FromSlash(a.task.Dir)
	if !filepath.IsLocal(dir) {
		return fmt.Errorf("service %s: directory %q is not in the repository", a.task.Service, a.task.Dir)
	}
	root, err := a.exec.Workspaces.Dir(ctx, a.run, a.task.Commit)
	if err != nil {
		return err
	}
	if a.root, err = filepath.Abs(root); err != nil { // commands are told it, and run elsewhere
		return err
	}
	a.dir = filepath.Join(a.root, dir)
	tree, err := os.OpenRoot(a.root) // follows no link that leads out of it
	if err != nil {
		return err
	}
	defer tree.Close()
	info, err := tree.Stat(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("service %s: directory %q%s: %w", a.task.Service, a.task.Dir, a.at(), err)
	}
	if err != nil || !info.IsDir() {
		hint := ""
		if a.destroys() {
			hint = " (a removal works with the code that was deployed: bring it back)"
			if a.task.Commit != "" {
				hint = " (a removal works with the code that was deployed: check that commit out)"
			}
		}
		return fmt.Errorf("service %s: there is no directory %q%s%s", a.task.Service, a.task.Dir, a.at(), hint)
	}
	return nil
}

// at tells of which commit a file is, if that is known.
func (a *attempt) at() string {
	if a.task.Commit == "" {
		return ""
	}
	return " at commit " + a.task.Revision()
}

// mask hides secrets in the log, in errors and in records.
func (a *attempt) mask(secrets ...string) {
	a.secrets.Add(secrets...)
	a.masked(secrets...)
}

// redact hides the secrets in a text.
func (a *attempt) redact(s string) string { return a.secrets.Text(s) }

func (a *attempt) session() awsaccess.Session {
	return awsaccess.Session{App: a.task.App, Service: a.task.Service, Stage: a.task.Stage, Run: a.run}
}
