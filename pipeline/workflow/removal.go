package workflow

import (
	"fmt"
	"slices"
	"strings"

	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/pipeline"
	"github.com/slsflow/slsflow/profile"
	"github.com/slsflow/slsflow/stage"
)

// installAnyway is what installs a service of a tree that was not looked at, for
// the plugins that a removal needs.
const installAnyway = "if [ -f package-lock.json ] || [ -f npm-shrinkwrap.json ]; then npm ci; elif [ -f package.json ]; then npm install; fi"

// removals plans what is removed, from the records alone: the branch may be
// gone, and the workflow file may have changed since.
func (p *planner) removals() []pipeline.Plan {
	var plans []pipeline.Plan
	records, reason := p.doomed()
	for len(records) > 0 {
		n := records[0].Stage
		end := slices.IndexFunc(records, func(r *outputs.Record) bool { return r.Stage != n })
		if end < 0 {
			end = len(records)
		}
		if plan, ok := p.removal(n, records[:end], reason); ok {
			plans = append(plans, plan)
		}
		records = records[end:]
	}
	return plans
}

// doomed returns the records of the instances to remove, by stage, service and
// region.
func (p *planner) doomed() (list []*outputs.Record, reason string) {
	e := p.in.Event
	var owner string
	switch {
	case e.Kind == Manual:
		return p.doomedByHand(), e.Actor + " asked for it"
	case e.Kind == BranchDeleted:
		owner, reason = ownerBranch+e.Branch, fmt.Sprintf("branch %s was deleted", e.Branch)
		if slices.Contains(p.in.Branches, e.Branch) {
			p.note("branch %s is there (again): nothing of it is removed", e.Branch)
			return nil, reason
		}
	case e.Fork:
		owner, reason = e.preview(), fmt.Sprintf("pull request #%d of a fork was closed", e.PullRequest)
	default:
		owner, reason = e.preview(), fmt.Sprintf("pull request #%d was closed", e.PullRequest)
		if !p.in.File.Previews.DestroyOnClose {
			if len(p.ownedBy(owner)) > 0 {
				p.note("the preview of pull request #%d stays until branch %s is deleted (previews.destroyOnClose is off)", e.PullRequest, e.Branch)
			}
			return nil, reason
		}
	}
	return p.ownedBy(owner), reason
}

// ownedBy returns the instances of an owner that are not removed. A stage of the
// workflow is never among them, whatever a record says.
func (p *planner) ownedBy(owner string) []*outputs.Record {
	protected := p.in.File.Protected()
	return p.recorded(func(r *outputs.Record) bool { return r.Owner == owner && !protected.Contains(r.Stage) })
}

func (p *planner) doomedByHand() []*outputs.Record {
	e := p.in.Event
	n, owner, ok := p.manualStage()
	if !ok || !p.mine(n, owner) {
		return nil
	}
	if owner == "" && len(e.Services) == 0 {
		p.refuse("stage %q is one of the workflow: it is not removed as a whole (name the services to remove)", n)
		return nil
	}
	for _, name := range e.Services {
		if r := p.index.at[serviceAt{name, n}]; r == nil || r.Status == outputs.Removed {
			p.note("%s is not deployed to %s", name, n)
		}
	}
	return p.recorded(func(r *outputs.Record) bool {
		return r.Stage == n && (len(e.Services) == 0 || slices.Contains(e.Services, r.Service))
	})
}

// recorded returns the instances that are not removed and that keep is true of,
// by stage, service and region.
func (p *planner) recorded(keep func(*outputs.Record) bool) []*outputs.Record {
	var list []*outputs.Record
	for _, r := range p.index.all {
		if r.Status != outputs.Removed && keep(r) {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b *outputs.Record) int {
		return strings.Compare(a.Stage.String()+" "+a.Service+" "+a.Region, b.Stage.String()+" "+b.Service+" "+b.Region)
	})
	return list
}

// removal makes the plan of one stage.
func (p *planner) removal(n stage.Name, records []*outputs.Record, reason string) (pipeline.Plan, bool) {
	at := make(map[outputs.Instance]int, len(records))
	for i, r := range records {
		at[r.Instance] = i
	}
	needs := make(graph, len(records))
	for i, r := range records {
		for _, read := range r.Reads {
			producer, ok := at[read.Instance]
			if !ok || producer == i {
				continue
			}
			// Two that came to read each other have no right order; the first
			// edge stays.
			seen := make([]bool, len(needs))
			if needs.reach(i, seen); !seen[producer] {
				needs.add(producer, i) // the consumer goes first
			}
		}
	}
	p.noteReaders(at)
	order, _ := needs.sort()
	ids := removalIDs(records)
	var plan pipeline.Plan
	for _, i := range order {
		r := records[i]
		prof, ok := p.removalProfile(r)
		if !ok {
			continue
		}
		p.out.Decisions = append(p.out.Decisions, Decision{Service: r.Service, Stage: n, In: true, Reason: reason})
		job, err := p.removeJob(r, prof, ids[i], reason)
		if err != nil {
			p.problem(&Error{File: p.in.File.Name, Path: r.String(), Msg: err.Error(), Err: err})
			continue
		}
		for _, j := range needs[i] {
			job.Needs = append(job.Needs, ids[j])
		}
		if plan.Key == "" {
			plan = pipeline.Plan{Key: p.key(n), Labels: p.labels(n, r.Owner, DeployDestroy, prof)}
		}
		plan.Jobs = append(plan.Jobs, job)
	}
	return plan, len(plan.Jobs) > 0
}

// removalIDs names the jobs. The region is in a name only where a service is in
// several.
func removalIDs(records []*outputs.Record) []string {
	regions := make(map[string]int)
	for _, r := range records {
		regions[r.Service]++
	}
	ids := make([]string, len(records))
	for i, r := range records {
		ids[i] = jobID(ActionRemove, r.Service)
		if regions[r.Service] > 1 {
			ids[i] += " " + r.Region
		}
	}
	return ids
}

// removalProfile returns the profile that an instance was deployed with. It must
// be for the same account still, since the instance is there.
func (p *planner) removalProfile(r *outputs.Record) (profile.Profile, bool) {
	prof, err := p.in.File.profiles.Named(r.Profile)
	if err != nil {
		p.problem(&Error{
			File: p.in.File.Name, Path: r.String(), Msg: err.Error(),
			Hint: "it was deployed with this profile: keep the profile until the instance is removed", Err: err,
		})
		return prof, false
	}
	if prof.Account != r.Account {
		e := p.in.File.errorAt("profiles."+prof.Name+".account", fmt.Sprintf("instance %s is in account %q, and the profile names %q", r.Instance, r.Account, prof.Account),
			"keep a profile for the old account until the instance is removed")
		p.problem(e)
		return prof, false
	}
	return prof, true
}

func (p *planner) removeJob(r *outputs.Record, prof profile.Profile, id, reason string) (pipeline.Job, error) {
	task := p.baseTask(r.Stage, r.Owner, DeployDestroy, prof)
	task.Service, task.Region, task.Dir = r.Service, r.Region, r.Dir
	task.Commit, task.Dirty = strings.CutSuffix(r.Commit, dirtySuffix)
	job := pipeline.Job{
		ID: id, Reason: reason, Limits: limits(prof),
		Labels: map[string]string{LabelService: r.Service, LabelStage: r.Stage.String(), LabelRegion: r.Region},
	}
	s, _ := p.in.File.Service(r.Service)
	install, ok := s.Commands[ActionInstall]
	if !ok {
		install = []string{installAnyway}
	}
	if err := addStep(&job, ActionInstall, task, s, install); err != nil {
		return job, err
	}
	return job, addStep(&job, ActionRemove, task, s, s.Commands[ActionRemove])
}

// noteReaders tells of instances that stay and read what is removed.
func (p *planner) noteReaders(removed map[outputs.Instance]int) {
	readers := p.recorded(func(r *outputs.Record) bool {
		_, goes := removed[r.Instance]
		return !goes
	})
	for _, r := range readers {
		for _, read := range r.Reads {
			if _, goes := removed[read.Instance]; goes {
				p.note("%s in %s reads the output %s of %s in %s, which is removed", r.Service, r.Stage, read.Key, read.Service, read.Stage)
			}
		}
	}
}
