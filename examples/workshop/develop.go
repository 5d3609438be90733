package main

import (
	"context"

	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/pipeline/workflow"
)

func (s *story) sharedDatabase(ctx context.Context) error {
	_, states, err := s.handle(ctx, workflow.Event{
		Kind: workflow.Manual, Trust: workflow.Trusted, Actor: s.alice.person, Branch: trunk, Commit: s.head(trunk),
		Stage: name("dev"), Services: []string{"fullstack-database"},
	}, s.alice)
	if err != nil {
		return err
	}
	s.succeeded(states)
	s.expectOutput("dev", "fullstack-database", "database_submissions_name", "submissions-dev")
	s.expectOutput("dev", "fullstack-database", "database_submissions_region", "us-east-1")
	return nil
}

// ownStages has both developers deploy what they have not committed yet. Their
// APIs use the database of dev, and neither sees the other's.
func (s *story) ownStages(ctx context.Context) error {
	if err := s.alice.edit("restapi/src/submit.js", "statusCode: 202", "statusCode: 201"); err != nil {
		return err
	}
	if err := s.bob.edit("restapi/src/submit.js", "statusCode: 400", "statusCode: 422"); err != nil {
		return err
	}
	type answer struct {
		states []pipeline.State
		err    error
	}
	answers := make(chan answer)
	for _, c := range []*clone{s.alice, s.bob} {
		go func() {
			_, states, err := s.handle(ctx, workflow.Event{
				Kind: workflow.Manual, Trust: workflow.Trusted, Actor: c.person, Branch: trunk, Commit: s.head(trunk), Dirty: true,
				Services: []string{"fullstack-restapi"},
			}, c)
			answers <- answer{states, err}
		}()
	}
	for range 2 {
		a := <-answers
		if a.err != nil {
			return a.err
		}
		s.succeeded(a.states)
	}
	for _, person := range []string{"alice", "bob"} {
		r, ok := s.latest(person, "fullstack-restapi")
		s.expect(ok && r.Commit == s.head(trunk)+"-dirty", "%s's API recorded as %s-dirty, not %q", person, s.head(trunk), r.Commit)
		s.expect(r.Profile == "dev" && r.Account == "111111111111", "%s's API with the profile dev, not %q", person, r.Profile)
		s.expect(len(r.Reads) == 2 && r.Reads[0].Stage == name("dev"), "%s's API to read two outputs of dev, not %v", person, r.Reads)
		s.expectOutput(person, "fullstack-restapi", "restapi_url", "https://"+person+".api.example/submit")
	}
	return nil
}
