package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"sync"
	"time"

	"github.com/slsflow/slsflow/examples/internal/terminal"
	"github.com/slsflow/slsflow/gitflow"
	"github.com/slsflow/slsflow/outputs/sqliteoutputs"
	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/params/sqliteparams"
	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/pipeline/deploy"
	"github.com/slsflow/slsflow/pipeline/sqliteledger"
	"github.com/slsflow/slsflow/pipeline/workflow"
	"github.com/slsflow/slsflow/pipeline/workflow/workflowtest"
)

const (
	repository = "acme/fullstack"
	trunk      = "master"
)

// team is what a platform team sets up once: the shared repository, the state,
// and the parts that plan and run. It answers events, whoever sends them.
type team struct {
	dir      string
	origin   *gitflow.Repository
	host     workflowtest.Host
	records  *sqliteoutputs.Store
	secrets  *sqliteparams.Store
	ledger   *sqliteledger.Ledger
	logs     pipeline.LogDir
	cloud    cloud
	progress *terminal.Progress
	clock    func() time.Time

	mu      sync.Mutex
	runs    int
	refused []workflow.Refusal
}

// cloud is where things are deployed to.
type cloud struct {
	provisioner deploy.Provisioner
	access      deploy.Access     // nil for the local executor
	env         map[string]string // what commands have of this program's environment
}

// newTeam opens the state in dir, which has the shared repository already, and
// puts the secrets of the profiles into the store.
func newTeam(ctx context.Context, dir string, c cloud, progress *terminal.Progress, clock func() time.Time) (_ *team, err error) {
	t := &team{dir: dir, cloud: c, progress: progress, clock: clock, logs: pipeline.LogDir(filepath.Join(dir, "logs"))}
	defer func() {
		if err != nil {
			err = errors.Join(err, t.close())
		}
	}()
	if t.origin, err = gitflow.Open(filepath.Join(dir, "fullstack.git")); err != nil {
		return nil, err
	}
	key, err := sqliteparams.NewKey()
	if err != nil {
		return nil, err
	}
	keyFile := filepath.Join(dir, "age.key")
	if err := os.WriteFile(keyFile, []byte(key+"\n"), 0o600); err != nil {
		return nil, err
	}
	state := filepath.Join(dir, "state.db")
	if t.secrets, err = sqliteparams.Open(ctx, state, sqliteparams.Options{KeyFile: keyFile}); err != nil {
		return nil, err
	}
	if t.records, err = sqliteoutputs.Open(ctx, state, sqliteoutputs.Options{KeyFile: keyFile}); err != nil {
		return nil, err
	}
	if t.ledger, err = sqliteledger.Open(ctx, state); err != nil {
		return nil, err
	}
	for profile, key := range secretKeys {
		if err := t.secrets.Put(ctx, params.Key{App: "fullstack", Profile: profile, Name: "endpoint_api_key"}, params.NewSecret(key)); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// secretKeys is the secret endpoint_api_key of each profile. The story ends by
// looking for them in everything that was written.
var secretKeys = map[string]string{"dev": "23423-dev", "staging": "54325-staging", "prod": "23569-prod"}

func (t *team) close() error {
	var errs []error
	for _, c := range []interface{ Close() error }{t.ledger, t.records, t.secrets} {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// handle plans what an event means and carries it out. The code of the event is
// that of its commit, or of work if that is not nil: a person's work tree.
func (t *team) handle(ctx context.Context, e workflow.Event, work *clone) (workflow.Outcome, []pipeline.State, error) {
	out, file, err := t.plan(ctx, e, work)
	if err != nil {
		return out, nil, err
	}
	t.tell(out)
	if st, ok := out.Status(e); ok { // nothing runs that could report one
		if err := t.host.SetStatus(ctx, st); err != nil {
			return out, nil, err
		}
	}
	var spaces deploy.Workspaces = &deploy.Checkouts{Root: filepath.Join(t.dir, "checkouts"), Repository: t.origin}
	if work != nil {
		spaces = deploy.WorkTree(work.dir)
	}
	runner := &pipeline.Runner{
		Ledger: t.ledger,
		Executor: &deploy.Executor{
			File: file, Records: t.records, Secrets: t.secrets, Workspaces: spaces,
			Provisioner: t.cloud.provisioner, Access: t.cloud.access, Env: t.cloud.env,
		},
		Reporters: []pipeline.Reporter{t.progress, workflow.StatusReporter(&t.host, t.page)},
		Logs:      t.logs,
		Holder:    "workshop",
	}
	// The plans of an event are of different stages, and so run at once.
	states := make([]pipeline.State, len(out.Plans))
	errs := make([]error, len(out.Plans))
	var wg sync.WaitGroup
	for i, plan := range out.Plans {
		id := t.runID(plan)
		wg.Go(func() { states[i], errs[i] = runner.Start(ctx, id, plan) })
	}
	wg.Wait()
	return out, states, errors.Join(errs...)
}

// tell shows what was decided.
func (t *team) tell(out workflow.Outcome) {
	for _, d := range out.Decisions {
		if d.In && len(out.Plans) > 0 {
			t.progress.Note("%s to %s: %s", d.Service, d.Stage, d.Reason)
		}
	}
	for _, note := range out.Notes {
		t.progress.Note("%s", note)
	}
	for _, r := range out.Refused {
		t.progress.Note("refused: %s: %s", r.Event, r.Reason)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.refused = append(t.refused, out.Refused...)
}

func (t *team) runID(p pipeline.Plan) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.runs++
	return fmt.Sprintf("%02d-%s", t.runs, path.Base(p.Key))
}

// page is where the logs of a run are, which is what a status links to.
func (t *team) page(run string) string {
	return "file://" + filepath.ToSlash(filepath.Join(string(t.logs), run))
}
