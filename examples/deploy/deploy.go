package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/slsflow/slsflow/examples/internal/terminal"
	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/pipeline/deploy"
	"github.com/slsflow/slsflow/pipeline/workflow"
	"github.com/slsflow/slsflow/stage"
)

// lease is how long a command that was killed keeps its stage.
const lease = 10 * time.Second

// deployTo plans what the command means, carries it out, and shows what is
// deployed.
func deployTo(ctx context.Context, o options, stdout, stderr io.Writer) (err error) {
	// 1. What is asked for, and of what.
	dir, err := findRoot(o.dir)
	if err != nil {
		return err
	}
	root, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	file, err := readFile(root)
	if err != nil {
		return err
	}
	event, note, err := asked(ctx, o, root)
	if err != nil {
		return err
	}
	provisioner, access, err := cloud(ctx, o.cli)
	if err != nil {
		return err
	}
	tree, err := os.OpenRoot(root)
	if err != nil {
		return err
	}
	defer tree.Close()

	progress := terminal.New(stderr, terminal.Detect(stderr, getenv(o.environ)))
	defer func() { err = errors.Join(err, progress.Close()) }()

	// 2. What is known: records, secrets, the ledger, all in one file.
	s, err := openState(ctx, root)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()

	if err := errors.Join(s.keepElsewhere(ctx, o, file), s.keepSecrets(ctx, o, file)); err != nil {
		return err
	}
	if o.stale {
		list, err := s.stale(ctx, o, file)
		if err != nil {
			return err
		}
		events := file.Redeploy(event, list)
		if len(events) == 0 {
			progress.Note("nothing is stale")
			if o.json {
				return historyDoc{}.writeJSON(stdout)
			}
			return nil
		}
		for _, text := range changes(list) {
			progress.Note("%s", text)
		}
		event = events[0] // there is one stage
	}

	// 3. The plan.
	instances, err := s.records.Latest(ctx, outputs.Filter{App: file.App})
	if err != nil {
		return err
	}
	outcome, err := workflow.Plan(ctx, workflow.Input{File: file, Event: event, Tree: tree.FS(), Params: o.params, Instances: instances, Now: time.Now()})
	if err != nil {
		return err
	}
	if len(outcome.Refused) > 0 {
		return refused(outcome.Refused)
	}
	lacking, err := lackingSecrets(ctx, s.secrets, file, o.params, outcome.Plans)
	if err != nil {
		return err
	}
	for _, text := range append(told(note, outcome, o.services), lacking...) {
		progress.Note("%s", text)
	}

	// 4. The run.
	if provisioner == nil {
		provisioner = &deploy.Local{Root: s.cloud()}
	}
	spaces, err := s.workspaces(root, outcome.Plans)
	if err != nil {
		return err
	}
	exec := &deploy.Executor{
		File: file, Records: s.records, RecordsOf: s.recordsOf, Secrets: s.secrets, Params: o.params,
		Workspaces: spaces, Provisioner: provisioner, Access: access,
		Env: deploy.Allow(o.environ, "AWS_ENDPOINT_URL*", "AWS_CA_BUNDLE", "SLS_*"),
	}
	host, _ := os.Hostname() // only for people
	runner := &pipeline.Runner{
		Ledger: s.ledger, Executor: exec, Logs: s.logs(), Reporters: []pipeline.Reporter{progress},
		Holder: o.user + "@" + cmp.Or(host, "localhost"), Lease: lease, CancelWhenDone: true, CancelLost: true,
	}
	var runs []string
	var failed []error
	for _, plan := range outcome.Plans {
		run := time.Now().UTC().Format("20060102T150405Z-") + strings.ToLower(rand.Text()[:6])
		if err := tellQueue(ctx, s.ledger, plan.Key, progress); err != nil {
			return err
		}
		st, err := runner.Start(ctx, run, plan)
		runs, failed = append(runs, run), append(failed, err, ending(st, filepath.Join(dir, stateDir)), spaces.remove(run))
	}
	err = errors.Join(failed...)
	if err == nil && o.cli == "" && !o.remove && len(runs) > 0 {
		progress.Note("rendered into %s (with -cli osls it goes to AWS)", filepath.Join(dir, stateDir, "cloud"))
	}
	err = errors.Join(err, progress.Close())

	// 5. What is deployed now.
	ctx = context.WithoutCancel(ctx) // also of a run that was interrupted
	switch {
	case o.json:
		doc, docErr := s.history(ctx, func(r runDoc) bool { return slices.Contains(runs, r.ID) })
		return errors.Join(err, docErr, doc.writeJSON(stdout))
	case err != nil || len(outcome.Plans) == 0:
		return err
	}
	return show(ctx, stdout, columns(stdout, o.environ), s.records, file.App, outcome.Plans[0].Labels[workflow.LabelStage])
}

// columns is the width of a terminal, and 100 elsewhere.
func columns(out io.Writer, environ []string) int {
	if size := terminal.Detect(out, getenv(environ)).Size; size != nil {
		if columns, _ := size(); columns > 0 {
			return columns
		}
	}
	return 100
}

// show prints what is deployed of the app to a stage.
func show(ctx context.Context, out io.Writer, width int, records outputs.Store, app, name string) error {
	at, err := stage.Parse(name)
	if err != nil {
		return err
	}
	latest, err := records.Latest(ctx, outputs.Filter{App: app, Stage: at})
	if err != nil {
		return err
	}
	instances := make([]outputs.Instance, len(latest))
	for i, r := range latest {
		instances[i] = r.Instance
	}
	published, err := outputs.ListPublished(ctx, records, instances)
	if err != nil {
		return err
	}
	var rows []terminal.Row
	for _, i := range instances {
		if r, ok := published[i]; ok {
			rows = append(rows, terminal.RowOf(r))
		}
	}
	if len(rows) == 0 {
		_, err := fmt.Fprintf(out, "nothing is deployed to %s\n", name)
		return err
	}
	return terminal.Table(out, width, rows)
}
