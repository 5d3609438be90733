package main

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"github.com/slsflow/slsflow/outputs"
)

// report is what -json prints. Other people's scripts read it.
type report struct {
	Steps       []step           `json:"steps"`
	Instances   []instanceReport `json:"instances"`
	Deployments []deployment     `json:"deployments"`
	Refused     []refusal        `json:"refused"`
}

// instanceReport is an instance that is deployed at the end.
type instanceReport struct {
	Stage   string                     `json:"stage"`
	Service string                     `json:"service"`
	Profile string                     `json:"profile"`
	Account string                     `json:"account"`
	Region  string                     `json:"region"`
	Commit  string                     `json:"commit"`
	Outputs map[string]json.RawMessage `json:"outputs"`
}

// deployment is one record, also of a removal.
type deployment struct {
	Stage   string `json:"stage"`
	Service string `json:"service"`
	Commit  string `json:"commit"`
	Status  string `json:"status"`
	Run     string `json:"run"`
}

type refusal struct {
	Event  string `json:"event"`
	Reason string `json:"reason"`
}

func (s *story) report(ctx context.Context) (report, error) {
	doc := report{Steps: s.steps, Instances: []instanceReport{}, Deployments: []deployment{}, Refused: []refusal{}}
	live, err := s.live(ctx)
	if err != nil {
		return doc, err
	}
	for _, r := range live {
		i := instanceReport{
			Stage: r.Stage.String(), Service: r.Service, Profile: r.Profile, Account: r.Account,
			Region: r.Region, Commit: r.Commit, Outputs: map[string]json.RawMessage{},
		}
		for key, out := range r.Outputs {
			if !out.Secret {
				i.Outputs[key] = out.Value
			}
		}
		doc.Instances = append(doc.Instances, i)
	}
	all, err := s.deployments(ctx)
	if err != nil {
		return doc, err
	}
	slices.SortFunc(all, func(a, b outputs.Record) int {
		return cmp.Or(a.Started.Compare(b.Started), a.Compare(b.Instance), cmp.Compare(a.Number, b.Number))
	})
	for _, r := range all {
		doc.Deployments = append(doc.Deployments, deployment{r.Stage.String(), r.Service, r.Commit, string(r.Status), r.Run})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.refused {
		doc.Refused = append(doc.Refused, refusal{r.Event, r.Reason})
	}
	return doc, nil
}
