package workflow

import (
	"fmt"
	"slices"
	"strings"

	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/stage"
)

// previewTargets are those of a pull request: the stage of its branch.
func (p *planner) previewTargets() []target {
	f, e := p.in.File, p.in.Event
	if !slices.Contains(f.Previews.Into, e.Target) {
		p.everywhereOut(stage.Name{}, fmt.Sprintf("pull requests into %s have no previews (previews.into: %s)", e.Target, listed(f.Previews.Into)))
		return nil
	}
	n, err := f.Previews.Stage.Name(stage.Origin{User: e.Actor, Branch: e.Branch, PullRequest: e.PullRequest}, f.Protected())
	if err != nil {
		p.refuse("%v", err)
		return nil
	}
	if !e.Fork && f.deploys(e.Branch) {
		p.everywhereOut(stage.Name{}, fmt.Sprintf("branch %s deploys to stages of its own when it is pushed to, and has no preview", e.Branch))
		return nil
	}
	owner := e.preview()
	if f.fixedPreviews() {
		owner = ""
	}
	t, ok := p.own(n, owner, DeployPreview)
	if !ok {
		return nil
	}
	for i, s := range f.Services {
		c := &t.choices[i]
		if !s.Previews {
			c.reason = "its previews are off"
			continue
		}
		last := p.index.at[serviceAt{s.Name, n}]
		c.may = true
		if c.in, c.reason = p.in.change(s, last); !c.in {
			if why, ok := unsettled(last, n); ok {
				c.in, c.reason = true, why
			}
		}
	}
	return []target{t}
}

// deploys reports whether a push to a branch deploys anything.
func (f *File) deploys(branch string) bool {
	return slices.ContainsFunc(f.Services, func(s Service) bool { return len(s.Branches[branch]) > 0 })
}

// fixedPreviews reports whether all previews share a stage.
func (f *File) fixedPreviews() bool {
	n, err := f.Previews.Stage.Name(stage.Origin{User: "a", Branch: "a", PullRequest: 1}, nil)
	return err == nil && f.Previews.Stage == stage.Fixed(n)
}

// byBranch reports whether previews are named after branches of any length.
func (f *File) byBranch() bool {
	return f.Previews.Stage == stage.ByBranch() || f.Previews.Stage == stage.ByUnique()
}

// branchTargets are the stages that a push deploys to.
func (p *planner) branchTargets() []target {
	f, branch := p.in.File, p.in.Event.Branch
	var stages []stage.Name
	for _, s := range f.Services {
		for _, n := range s.Branches[branch] {
			if !slices.Contains(stages, n) {
				stages = append(stages, n)
			}
		}
	}
	if len(stages) == 0 {
		p.everywhereOut(stage.Name{}, fmt.Sprintf("branch %s is mapped to no stage", branch))
		return nil
	}
	slices.SortFunc(stages, func(a, b stage.Name) int { return strings.Compare(a.String(), b.String()) })
	var list []target
	for _, n := range stages {
		t, ok := p.target(n, "", DeployBranch)
		if !ok {
			continue
		}
		for i, s := range f.Services {
			c := &t.choices[i]
			if !slices.Contains(s.Branches[branch], n) {
				c.reason = fmt.Sprintf("a push to %s does not deploy it to %s", branch, n)
				continue
			}
			last := p.index.at[serviceAt{s.Name, n}]
			c.may = true
			if c.in, c.reason = p.in.change(s, last); !c.in {
				if why, ok := unsettled(last, n); ok {
					c.in, c.reason = true, why
				} else if last == nil || last.Status == outputs.Removed {
					c.in, c.reason = true, fmt.Sprintf("it is not deployed to %s yet", n)
				}
			}
		}
		p.noteGone(n)
		list = append(list, t)
	}
	return list
}

// noteGone tells of what is deployed and no longer in the file. Nobody asked for
// its removal.
func (p *planner) noteGone(n stage.Name) {
	var gone []string
	for k, r := range p.index.at {
		if _, there := p.in.File.Service(k.service); !there && k.stage == n && r.Status != outputs.Removed {
			gone = append(gone, k.service)
		}
	}
	slices.Sort(gone)
	for _, name := range gone {
		p.note("%s is deployed to %s and no longer in %s: remove it by hand if nobody needs it", name, n, p.in.File.Name)
	}
}

// manualTargets is the stage that a person asked for, or that person's own.
func (p *planner) manualTargets() []target {
	f, e := p.in.File, p.in.Event
	n, owner, ok := p.manualStage()
	if !ok || !p.named() {
		return nil
	}
	t, ok := p.own(n, owner, DeployManual)
	if !ok {
		return nil
	}
	for i, s := range f.Services {
		c := &t.choices[i]
		c.may = s.Previews || owner == ""
		switch {
		case slices.Contains(e.Services, s.Name):
			c.in, c.reason = true, e.Actor+" asked for it"
		case len(e.Services) > 0:
			c.reason = e.Actor + " did not ask for it"
		case c.may:
			c.in, c.reason = true, e.Actor+" asked for all"
		default:
			c.reason = "its previews are off, and " + e.Actor + " did not name it"
		}
	}
	return []target{t}
}

// manualStage returns the stage of a manual event and whom it belongs to.
func (p *planner) manualStage() (n stage.Name, owner string, ok bool) {
	e, protected := p.in.Event, p.in.File.Protected()
	if e.Stage.IsZero() {
		n, err := stage.ByDeveloper().Name(stage.Origin{User: e.Actor}, protected)
		if err != nil {
			p.refuse("%v", err)
			return stage.Name{}, "", false
		}
		return n, ownerUser + e.Actor, true
	}
	if !slices.Contains(protected, e.Stage) && protected.Contains(e.Stage) {
		i := slices.IndexFunc(protected, func(n stage.Name) bool { return strings.EqualFold(n.String(), e.Stage.String()) })
		p.refuse("stage %q differs only in case from a stage of the workflow (write %s for that one, or choose another name)", e.Stage, protected[i])
		return stage.Name{}, "", false
	}
	if protected.Contains(e.Stage) || p.in.File.fixedPreviews() && p.in.File.Previews.Stage == stage.Fixed(e.Stage) {
		return e.Stage, "", true
	}
	return e.Stage, ownerUser + e.Actor, true
}

// named reports whether the file has all services that the event names.
func (p *planner) named() bool {
	ok := true
	for _, name := range p.in.Event.Services {
		if _, there := p.in.File.Service(name); !there {
			ok = false
			p.problem(p.in.File.errorAt("services", fmt.Sprintf("there is no service %q", name), "there are: "+listed(p.in.File.serviceNames())))
		}
	}
	return ok
}
