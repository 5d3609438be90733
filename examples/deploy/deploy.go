package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/slsflow/slsflow/examples/internal/terminal"
	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/pipeline/deploy"
	"github.com/slsflow/slsflow/pipeline/slscli"
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
	event := workflow.Event{
		Kind: workflow.Manual, Trust: workflow.Trusted, Actor: o.user,
		Remove: o.remove, Services: o.services, Takeover: o.takeover,
	}
	if o.user == "" {
		return errors.New("your user name is not known (set SLSFLOW_USER)")
	}
	if o.stage != "" {
		if event.Stage, err = stage.Parse(o.stage); err != nil {
			if like, dashErr := stage.Branch(o.stage); dashErr == nil {
				return fmt.Errorf("-stage: %w (did you mean %s?)", err, like)
			}
			return fmt.Errorf("-stage: %w", err)
		}
	}
	if err := installed(o.cli); err != nil {
		return err
	}
	progress := terminal.New(stderr, terminal.Detect(stderr, getenv(o.environ)))
	defer func() { err = errors.Join(err, progress.Close()) }()
	note, err := describe(ctx, &event, root)
	if err != nil {
		return err
	}
	tree, err := os.OpenRoot(root)
	if err != nil {
		return err
	}
	defer tree.Close()

	// 2. What is known: records, secrets, the ledger, all in one file.
	s, err := openState(ctx, root)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()

	// 3. The plan.
	instances, err := s.records.Latest(ctx, outputs.Filter{App: file.App})
	if err != nil {
		return err
	}
	outcome, err := workflow.Plan(ctx, workflow.Input{File: file, Event: event, Tree: tree.FS(), Params: o.params, Instances: instances})
	if err != nil {
		return err
	}
	if len(outcome.Refused) > 0 {
		return refused(outcome.Refused)
	}
	for _, text := range told(note, outcome, o.services) {
		progress.Note("%s", text)
	}

	// 4. The run.
	exec := &deploy.Executor{
		File: file, Records: s.records, Secrets: s.secrets, Params: o.params,
		Workspaces: deploy.WorkTree(root), Provisioner: &deploy.Local{Root: s.cloud()},
		Env: deploy.Allow(o.environ, "AWS_ENDPOINT_URL*", "AWS_CA_BUNDLE", "SLS_*"),
	}
	if o.cli != "" {
		aws, err := config.LoadDefaultConfig(ctx)
		if err != nil {
			return err
		}
		exec.Provisioner = deploy.CommandLine{CLI: commandLine(o.cli)}
		exec.Access = deploy.AWS{Config: aws}
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
		runs, failed = append(runs, run), append(failed, err, ending(st, filepath.Join(dir, stateDir)))
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
	return show(ctx, stdout, s.records, file.App, outcome.Plans[0].Labels[workflow.LabelStage])
}

// refused is the error about what the workflow does not allow.
func refused(list []workflow.Refusal) error {
	errs := make([]error, len(list))
	for i, r := range list {
		errs[i] = fmt.Errorf("%s: refused: %s", r.Event, r.Reason)
	}
	return errors.Join(errs...)
}

// told is what a person should know before the run.
func told(note string, out workflow.Outcome, named []string) []string {
	var list []string
	if note != "" {
		list = append(list, note)
	}
	for _, d := range out.Decisions {
		switch {
		case !d.In && len(named) == 0:
			list = append(list, fmt.Sprintf("%s stays out: %s", d.Service, d.Reason))
		case d.In && len(named) > 0 && !slices.Contains(named, d.Service):
			list = append(list, fmt.Sprintf("%s comes along: %s", d.Service, d.Reason))
		}
	}
	list = append(list, out.Notes...)
	if len(out.Plans) == 0 {
		list = append(list, "there is nothing to do")
	}
	return list
}

// tellQueue tells of a run that has the stage already, since the new one waits
// for it.
func tellQueue(ctx context.Context, l pipeline.Ledger, key string, p *terminal.Progress) error {
	q, err := pipeline.ReadQueue(ctx, l, key)
	if err != nil || len(q.Runs()) == 0 {
		return err
	}
	first := q.Runs()[0]
	st, err := pipeline.Load(ctx, l, first.Run)
	switch {
	case err != nil:
		return err
	case st.Status().Done():
	case st.Lease().Live(time.Now()):
		p.Note("waiting for run %s of %s, which has %s (Ctrl-C gives up)", first.Run, st.Lease().Holder, key)
	default:
		p.Note("run %s, which had %s, was killed: it is ended first", first.Run, key)
	}
	return nil
}

// ending is the error about a run that has not succeeded. The progress has told
// why.
func ending(st pipeline.State, dir string) error {
	name := st.Plan().Labels[workflow.LabelStage]
	switch st.Status() {
	case pipeline.Failed:
		return fmt.Errorf("run %s of stage %s failed (what it did: deploy -history; its logs: %s)", st.Run(), name, filepath.Join(dir, "logs", st.Run()))
	case pipeline.Cancelled, pipeline.Superseded:
		return fmt.Errorf("run %s of stage %s: %w", st.Run(), name, st.Err())
	default:
		return nil
	}
}

// installed reports a command line that is not there, before anything is done.
func installed(cli string) error {
	words := strings.Fields(cli)
	if len(words) == 0 || strings.ContainsRune(words[0], filepath.Separator) { // a path may be one from the service's directory
		return nil
	}
	if _, err := exec.LookPath(words[0]); err != nil {
		return fmt.Errorf("-cli %s: %w (install it, such as by npm install --global osls, or name the one to use)", cli, errors.Unwrap(err))
	}
	return nil
}

// commandLine reads -cli.
func commandLine(s string) slscli.CLI {
	cli := slscli.CLI{Command: strings.Fields(s)}
	switch {
	case strings.Contains(s, "osls"):
	case strings.Contains(s, "serverless@4"):
		cli.Flavor = slscli.Serverless4
	case strings.Contains(s, "serverless"):
		cli.Flavor = slscli.Serverless3
	}
	return cli
}

// show prints what is deployed of the app to a stage.
func show(ctx context.Context, out io.Writer, records outputs.Store, app, name string) error {
	at, err := stage.Parse(name)
	if err != nil {
		return err
	}
	latest, err := records.Latest(ctx, outputs.Filter{App: app, Stage: at})
	if err != nil {
		return err
	}
	var rows []terminal.Row
	for _, l := range latest {
		past, err := records.History(ctx, l.Instance)
		if err != nil {
			return err
		}
		if r, ok := outputs.Published(past); ok {
			rows = append(rows, terminal.RowOf(r))
		}
	}
	if len(rows) == 0 {
		_, err := fmt.Fprintf(out, "nothing is deployed to %s\n", name)
		return err
	}
	return terminal.Table(out, 100, rows)
}
