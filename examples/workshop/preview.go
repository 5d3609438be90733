package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/slsflow/slsflow/gitflow"
	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/pipeline/workflow"
)

const feature = "feature/ph-api"

// opened commits alice's change to a branch, and opens a pull request.
func (s *story) opened(ctx context.Context) error {
	if err := s.alice.branch(feature); err != nil {
		return err
	}
	states, err := s.pushFeature(ctx, "Answer 201 for a new submission", workflow.Opened)
	if err != nil {
		return err
	}
	s.succeeded(states)
	for _, service := range []string{"fullstack-restapi"} {
		_, ok := s.latest("feature-ph-api", service)
		s.expect(ok, "%s in the preview", service)
	}
	for _, service := range []string{"fullstack-database", "fullstack-tasks", "fullstack-frontend"} {
		_, ok := s.latest("feature-ph-api", service)
		s.expect(!ok, "no %s in the preview", service)
	}
	s.expectStatus(s.head(feature), workflow.StatusSuccess, true)
	return nil
}

func (s *story) updated(ctx context.Context) error {
	if err := s.alice.edit("restapi/src/submit.js", `["name", "email"]`, `["name", "email", "message"]`); err != nil {
		return err
	}
	states, err := s.pushFeature(ctx, "Ask for a message", workflow.Updated)
	if err != nil {
		return err
	}
	s.succeeded(states)
	r, _ := s.latest("feature-ph-api", "fullstack-restapi")
	s.expect(r.Number == 2 && r.Commit == s.head(feature), "the preview at its second deployment, of commit %s", s.head(feature))
	return nil
}

// pushFeature commits what alice has changed, and handles the event of her pull
// request.
func (s *story) pushFeature(ctx context.Context, message string, action workflow.Action) ([]pipeline.State, error) {
	hash, err := s.alice.commit(message)
	if err != nil {
		return nil, err
	}
	if err := s.alice.push(ctx, feature); err != nil {
		return nil, err
	}
	base, err := s.origin.MergeBase(ctx, trunk, hash)
	if err != nil {
		return nil, err
	}
	_, states, err := s.handle(ctx, workflow.Event{
		Kind: workflow.PullRequest, Action: action, Trust: workflow.Trusted, Repository: repository,
		Branch: feature, Target: trunk, PullRequest: 1, Actor: "alice", Commit: hash, Base: base, Message: message,
	}, nil)
	return states, err
}

// failingTest pushes a change that the service's own test refuses, and takes it
// back.
func (s *story) failingTest(ctx context.Context) error {
	if err := s.alice.edit("restapi/src/submit.js", `"email", `, ``); err != nil {
		return err
	}
	states, err := s.pushFeature(ctx, "Do without an email", workflow.Updated)
	if err != nil {
		return err
	}
	s.expect(len(states) == 1 && states[0].Status() == pipeline.Failed, "the run to fail")
	r, _ := s.latest("feature-ph-api", "fullstack-restapi")
	s.expect(r.Number == 2, "nothing deployed, but there is deployment %d", r.Number)
	s.expectStatus(s.head(feature), workflow.StatusFailure, true)
	for _, st := range states {
		log, err := s.log(ctx, pipeline.LogID{Run: st.Run(), Job: "test fullstack-restapi", Step: "test", Attempt: 1})
		s.expect(err == nil && strings.Contains(log, "not ok: a submission without name or email"), "the reason in the log, not %q (%v)", log, err)
	}
	if err := s.alice.edit("restapi/src/submit.js", `["name", "message"]`, `["email", "name", "message"]`); err != nil {
		return err
	}
	states, err = s.pushFeature(ctx, "Ask for an email after all", workflow.Updated)
	s.succeeded(states)
	s.expectStatus(s.head(feature), workflow.StatusSuccess, true)
	return err
}

func (s *story) calledProd(ctx context.Context) error {
	return s.refusal(ctx, workflow.Event{
		Kind: workflow.PullRequest, Action: workflow.Opened, Trust: workflow.Trusted, Repository: repository,
		Branch: "prod", Target: trunk, PullRequest: 2, Actor: "bob", Commit: s.head(feature), Base: s.head(trunk),
	}, "prod", workflow.StatusFailure)
}

// fork lets a stranger change the test of a service, which would run with the
// secrets of dev if forks were trusted.
func (s *story) fork(ctx context.Context) error {
	stranger, err := newClone(ctx, filepath.Join(s.dir, "mallory"), "mallory", s.origin, s.clock)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(stranger.dir, "tasks", "test.sh"), []byte("echo $endpoint_api_key\n"), 0o644); err != nil {
		return err
	}
	hash, err := stranger.commit("Simplify a test")
	if err != nil {
		return err
	}
	own, err := gitflow.Open(stranger.dir)
	if err != nil {
		return err
	}
	// A host keeps the head of a fork's pull request in the repository itself.
	if err := own.Push(ctx, s.origin, gitflow.RefUpdate{Name: "refs/pull/3/head", New: hash}); err != nil {
		return err
	}
	return s.refusal(ctx, workflow.Event{
		Kind: workflow.PullRequest, Action: workflow.Opened, Repository: repository, Fork: true,
		Branch: "simplify", Target: trunk, PullRequest: 3, Actor: "mallory", Commit: hash, Base: s.head(trunk),
	}, "fork", workflow.StatusPending)
}

// refusal handles an event of which nothing may be run.
func (s *story) refusal(ctx context.Context, e workflow.Event, reason string, status workflow.StatusState) error {
	before, err := s.deployments(ctx)
	if err != nil {
		return err
	}
	out, states, err := s.handle(ctx, e, nil)
	if err != nil {
		return err
	}
	s.expect(len(states) == 0, "no run for %v", e)
	refused := slices.ContainsFunc(out.Refused, func(r workflow.Refusal) bool { return strings.Contains(r.Reason, reason) })
	s.expect(refused, "%v to be refused because of %q", e, reason)
	after, err := s.deployments(ctx)
	s.expect(len(before) == len(after), "nothing deployed for %v", e)
	s.expectStatus(e.Commit, status, false)
	return err
}

// ownMapping opens a pull request that gives its own branch the prod profile, and
// lets a push to it deploy to prod. The workflow file that counts is the one of
// master.
func (s *story) ownMapping(ctx context.Context) error {
	const branch = "feature/mine"
	if err := s.bob.checkout(trunk); err != nil {
		return err
	}
	if err := s.bob.branch(branch); err != nil {
		return err
	}
	if err := s.bob.edit("slsflow.yml", "stages: {dev: dev,", "stages: {feature-mine: prod, dev: dev,"); err != nil {
		return err
	}
	if err := s.bob.edit("slsflow.yml", "branches: {master: staging,", "branches: {feature/mine: prod, master: staging,"); err != nil {
		return err
	}
	if err := s.bob.edit("tasks/serverless.yml", "rate(5 minutes)", "rate(10 minutes)"); err != nil {
		return err
	}
	hash, err := s.bob.commit("Poll less often, as prod")
	if err != nil {
		return err
	}
	if err := s.bob.push(ctx, branch); err != nil {
		return err
	}
	_, states, err := s.handle(ctx, workflow.Event{
		Kind: workflow.PullRequest, Action: workflow.Opened, Trust: workflow.Trusted, Repository: repository,
		Branch: branch, Target: trunk, PullRequest: 4, Actor: "bob", Commit: hash, Base: s.head(trunk),
	}, nil)
	if err != nil {
		return err
	}
	s.succeeded(states)
	r, ok := s.latest("feature-mine", "fullstack-tasks")
	s.expect(ok && r.Profile == "dev" && r.Account == "111111111111", "the preview with the profile dev, not %q", r.Profile)
	_, states, err = s.handle(ctx, workflow.Event{
		Kind: workflow.Push, Trust: workflow.Trusted, Repository: repository,
		Branch: branch, Actor: "bob", Commit: hash, Base: s.head(trunk),
	}, nil)
	if err != nil {
		return err
	}
	s.expect(len(states) == 0, "nothing deployed for a push to %s, which only maps itself to prod", branch)
	return s.deleteBranch(ctx, branch)
}

func (s *story) branchDeleted(ctx context.Context) error {
	if err := s.deleteBranch(ctx, feature); err != nil {
		return err
	}
	r, ok := s.latest("feature-ph-api", "fullstack-restapi")
	s.expect(ok && r.Status == outputs.Removed, "the preview to be removed, it is %s", r.Status)
	return nil
}

// deleteBranch deletes a branch of the shared repository, and handles the event.
func (s *story) deleteBranch(ctx context.Context, branch string) error {
	if err := s.origin.Push(ctx, s.origin, gitflow.RefUpdate{Name: branch, Old: s.head(branch)}); err != nil {
		return err
	}
	_, states, err := s.handle(ctx, workflow.Event{
		Kind: workflow.BranchDeleted, Trust: workflow.Trusted, Repository: repository, Branch: branch, Actor: "alice",
	}, nil)
	s.succeeded(states)
	return err
}
