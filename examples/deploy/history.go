package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/pipeline/workflow"
)

// historyDoc is what -history prints as JSON: the ledger and the records of the
// deployments, joined by run, the newest run first. It holds no secret.
type historyDoc struct {
	Runs []runDoc `json:"runs"`
}

// runDoc is one run.
type runDoc struct {
	ID     string          `json:"id"`
	App    string          `json:"app"`
	Stage  string          `json:"stage"`
	Actor  string          `json:"actor"`
	Remove bool            `json:"remove"`
	Branch string          `json:"branch,omitempty"`
	Commit string          `json:"commit,omitempty"`
	Status pipeline.Status `json:"status"`
	// Lost says that nobody carries out the run any more, although it has not
	// ended: its process was killed. The next run on the stage ends it.
	Lost    bool      `json:"lost,omitempty"`
	Reason  string    `json:"reason,omitempty"` // why it was cancelled
	Created time.Time `json:"created"`
	Ended   time.Time `json:"ended,omitzero"`
	Jobs    []jobDoc  `json:"jobs"`
	// Deployments are the records that the run has written.
	Deployments []outputs.Record `json:"deployments"`
}

// jobDoc is one job of a run.
type jobDoc struct {
	ID      string          `json:"id"`
	Service string          `json:"service,omitempty"`
	Status  pipeline.Status `json:"status"`
	Steps   []stepDoc       `json:"steps"`
}

// stepDoc is one step of a job.
type stepDoc struct {
	Name    string          `json:"name"`
	Status  pipeline.Status `json:"status"`
	Attempt int             `json:"attempt,omitempty"`
	Error   string          `json:"error,omitempty"`
	Reason  string          `json:"reason,omitempty"`
}

// history prints what the ledger and the records have.
func history(ctx context.Context, o options, stdout io.Writer) (err error) {
	root, err := findRoot(o.dir)
	if err != nil {
		return err
	}
	var doc historyDoc
	if _, err := os.Stat(filepath.Join(root, stateDir)); err == nil {
		s, err := openState(ctx, root)
		if err != nil {
			return err
		}
		defer s.close()
		if !o.records.File() {
			file, err := readFile(root)
			if err != nil {
				return err
			}
			if err := s.keepElsewhere(ctx, o, file); err != nil {
				return err
			}
		}
		if doc, err = s.history(ctx, o.chosen); err != nil {
			return err
		}
	} else if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if o.json {
		return doc.writeJSON(stdout)
	}
	return doc.write(stdout)
}

// chosen reports whether a run is about what the command line names.
func (o options) chosen(r runDoc) bool {
	about := func(j jobDoc) bool { return slices.Contains(o.services, j.Service) }
	return (o.stage == "" || o.stage == r.Stage) && (len(o.services) == 0 || slices.ContainsFunc(r.Jobs, about))
}

// history joins the ledger and the records.
func (s *state) history(ctx context.Context, chosen func(runDoc) bool) (historyDoc, error) {
	doc := historyDoc{Runs: []runDoc{}}
	records, err := s.byRun(ctx)
	if err != nil {
		return doc, err
	}
	runs, err := s.ledger.Runs(ctx, pipeline.Filter{})
	if err != nil {
		return doc, err
	}
	for _, r := range runs {
		st, err := pipeline.Load(ctx, s.ledger, r.ID)
		if err != nil {
			return doc, err
		}
		d := runDocOf(r, st, time.Now())
		if d.Deployments = records[r.ID]; d.Deployments == nil {
			d.Deployments = []outputs.Record{}
		}
		if chosen(d) {
			doc.Runs = append(doc.Runs, d)
		}
	}
	return doc, nil
}

func runDocOf(r pipeline.Summary, st pipeline.State, now time.Time) runDoc {
	d := runDoc{
		ID: r.ID, App: r.Labels[workflow.LabelApp], Stage: r.Labels[workflow.LabelStage], Actor: r.Labels[workflow.LabelActor],
		Remove: r.Labels[workflow.LabelDeployType] == string(workflow.DeployDestroy),
		Branch: r.Labels[workflow.LabelBranch], Commit: r.Labels[workflow.LabelCommit],
		Status: r.Status, Lost: r.Status == pipeline.Running && !st.Lease().Live(now), Created: r.Created, Ended: r.Ended,
	}
	if e, ok := st.Cancel(); ok {
		d.Reason = e.Reason + ", asked for by " + e.By
	}
	services := make(map[string]string) // by job
	for _, j := range st.Plan().Jobs {
		services[j.ID] = j.Labels[workflow.LabelService]
	}
	for j := range st.Jobs() {
		job := jobDoc{ID: j.ID, Service: services[j.ID], Status: j.Status, Steps: []stepDoc{}}
		for _, s := range j.Steps {
			job.Steps = append(job.Steps, stepDoc{Name: s.Name, Status: s.Status, Attempt: s.Attempt, Error: s.Error, Reason: s.Reason})
		}
		d.Jobs = append(d.Jobs, job)
	}
	return d
}

// byRun returns all records by the run that wrote them, in the order in which it
// began them.
func (s *state) byRun(ctx context.Context) (map[string][]outputs.Record, error) {
	latest, err := s.records.Latest(ctx, outputs.Filter{})
	if err != nil {
		return nil, err
	}
	all := make(map[string][]outputs.Record)
	for _, l := range latest {
		past, err := s.records.History(ctx, l.Instance)
		if err != nil {
			return nil, err
		}
		for _, r := range past {
			all[r.Run] = append(all[r.Run], r)
		}
	}
	for run := range maps.Keys(all) {
		slices.SortFunc(all[run], func(a, b outputs.Record) int {
			return cmp.Or(a.Started.Compare(b.Started), cmp.Compare(a.String(), b.String()))
		})
	}
	return all, nil
}

func (d historyDoc) writeJSON(w io.Writer) error {
	if d.Runs == nil {
		d.Runs = []runDoc{}
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(d)
}
