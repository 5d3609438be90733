package main

import (
	"context"
	"fmt"

	"github.com/slsflow/slsflow/gitflow"
	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/pipeline/workflow"
)

func (s *story) staging(ctx context.Context) error {
	base := s.head(trunk)
	merged, err := s.origin.Promote(ctx, feature, trunk, gitflow.PromoteOptions{
		Author: gitflow.Signature{Name: "alice", Email: s.alice.email, When: s.clock()},
	})
	if err != nil {
		return err
	}
	states, err := s.pushed(ctx, trunk, base, merged.New)
	if err != nil {
		return err
	}
	s.succeeded(states)
	for _, service := range []string{"fullstack-database", "fullstack-restapi", "fullstack-tasks", "fullstack-frontend"} {
		r, ok := s.latest("staging", service)
		s.expect(ok && r.Profile == "staging" && r.Account == "222222222222" && r.Commit == merged.New,
			"%s on staging at %s, with the profile staging", service, merged.New)
	}
	s.expectOutput("staging", "fullstack-database", "database_submissions_name", "submissions-staging")
	s.expectOutput("staging", "fullstack-frontend", "frontend_api", "https://staging.api.example/submit")
	return nil
}

func (s *story) production(ctx context.Context) error {
	if _, err := s.promote(ctx); err != nil {
		return err
	}
	for _, service := range []string{"fullstack-database", "fullstack-restapi", "fullstack-tasks", "fullstack-frontend"} {
		r, ok := s.latest("prod", service)
		s.expect(ok && r.Status == outputs.Deployed && r.Profile == "prod" && r.Account == "333333333333", "%s on prod, with the profile prod", service)
	}
	s.expectOutput("prod", "fullstack-restapi", "restapi_url", goodURL)
	return nil
}

const (
	goodURL = "https://prod.api.example/submit"
	badURL  = "https://prod.api.example/v2/submit"
)

// rollback moves the API to an address that no client knows. Its tests do not
// see that; production does.
func (s *story) rollback(ctx context.Context) error {
	if err := s.bob.pull(ctx, trunk); err != nil {
		return err
	}
	if err := s.bob.edit("restapi/serverless.yml", "api.example/submit", "api.example/v2/submit"); err != nil {
		return err
	}
	base := s.head(trunk)
	hash, err := s.bob.commit("Move the API to v2")
	if err != nil {
		return err
	}
	if err := s.bob.push(ctx, trunk); err != nil {
		return err
	}
	states, err := s.pushed(ctx, trunk, base, hash)
	if err != nil {
		return err
	}
	s.succeeded(states)
	bad, err := s.promote(ctx)
	if err != nil {
		return err
	}
	s.expectOutput("prod", "fullstack-restapi", "restapi_url", badURL)

	reverted, err := s.origin.Revert(ctx, "prod", bad.New, gitflow.RevertOptions{
		Parent: 1, Author: gitflow.Signature{Name: "alice", Email: s.alice.email, When: s.clock()},
	})
	if err != nil {
		return err
	}
	states, err = s.pushed(ctx, "prod", bad.New, reverted.New)
	if err != nil {
		return err
	}
	s.succeeded(states)
	s.expectOutput("prod", "fullstack-restapi", "restapi_url", goodURL)

	history, err := s.records.History(ctx, instance("prod", "fullstack-restapi"))
	if err != nil {
		return err
	}
	var urls []string
	for _, r := range history {
		urls = append(urls, string(r.Outputs["restapi_url"].Value))
	}
	want := fmt.Sprintf("[%q %q %q]", goodURL, badURL, goodURL)
	s.expect(fmt.Sprint(urls) == want, "the history of the API's URL on prod to be %s, not %v", want, urls)
	return nil
}

// promote merges master into prod, always by a merge commit, so that it can be
// reverted as one.
func (s *story) promote(ctx context.Context) (gitflow.Result, error) {
	base := s.head("prod")
	promoted, err := s.origin.Promote(ctx, trunk, "prod", gitflow.PromoteOptions{
		Author: gitflow.Signature{Name: "alice", Email: s.alice.email, When: s.clock()}, Expect: base,
	})
	if err != nil {
		return promoted, err
	}
	states, err := s.pushed(ctx, "prod", base, promoted.New)
	s.succeeded(states)
	return promoted, err
}

// pushed handles a push to a branch of the shared repository.
func (s *story) pushed(ctx context.Context, branch, base, head string) ([]pipeline.State, error) {
	_, states, err := s.handle(ctx, workflow.Event{
		Kind: workflow.Push, Trust: workflow.Trusted, Repository: repository, Branch: branch, Base: base, Commit: head, Actor: "alice",
	}, nil)
	return states, err
}
