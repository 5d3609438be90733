package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/slsflow/slsflow/examples/internal/terminal"
	"github.com/slsflow/slsflow/params"
	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/pipeline/workflow"
)

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
		return fmt.Errorf("run %s of stage %s was %s", st.Run(), name, st.Status())
	default:
		return nil
	}
}

// lackingSecrets tells of the secrets that the profile of a deployment names and
// nobody has given. A service that needs one fails.
func lackingSecrets(ctx context.Context, store params.Store, file *workflow.File, given params.Map, plans []pipeline.Plan) ([]string, error) {
	var list []string
	for _, plan := range plans {
		if plan.Labels[workflow.LabelDeployType] == string(workflow.DeployDestroy) {
			continue
		}
		for _, of := range profilesOf(plan) {
			profile, err := file.Profiles().Named(of)
			if err != nil {
				return nil, err
			}
			for _, name := range profile.Secrets {
				_, ok, err := store.Get(ctx, params.Key{App: file.App, Profile: profile.Name, Name: name})
				if err != nil {
					return nil, err
				}
				if _, now := given[name]; !ok && !now {
					list = append(list, fmt.Sprintf("the secret %s of profile %s has no value (deploy -secret %s/%s puts one)", name, profile.Name, profile.Name, name))
				}
			}
		}
	}
	return list, nil
}

// profilesOf are the names of those that a plan deploys with, each once: that of the
// stage, and those of services.
func profilesOf(plan pipeline.Plan) []string {
	names := []string{}
	add := func(labels map[string]string) {
		if name := labels[workflow.LabelProfile]; name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	add(plan.Labels)
	for _, job := range plan.Jobs {
		add(job.Labels)
	}
	return names
}
