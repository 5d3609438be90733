package main

import (
	"context"
	"fmt"

	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/pipeline/workflow"
)

// stale lists what is stale in the stage.
func (s *state) stale(ctx context.Context, o options, f *workflow.File) ([]outputs.Stale, error) {
	at, err := o.where()
	if err != nil {
		return nil, err
	}
	return outputs.ListStale(ctx, s.records, outputs.Filter{App: f.App, Stage: at})
}

// changes says what each of them was deployed with that is not the same now.
func changes(list []outputs.Stale) []string {
	var texts []string
	for _, s := range list {
		for _, c := range s.Changes {
			output := outputs.Ref{Instance: c.Read.Instance, Key: c.Read.Key}
			texts = append(texts, fmt.Sprintf("%s is stale: %v %s", s.Record.Service, output, map[outputs.ChangeKind]string{
				outputs.Changed: "has changed", outputs.Dropped: "is not published any more", outputs.Gone: "is gone with its service",
			}[c.Kind]))
		}
	}
	return texts
}
