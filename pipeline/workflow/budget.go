package workflow

import (
	"context"
	"errors"
	"fmt"

	"github.com/slsflow/slsflow/stage"
)

// ReadBudget returns the names that AWS will see of all services in a stage, as
// the serverless files alone say them: the stack, the Lambda functions, the role
// that they share, the deployment bucket, the APIs, and of resources and events
// the names of a type whose limit is known, and those that are made of the stage.
// A name that only the deployment knows is not in it. [Plan] refuses a stage with
// which AWS would not take one. The error is as that of [ReadContracts], but that
// such a name is none.
func ReadBudget(ctx context.Context, in ContractInput) (stage.Budget, error) {
	p, t, err := in.planner(ctx, "read budget")
	if err != nil {
		return nil, err
	}
	p.unlimited = true
	budget := stage.Budget{}
	for i := range in.File.Services {
		if l := p.load(&t, i); l != nil {
			for _, c := range l.names {
				budget = append(budget, c.CloudName)
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return budget, err
	}
	return budget, p.problems.Err()
}

// anyStage stands for the stage of any branch or person.
const anyStage = "anystage"

// ReadFits says for each policy by which stages are named how the names of each
// service fit: first the policy of previews and that of developers, unless no
// profile is for them, then each stage of the workflow. in.Stage does not count.
// The error is as that of [ReadBudget].
func ReadFits(ctx context.Context, in ContractInput) ([]stage.Fit, error) {
	if in.File == nil {
		return nil, errors.New("read fits: want a workflow file and a tree")
	}
	var fits []stage.Fit
	var errs []error
	told := make(map[string]bool) // one fault may be that of many stages
	add := func(n stage.Name, policies ...stage.Policy) {
		in.Stage = n
		budget, err := ReadBudget(ctx, in)
		for _, p := range policies {
			fits = append(fits, budget.Fits(p)...)
		}
		for _, err := range unjoin(err) {
			if err != nil && !told[err.Error()] {
				told[err.Error()] = true
				errs = append(errs, err)
			}
		}
	}
	other, err := stage.Parse(anyStage)
	if err != nil {
		return nil, err
	}
	previews, protected := in.File.Previews.Stage, in.File.Protected()
	policies := []stage.Policy{previews, stage.ByDeveloper()}
	if in.File.fixedPreviews() {
		policies = policies[1:]
		if n, err := previews.Name(stage.Origin{}, nil); err == nil && !protected.Contains(n) {
			protected = append(protected, n)
		}
	}
	if in.File.profiles.Default != "" {
		add(other, policies...)
	}
	for _, n := range protected {
		add(n, stage.Fixed(n))
	}
	return fits, errors.Join(errs...)
}

// checkNames reports the names of a service that AWS would not take.
func (p *planner) checkNames(t *target, l *loaded, d *document) {
	for _, c := range l.names {
		why := c.Problem()
		if why == "" || p.unlimited {
			continue
		}
		hint := "give it a shorter name"
		switch longest := c.Longest(); {
		case c.Left() >= 0:
			hint = "write it in small letters, or choose a stage without capital ones"
		case longest == 0:
		case t.kind == DeployPreview && longest >= stage.MinUnique && p.in.File.byBranch():
			hint = fmt.Sprintf("choose a branch of at most %d characters, name stages by previews.stage: unique:%d, or give it a shorter name", longest, longest)
		default:
			hint = fmt.Sprintf("choose a stage of at most %d characters, or give it a shorter name", longest)
		}
		p.problem(errorIn(d.pos(c.path...), c.What, fmt.Sprintf("its name in stage %s is %q, %s", c.Stage, c.Text, why), hint))
	}
}
