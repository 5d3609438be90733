package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"

	"github.com/slsflow/slsflow/gitflow"
	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/pipeline/workflow"
	"github.com/slsflow/slsflow/stage"
)

// step is one part of the story. Its name begins with that of the part of the
// workflow that it shows.
type step struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
}

// story carries a repository through the four parts of the workflow, and checks
// after each step that what it expects is so.
type story struct {
	*team
	alice, bob *clone
	steps      []step
	wrong      []string // expectations that did not hold
}

// part is a step to be told.
type part struct {
	name string
	do   func(context.Context) error
}

// tell runs the story to its end, or to the first step that is not as expected.
// The accounts are nil for the local executor.
func (s *story) tell(ctx context.Context, a *accounts) error {
	parts := []part{
		{"develop: the shared database is deployed to dev", s.sharedDatabase},
		{"develop: alice and bob deploy the API to stages of their own, at the same time", s.ownStages},
		{"preview: a pull request deploys what it changes", s.opened},
		{"preview: a second push updates it", s.updated},
		{"preview: a failing test deploys nothing", s.failingTest},
		{"preview: a pull request from a branch called prod is refused", s.calledProd},
		{"preview: a pull request from a fork runs nothing", s.fork},
		{"preview: a pull request cannot map itself to the prod profile", s.ownMapping},
		{"staging: a merge to master deploys to staging", s.staging},
		{"staging: with the branch its preview is destroyed", s.branchDeleted},
		{"production: promoting the tested commit deploys to prod", s.production},
		{"production: a bad change is promoted and rolled back", s.rollback},
		{"production: what is deployed is what should be", s.onlyTheExpected},
		{"production: no secret stands in anything that was written", s.secretsStayedSecret},
	}
	if a != nil {
		parts = append(parts, part{"production: each account has its own stacks and no others", s.stacks(a)})
	}
	for _, part := range parts {
		what, how, _ := strings.Cut(part.name, ": ")
		s.progress.Heading(what, how)
		before := len(s.wrong)
		err := part.do(ctx)
		if err == nil && len(s.wrong) > before {
			err = fmt.Errorf("%s", strings.Join(s.wrong[before:], "\n"))
		}
		s.progress.Check(err == nil, "as expected")
		s.steps = append(s.steps, step{part.name, err == nil})
		if err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return nil
}

// expect notes what should be so and is not.
func (s *story) expect(holds bool, format string, args ...any) {
	if !holds {
		s.wrong = append(s.wrong, "expected "+fmt.Sprintf(format, args...))
	}
}

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

// ownMapping opens a pull request that gives its own branch the prod profile.
// The workflow file that counts is the one of master.
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
	return s.deleteBranch(ctx, branch)
}

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

func (s *story) branchDeleted(ctx context.Context) error {
	if err := s.deleteBranch(ctx, feature); err != nil {
		return err
	}
	r, ok := s.latest("feature-ph-api", "fullstack-restapi")
	s.expect(ok && r.Status == outputs.Removed, "the preview to be removed, it is %s", r.Status)
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

// begin makes the shared repository with the app in it, and the clones of alice
// and bob.
func begin(ctx context.Context, dir string, clock func() time.Time) (alice, bob *clone, err error) {
	bare := filepath.Join(dir, "fullstack.git")
	if _, err := git.PlainInitWithOptions(bare, &git.PlainInitOptions{
		Bare: true, InitOptions: git.InitOptions{DefaultBranch: plumbing.NewBranchReferenceName(trunk)},
	}); err != nil {
		return nil, nil, err
	}
	origin, err := gitflow.Open(bare)
	if err != nil {
		return nil, nil, err
	}
	if alice, err = newClone(ctx, filepath.Join(dir, "alice"), "alice", origin, clock); err != nil {
		return nil, nil, err
	}
	first, err := alice.commit("The application")
	if err != nil {
		return nil, nil, err
	}
	if err := alice.push(ctx, trunk); err != nil {
		return nil, nil, err
	}
	if err := origin.Push(ctx, origin, gitflow.RefUpdate{Name: "prod", New: first}); err != nil {
		return nil, nil, err
	}
	bob, err = newClone(ctx, filepath.Join(dir, "bob"), "bob", origin, clock)
	return alice, bob, err
}

func name(s string) stage.Name {
	n, err := stage.Parse(s)
	if err != nil {
		panic(err) // a constant
	}
	return n
}
