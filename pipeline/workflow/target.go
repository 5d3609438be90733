package workflow

import (
	"fmt"
	"slices"
	"strings"

	"github.com/slsflow/slsflow/outputs"
	"github.com/slsflow/slsflow/profile"
	"github.com/slsflow/slsflow/stage"
)

// target is one stage that an event deploys to.
type target struct {
	stage   stage.Name
	owner   string // as Task.Owner
	kind    DeployType
	profile profile.Profile
	mapped  bool // the stage has a profile of its own
	// choices has an element for each service of the file, in its order.
	choices []choice
}

// choice says whether a service is in, and why. One that is out and may be
// added is deployed if another one needs it.
type choice struct {
	in, may bool
	reason  string
}

func (p *planner) refuse(format string, args ...any) {
	p.out.Refused = append(p.out.Refused, Refusal{Event: p.in.Event.String(), Reason: fmt.Sprintf(format, args...)})
}

func (p *planner) note(format string, args ...any) {
	if n := fmt.Sprintf(format, args...); !slices.Contains(p.out.Notes, n) {
		p.out.Notes = append(p.out.Notes, n)
	}
}

// everywhereOut decides against all services, for one reason.
func (p *planner) everywhereOut(n stage.Name, reason string) {
	for _, s := range p.in.File.Services {
		p.out.Decisions = append(p.out.Decisions, Decision{Service: s.Name, Stage: n, Reason: reason})
	}
}

// targets says where the event deploys to. There are none for an event that is
// refused, or that deploys nothing.
func (p *planner) targets() []target {
	switch p.in.Event.Kind {
	case PullRequest:
		return p.previewTargets()
	case Push:
		return p.branchTargets()
	case Manual:
		return p.manualTargets()
	case BranchDeleted:
	}
	return nil
}

// own returns the target of a stage that belongs to somebody, unless that is
// somebody else.
func (p *planner) own(n stage.Name, owner string, kind DeployType) (target, bool) {
	if !p.mine(n, owner) {
		return target{}, false
	}
	return p.target(n, owner, kind)
}

// mine refuses the event if a stage belongs to another owner.
func (p *planner) mine(n stage.Name, owner string) bool {
	other := p.index.owner(n, owner)
	if other == "" || other == owner || p.in.Event.Takeover {
		return true
	}
	hint := "choose another stage, or have its owner remove it"
	switch {
	case p.in.Event.Kind == Manual:
		hint += ", or ask for a takeover"
	case strings.HasPrefix(other, ownerBranch):
		hint = "rename the branch, or name stages by previews.stage: unique"
	}
	p.refuse("stage %q belongs to %s, not to %s (%s)", n, owned(other), owned(owner), hint)
	return false
}

// owned prints an owner for people: `branch "feature/x"`.
func owned(owner string) string {
	what, name, _ := strings.Cut(owner, ":")
	switch what + ":" {
	case ownerPullRequest:
		return "pull request #" + name
	case ownerBranch, ownerUser:
		return fmt.Sprintf("%s %q", what, name)
	default:
		return fmt.Sprintf("%q", owner)
	}
}

func (p *planner) target(n stage.Name, owner string, kind DeployType) (target, bool) {
	prof, mapped, err := p.in.File.profiles.For(n)
	if err != nil {
		e := p.in.File.errorAt("stages", err.Error(), "")
		e.Err = err
		p.problem(e)
		return target{}, false
	}
	return target{
		stage: n, owner: owner, kind: kind, profile: prof, mapped: mapped,
		choices: make([]choice, len(p.in.File.Services)),
	}, true
}

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
		p.refuse("stage %q differs only in case from a stage of the workflow", e.Stage)
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

func (f *File) serviceNames() []string {
	names := make([]string, len(f.Services))
	for i, s := range f.Services {
		names[i] = s.Name
	}
	return names
}

func listed(words []string) string {
	if len(words) == 0 {
		return "none"
	}
	return strings.Join(words, ", ")
}
