package workflow

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/profile"
	"github.com/slsflow/slsflow/stage"
)

// gate is the job between tests and deployments, so that the number of needs
// does not grow with the square of the number of services.
const gate = "tests"

// plan makes the plan of one stage. order has the services as they are to be
// deployed, and needs says by index whom each of them needs.
func (p *planner) plan(t target, services []*loaded, needs graph, order []int) (pipeline.Plan, error) {
	plan := pipeline.Plan{Key: p.key(t.stage), Labels: p.labels(t.stage, t.owner, t.kind, t.profile)}
	var tests []string
	for _, l := range services {
		job, err := p.testJob(t, l)
		if err != nil {
			return plan, err
		}
		if len(job.Steps) > 0 {
			tests = append(tests, job.ID)
			plan.Jobs = append(plan.Jobs, job)
		}
	}
	if len(tests) > 1 {
		plan.Jobs = append(plan.Jobs, pipeline.Job{ID: gate, Needs: tests, Reason: "every test comes before the first deployment", Steps: []pipeline.Step{}})
		tests = []string{gate}
	}
	for _, i := range order {
		job, err := p.deployJob(t, services[i])
		if err != nil {
			return plan, err
		}
		job.Needs = append(job.Needs, tests...)
		for _, j := range needs[i] {
			job.Needs = append(job.Needs, jobID(ActionDeploy, services[j].service.Name))
		}
		plan.Jobs = append(plan.Jobs, job)
	}
	return plan, nil
}

func jobID(action, service string) string { return action + " " + service }

func (p *planner) testJob(t target, l *loaded) (pipeline.Job, error) {
	job := l.job(ActionTest, t)
	task := p.task(t, l)
	for _, action := range []string{ActionInstall, ActionTest} {
		commands := l.commands[action]
		if own, ok := l.service.Commands[action]; ok {
			commands = own
		}
		if err := addStep(&job, action, task, l.service, commands); err != nil {
			return job, err
		}
	}
	return job, nil
}

func (p *planner) deployJob(t target, l *loaded) (pipeline.Job, error) {
	job := l.job(ActionDeploy, t)
	job.Limits = limits(l.profile)
	task := p.task(t, l)
	if err := addStep(&job, ActionDeploy, task, l.service, l.service.Commands[ActionDeploy]); err != nil {
		return job, err
	}
	return job, addStep(&job, ActionVerify, task, l.service, l.service.Commands[ActionVerify])
}

func (l *loaded) job(action string, t target) pipeline.Job {
	labels := map[string]string{LabelService: l.service.Name, LabelStage: t.stage.String(), LabelRegion: l.region}
	if l.profile.Name != t.profile.Name {
		labels[LabelProfile] = l.profile.Name
		if l.profile.Account != "" {
			labels[LabelAccount] = l.profile.Account
		}
	}
	return pipeline.Job{ID: jobID(action, l.service.Name), Reason: l.reason, Labels: labels}
}

// addStep adds a step, unless it has nothing to do.
func addStep(job *pipeline.Job, action string, task Task, s Service, commands []string) error {
	task.Before, task.Commands, task.After = s.Before[action], commands, s.After[action]
	idle := len(task.Before)+len(task.Commands)+len(task.After) == 0
	if idle && action != ActionDeploy && action != ActionRemove {
		return nil
	}
	input, err := json.Marshal(task)
	if err != nil {
		return err
	}
	job.Steps = append(job.Steps, pipeline.Step{Name: action, Action: action, Input: input})
	return nil
}

// limits are what a job holds that works in the account of a profile.
func limits(prof profile.Profile) []string {
	if prof.Account == "" {
		return nil
	}
	return []string{"account:" + prof.Account}
}

func (p *planner) key(n stage.Name) string { return p.in.File.App + "/" + n.String() }

func (p *planner) task(t target, l *loaded) Task {
	task := p.baseTask(t.stage, t.owner, t.kind, l.profile)
	task.Service, task.Region, task.Dir, task.Config = l.service.Name, l.region, l.service.Dir, l.config
	task.Commit, task.Dirty = p.in.Event.Commit, p.in.Event.Dirty
	return task
}

// baseTask is what all tasks of a plan have in common.
func (p *planner) baseTask(n stage.Name, owner string, kind DeployType, prof profile.Profile) Task {
	e := p.in.Event
	trust := Untrusted
	if e.Trusted() || e.removes() && e.Trust == Trusted {
		trust = Trusted
	}
	return Task{
		App: p.in.File.App, Stage: n, Profile: prof.Name, Account: prof.Account, Owner: owner, Takeover: e.Takeover,
		Actor: e.Actor, Repository: e.Repository, Branch: e.Branch, PullRequest: e.PullRequest,
		Message: bounded(e.Message), DeployType: kind, Trust: trust,
	}
}

func (p *planner) labels(n stage.Name, owner string, kind DeployType, prof profile.Profile) map[string]string {
	e := p.in.Event
	m := map[string]string{
		LabelApp: p.in.File.App, LabelStage: n.String(), LabelProfile: prof.Name, LabelAccount: prof.Account,
		LabelOwner: owner, LabelEvent: string(e.Kind), LabelDeployType: string(kind), LabelRepository: e.Repository,
		LabelBranch: e.Branch, LabelTarget: e.Target, LabelCommit: revision(e.Commit, e.Dirty),
		LabelActor: e.Actor, LabelMessage: bounded(e.Message),
	}
	if e.PullRequest > 0 {
		m[LabelPullRequest] = strconv.Itoa(e.PullRequest)
	}
	for k, v := range m {
		if v == "" {
			delete(m, k)
		}
	}
	return m
}

// bounded returns the first 512 bytes of a message, at the end of a character.
func bounded(s string) string {
	const most = 512
	s = strings.ToValidUTF8(s, "\ufffd")
	if len(s) <= most {
		return s
	}
	end := most
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}
