package workflow

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/slsflow/slsflow/pipeline"
)

// Plan says what an event means. It has no effects, and the same input gives the
// same outcome, byte for byte.
//
// A pull request into one of previews.into deploys to a stage of its own what it
// changed, and what that reads in the same stage and is not deployed there yet;
// a service whose previews are off is never added. A push deploys what changed
// to the stages that its branch is mapped to, and what was not deployed there
// yet or not with success. A Manual event deploys the services that it names, or
// all; to a stage that is not one of the workflow, all but those whose previews
// are off. A deleted branch removes the instances that belong to it, from the
// records alone; so does a closed pull request if previews.destroyOnClose is on,
// and always that of a fork. A stage of the workflow is removed only by a Manual
// event that names its services.
//
// The error is [Errors] if something is wrong with the services that would be
// deployed, such as a directory that is not there or a param that the profile
// does not have. The outcome then has the decisions, and no plans. An event that
// is refused is no error.
func Plan(ctx context.Context, in Input) (Outcome, error) {
	if in.File == nil {
		return Outcome{}, errors.New("plan: the input has no workflow file")
	}
	if err := in.Event.check(); err != nil {
		return Outcome{}, fmt.Errorf("plan: %w", err)
	}
	p := &planner{ctx: ctx, in: in, index: index(in.File.App, in.Instances), docs: make(map[string]*document)}
	var plans []pipeline.Plan
	trusted := in.Event.Trusted()
	if in.Event.removes() {
		// What is removed was trusted when it was deployed.
		trusted = trusted || in.Event.Trust == Trusted
		plans = p.removals()
	} else {
		if in.Tree == nil {
			return Outcome{}, errors.New("plan: the input has no tree")
		}
		p.notePropose()
		plans = p.deployments()
	}
	if err := ctx.Err(); err != nil {
		return Outcome{}, err
	}
	switch {
	case len(p.problems) > 0:
	case trusted:
		p.out.Plans = plans
	case len(plans) > 0:
		p.refuse("%s", in.Event.distrust())
		p.out.Refused[len(p.out.Refused)-1].Plans = plans
	}
	return p.out, p.problems.Err()
}

// planner makes one outcome.
type planner struct {
	ctx      context.Context //nolint:containedctx // a planner lives as long as one call of Plan
	in       Input
	index    instances
	docs     map[string]*document // by service
	out      Outcome
	problems Errors

	unlimited bool // a name that is too long for AWS is no problem
}

func (p *planner) problem(e *Error) { p.problems = append(p.problems, e) }

// removes reports whether the event removes instances and deploys none.
func (e Event) removes() bool {
	return e.Kind == BranchDeleted || e.Kind == PullRequest && e.Action == Closed || e.Kind == Manual && e.Remove
}

// distrust says why nothing of the event runs.
func (e Event) distrust() string {
	why := "the event is not trusted"
	if e.Fork {
		why = "it comes from a fork"
	}
	if e.Commit == "" {
		return why + ": nothing runs for it"
	}
	return fmt.Sprintf("%s: nothing of it runs until a maintainer approves commit %s", why, e.Commit)
}

// notePropose tells of a change that a pull request makes to the workflow file,
// and of what is wrong with it.
func (p *planner) notePropose() {
	if p.in.Event.Kind != PullRequest {
		return
	}
	src, err := readFile(p.in.Tree, FileName)
	gone := errors.Is(err, fs.ErrNotExist)
	changed := (gone || err == nil) && !bytes.Equal(src, p.in.File.src)
	if p.in.ChangedKnown {
		// The target branch may have moved on since the pull request's began.
		changed = slices.Contains(p.in.Changed, FileName)
	}
	switch {
	case !changed:
		return
	case gone:
		p.note("%s is removed by this pull request: that has no effect before it is merged into %s", FileName, p.in.Event.Target)
		return
	}
	p.note("%s is changed by this pull request: that has no effect before it is merged into %s", FileName, p.in.Event.Target)
	if _, err := ParseFile(FileName, src); err != nil {
		p.note("%s of this pull request could not be used: %v", FileName, err)
	}
}
