package workflow

import (
	"fmt"
	"slices"
	"strings"

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
	if err != nil && !p.in.File.everyService(n) {
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

// everyService reports whether each service has a profile for a stage, so that none
// is needed for all.
func (f *File) everyService(n stage.Name) bool {
	return !slices.ContainsFunc(f.Services, func(s Service) bool {
		_, _, err := f.profiles.ForInstance(s.Name, n, "")
		return err != nil
	})
}

// serving returns the target as a service sees it, with the profile that it has
// there. The region may be "".
func (p *planner) serving(t *target, s Service, region string) (*target, bool) {
	prof, mapped, err := p.in.File.profiles.ForInstance(s.Name, t.stage, region)
	if err != nil {
		e := p.in.File.errorAt("services."+s.Name, err.Error(), "")
		e.Err = err
		p.problem(e)
		return nil, false
	}
	own := *t
	own.profile, own.mapped = prof, mapped
	return &own, true
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
