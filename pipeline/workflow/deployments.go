package workflow

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/stage"
)

// deployments plans each stage that the event deploys to.
func (p *planner) deployments() []pipeline.Plan {
	targets := p.targets()
	p.checkDirs(targets)
	if len(p.problems) > 0 {
		for _, t := range targets {
			p.decide(t)
		}
		return nil
	}
	var plans []pipeline.Plan
	reads := make(graph, 0, len(targets))
	stages := make(map[stage.Name]int, len(targets))
	for i, t := range targets {
		stages[t.stage] = i
	}
	var elsewhere []map[stage.Name]bool
	for _, t := range targets {
		services := p.included(&t)
		p.decide(t)
		plan, err := p.arrange(t, services)
		if err != nil {
			p.problem(&Error{File: p.in.File.Name, Path: t.stage.String(), Msg: err.Error(), Err: err})
		}
		plans = append(plans, plan)
		reads = append(reads, nil)
		elsewhere = append(elsewhere, otherStages(t, services))
	}
	// A plan whose services read another stage of this event comes after the
	// plan of that stage. Two that read each other stay in the order of names.
	for i, set := range elsewhere {
		for n := range set {
			if j, ok := stages[n]; ok {
				reads.add(i, j)
			}
		}
	}
	if order, cycle := reads.sort(); cycle == nil {
		sorted := make([]pipeline.Plan, 0, len(plans))
		for _, i := range order {
			sorted = append(sorted, plans[i])
		}
		plans = sorted
	}
	return slices.DeleteFunc(plans, func(plan pipeline.Plan) bool { return len(plan.Jobs) == 0 })
}

func otherStages(t target, services []*loaded) map[stage.Name]bool {
	set := make(map[stage.Name]bool)
	for _, l := range services {
		for _, ref := range l.reads {
			if ref.Stage != t.stage {
				set[ref.Stage] = true
			}
		}
	}
	return set
}

// decide adds the decisions of a target.
func (p *planner) decide(t target) {
	for i, s := range p.in.File.Services {
		c := t.choices[i]
		p.out.Decisions = append(p.out.Decisions, Decision{Service: s.Name, Stage: t.stage, In: c.in, Reason: c.reason})
	}
}

// checkDirs looks whether the directories of services are there. A pull request
// may lack one that its target branch still has: it is about to be removed.
func (p *planner) checkDirs(targets []target) {
	if len(targets) == 0 {
		return
	}
	for i, s := range p.in.File.Services {
		info, err := fs.Stat(p.in.Tree, s.Dir)
		at := "services." + s.Name + ".dir"
		switch {
		case errors.Is(err, fs.ErrNotExist) && p.in.Event.Kind == PullRequest:
			for _, t := range targets {
				t.choices[i] = choice{reason: fmt.Sprintf("the pull request has no directory %q", s.Dir)}
			}
		case errors.Is(err, fs.ErrNotExist):
			p.problem(p.in.File.errorAt(at, fmt.Sprintf("there is no directory %q", s.Dir), "name a directory from the root of the repository, or remove the service"))
		case err != nil:
			e := p.in.File.errorAt(at, err.Error(), "")
			e.Err = err
			p.problem(e)
		case !info.IsDir():
			p.problem(p.in.File.errorAt(at, fmt.Sprintf("%q is no directory", s.Dir), "name the directory that holds the serverless.yml"))
		}
	}
}

// included returns the services that are in, in the order of the file, after it
// has added those that they need: whose outputs they read in the same stage, and
// that are not deployed there.
func (p *planner) included(t *target) []*loaded {
	all := make([]*loaded, len(t.choices))
	var queue []int
	for i, c := range t.choices {
		if c.in {
			queue = append(queue, i)
		}
	}
	for len(queue) > 0 {
		i := queue[0]
		queue = queue[1:]
		l := p.load(t, i)
		if l == nil {
			continue
		}
		l.reason = t.choices[i].reason
		all[i] = l
		for _, ref := range l.reads {
			if j, ok := p.needed(t, l, ref); ok {
				t.choices[j].in = true
				t.choices[j].reason = fmt.Sprintf("%s reads its output %s, and it is not deployed to %s yet", l.service.Name, ref.Key, t.stage)
				queue = append(queue, j)
			}
		}
	}
	return slices.DeleteFunc(all, func(l *loaded) bool { return l == nil })
}

// needed returns the service that has to be added because l reads its output.
func (p *planner) needed(t *target, l *loaded, ref outputs.Ref) (int, bool) {
	if ref.App != p.in.File.App || ref.Stage != t.stage {
		return 0, false
	}
	if r := p.index.all[ref.Instance]; r != nil && r.Status == outputs.Deployed {
		return 0, false
	}
	j, ok := p.in.File.index[ref.Service]
	switch {
	case !ok:
		p.note("%s reads the output %s of %s, which is not deployed to %s and not in %s", l.service.Name, ref.Key, ref.Service, t.stage, p.in.File.Name)
		return 0, false
	case t.choices[j].in:
		return 0, false
	case !t.choices[j].may:
		p.note("%s reads the output %s of %s, which is not deployed to %s and is not added: %s", l.service.Name, ref.Key, ref.Service, t.stage, t.choices[j].reason)
		return 0, false
	}
	return j, true
}

// arrange orders the services of a stage and makes its plan.
func (p *planner) arrange(t target, services []*loaded) (pipeline.Plan, error) {
	at := make(map[outputs.Instance]int, len(services))
	for i, l := range services {
		at[l.instance(p.in.File.App, t.stage)] = i
	}
	needs := make(graph, len(services))
	var producers, blind []int
	for i, l := range services {
		if l.publishes {
			producers = append(producers, i)
		}
		if l.blind != "" {
			blind = append(blind, i)
		}
		for _, r := range l.contracts {
			if e := r.warning(p.in.Now); e != nil {
				p.note("%v", e)
			}
			if e := r.refusal(p.in.Now); e != nil {
				p.problem(e)
			}
			j, ok := at[r.Ref.Instance]
			if !ok {
				continue
			}
			needs.add(i, j)
			if producer := services[j]; !r.Optional && !producer.open && !slices.Contains(producer.outputs, r.Ref.Key) {
				p.problem(unpublished(r, producer.service.Name, producer.outputs, ""))
			}
		}
	}
	order, cycle := needs.sort()
	if cycle != nil {
		p.circle(t, services, cycle)
		return pipeline.Plan{}, nil
	}
	for _, i := range blind {
		needs.after(i, producers, order)
		p.note("%s reads an output whose address is not known before the deployment (%s): it comes after every service of %s that publishes one and does not need it",
			services[i].service.Name, services[i].blind, t.stage)
	}
	if len(blind) > 0 {
		order, _ = needs.sort() // after adds no cycle
	}
	rank := make([]int, len(order))
	for r, i := range order {
		rank[i] = r
	}
	for i := range needs {
		slices.SortFunc(needs[i], func(a, b int) int { return rank[a] - rank[b] })
	}
	return p.plan(t, services, needs, order)
}

// circle reports services that read each other's outputs.
func (p *planner) circle(t target, services []*loaded, cycle []int) {
	names := make([]string, 0, len(cycle))
	for _, i := range smallestFirst(cycle) {
		names = append(names, services[i].service.Name)
	}
	p.problem(p.in.File.circle(t.stage, names))
}
