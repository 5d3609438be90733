package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/pipeline/workflow"
)

// head returns the commit of a branch of the shared repository, or "".
func (s *story) head(branch string) string {
	hash, err := s.origin.Resolve(branch)
	if err != nil {
		return ""
	}
	return hash
}

// succeeded expects that there were runs, and that they went well.
func (s *story) succeeded(states []pipeline.State) {
	s.expect(len(states) > 0, "something to run")
	for _, st := range states {
		s.expect(st.Status() == pipeline.Succeeded, "run %s to succeed: %v", st.Run(), st.Err())
	}
}

// latest returns the newest record of an instance.
func (s *story) latest(stage, service string) (outputs.Record, bool) {
	history, err := s.records.History(context.Background(), instance(stage, service))
	s.expect(err == nil, "the records to be read: %v", err)
	if len(history) == 0 {
		return outputs.Record{}, false
	}
	return history[0], true
}

func (s *story) expectOutput(stage, service, key, want string) {
	found, ok, err := outputs.Lookup(context.Background(), s.records, outputs.Ref{Instance: instance(stage, service), Key: key})
	s.expect(ok && err == nil && found.Value == want, "output %s of %s on %s to be %q, not %v (%v)", key, service, stage, want, found.Value, err)
}

// expectStatus expects a status of a pull request, with a link if there was a run.
func (s *story) expectStatus(commit string, want workflow.StatusState, link bool) {
	st, ok := s.host.Latest(repository, commit, "slsflow/preview")
	s.expect(ok && st.State == want && (st.URL != "") == link, "status %s (link: %v) at commit %s, not %+v", want, link, commit, st)
}

// log returns the log of a step.
func (s *story) log(ctx context.Context, id pipeline.LogID) (string, error) {
	r, err := s.logs.Open(ctx, id)
	if err != nil {
		return "", err
	}
	defer r.Close()
	text, err := io.ReadAll(r)
	return string(text), err
}

func instance(stage, service string) outputs.Instance {
	return outputs.Instance{App: "fullstack", Service: service, Stage: name(stage), Region: "us-east-1"}
}

// deployments returns all records of all instances.
func (s *story) deployments(ctx context.Context) ([]outputs.Record, error) {
	latest, err := s.records.Latest(ctx, outputs.Filter{App: "fullstack"})
	if err != nil {
		return nil, err
	}
	var all []outputs.Record
	for _, l := range latest {
		history, err := s.records.History(ctx, l.Instance)
		if err != nil {
			return nil, err
		}
		all = append(all, history...)
	}
	return all, nil
}

// secretsStayedSecret looks for the secrets in every file that the story has
// written, and in its report.
func (s *story) secretsStayedSecret(ctx context.Context) error {
	doc, err := s.report(ctx)
	if err != nil {
		return err
	}
	text, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	s.clean("the report", text)
	return filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		s.clean(path, text)
		return err
	})
}

func (s *story) clean(where string, text []byte) {
	for profile, key := range secretKeys {
		s.expect(!bytes.Contains(text, []byte(key)), "no secret of %s in %s", profile, where)
	}
}

// live returns the instances that are deployed at the end.
func (s *story) live(ctx context.Context) ([]outputs.Record, error) {
	latest, err := s.records.Latest(ctx, outputs.Filter{App: "fullstack"})
	if err != nil {
		return nil, err
	}
	var live []outputs.Record
	for _, l := range latest {
		history, err := s.records.History(ctx, l.Instance)
		if err != nil {
			return nil, err
		}
		if r, ok := outputs.Published(history); ok {
			live = append(live, r)
		}
	}
	return live, nil
}

// onlyTheExpected compares what is deployed at the end with what is to be.
func (s *story) onlyTheExpected(ctx context.Context) error {
	live, err := s.live(ctx)
	if err != nil {
		return err
	}
	want := map[string]bool{"alice fullstack-restapi": true, "bob fullstack-restapi": true, "dev fullstack-database": true}
	for _, stage := range []string{"staging", "prod"} {
		for _, service := range []string{"fullstack-database", "fullstack-restapi", "fullstack-tasks", "fullstack-frontend"} {
			want[stage+" "+service] = true
		}
	}
	for _, r := range live {
		key := fmt.Sprintf("%s %s", r.Stage, r.Service)
		s.expect(want[key], "%s not to be deployed at the end", key)
		delete(want, key)
	}
	s.expect(len(want) == 0, "to be deployed at the end: %v", want)
	return nil
}
