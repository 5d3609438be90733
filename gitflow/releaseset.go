package gitflow

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
)

// ReleaseSet is which commit of each service a stage has: service → revision.
type ReleaseSet map[string]string

// ReleaseOptions is what decides in which order services go from one set to
// another. The zero value goes by name.
type ReleaseOptions struct {
	// Needs returns the services that a service needs: whose outputs it reads.
	// Services that go forward go after what they need, those that go back before
	// it. Default: nobody needs anybody.
	Needs func(service string) []string
	// Check says what is wrong with a stage that has these commits, such as an
	// output that is read and not published. It is asked about each state on the
	// way. Default: nothing is ever wrong.
	Check func(ctx context.Context, set map[string]string) error
}

// ReleaseStep takes one service from one commit to another.
type ReleaseStep struct {
	Service string
	From    string   // hash, or "" for a service that the stage did not have
	To      string   // hash, or "" where an undone step takes the service away
	Brings  []Commit // that To has and From has not, newest first
	Drops   []Commit // that From has and To has not, newest first
}

// Back reports whether the step only goes back in the history.
func (s ReleaseStep) Back() bool { return len(s.Brings) == 0 && s.From != "" }

// String returns such as "orders 1234567 → 89abcde".
func (s ReleaseStep) String() string {
	name := func(hash string) string {
		if hash == "" {
			return "none"
		}
		return hash[:7]
	}
	return fmt.Sprintf("%s %s → %s", s.Service, name(s.From), name(s.To))
}

// ReleasePlan is steps from one set to another, in an order in which no step
// breaks what was whole.
type ReleasePlan struct {
	Steps []ReleaseStep
}

// PlanRelease returns the steps by which a stage that has the commits of now gets
// those of want. Services that only now has stay as they are, so that want may be
// some of them. First goes what goes back, then what goes forward, each in order
// of need, unless Check says that another order is needed. A stage that is whole
// is so after each step, as Check says; one that is broken already must be whole
// in the end. If no order does that, the error says for each step that is left
// what it would break.
func (r *Repository) PlanRelease(ctx context.Context, now, want ReleaseSet, o ReleaseOptions) (ReleasePlan, error) {
	p, err := r.planRelease(ctx, now, want, o)
	if err != nil {
		return ReleasePlan{}, fmt.Errorf("gitflow: plan a release in %v: %w", r, err)
	}
	return p, nil
}

func (r *Repository) planRelease(ctx context.Context, now, want ReleaseSet, o ReleaseOptions) (ReleasePlan, error) {
	if o.Check == nil {
		o.Check = func(context.Context, map[string]string) error { return nil }
	}
	state, err := r.resolveSet(now)
	if err != nil {
		return ReleasePlan{}, err
	}
	target, err := r.resolveSet(want)
	if err != nil {
		return ReleasePlan{}, err
	}
	left, err := r.steps(ctx, state, target, o)
	if err != nil {
		return ReleasePlan{}, err
	}
	var p ReleasePlan
	broken := o.Check(ctx, maps.Clone(state))
	for len(left) > 0 {
		if err := ctx.Err(); err != nil {
			return ReleasePlan{}, context.Cause(ctx)
		}
		at, after, err := nextStep(ctx, state, left, o, broken)
		if err != nil {
			return ReleasePlan{}, err
		}
		broken = after
		state[left[at].Service] = left[at].To
		p.Steps = append(p.Steps, left[at])
		left = slices.Delete(left, at, at+1)
	}
	if broken != nil && len(p.Steps) > 0 {
		return ReleasePlan{}, fmt.Errorf("the set is not whole: %w", broken)
	}
	return p, nil
}

// nextStep returns the first step after which the stage is whole, and what is
// wrong then. While the stage is broken anyway, the first step of all will do.
func nextStep(ctx context.Context, state ReleaseSet, left []ReleaseStep, o ReleaseOptions, broken error) (at int, after, err error) {
	problems := make([]error, len(left))
	for i, s := range left {
		trial := maps.Clone(state)
		trial[s.Service] = s.To
		if problems[i] = o.Check(ctx, trial); problems[i] == nil {
			return i, nil, nil
		}
	}
	if broken != nil {
		return 0, problems[0], nil
	}
	for i, s := range left {
		problems[i] = fmt.Errorf("%v: %w", s, problems[i])
	}
	return 0, nil, fmt.Errorf("no order keeps the stage whole; each step that is left breaks it: %w", errors.Join(problems...))
}

// resolveSet returns the set with hashes.
func (r *Repository) resolveSet(set ReleaseSet) (ReleaseSet, error) {
	hashes := ReleaseSet{}
	var problems []error
	for _, service := range slices.Sorted(maps.Keys(set)) {
		h, err := r.resolve(set[service])
		if strings.HasSuffix(set[service], "-dirty") {
			err = fmt.Errorf("%s was deployed from files that were never committed (deploy a commit first)", set[service])
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", service, err))
			continue
		}
		hashes[service] = h.String()
	}
	return hashes, errors.Join(problems...)
}

// steps returns what has to be done, in the order that is tried first.
func (r *Repository) steps(ctx context.Context, now, want ReleaseSet, o ReleaseOptions) ([]ReleaseStep, error) {
	order, err := byNeed(slices.Sorted(maps.Keys(want)), o.Needs)
	if err != nil {
		return nil, err
	}
	var back, forward []ReleaseStep
	for _, service := range order {
		s := ReleaseStep{Service: service, From: now[service], To: want[service]}
		if s.From == s.To {
			continue
		}
		if s.From != "" {
			from, to := plumbing.NewHash(s.From), plumbing.NewHash(s.To)
			if s.Brings, err = r.pending(ctx, to, from); err != nil {
				return nil, err
			}
			if s.Drops, err = r.pending(ctx, from, to); err != nil {
				return nil, err
			}
		}
		if s.Back() {
			back = append(back, s)
		} else {
			forward = append(forward, s)
		}
	}
	slices.Reverse(back)
	return append(back, forward...), nil
}

// byNeed sorts services so that each comes after what it needs, also by way of
// services that are not among them.
func byNeed(services []string, needs func(string) []string) ([]string, error) {
	if needs == nil {
		return services, nil
	}
	var order, path []string
	done := map[string]bool{}
	var visit func(string) error
	visit = func(s string) error {
		if i := slices.Index(path, s); i >= 0 {
			return fmt.Errorf("services need each other: %s", strings.Join(append(path[i:], s), " needs "))
		}
		if done[s] {
			return nil
		}
		path = append(path, s)
		for _, n := range slices.Sorted(slices.Values(needs(s))) {
			if err := visit(n); err != nil {
				return err
			}
		}
		path = path[:len(path)-1]
		done[s] = true
		if slices.Contains(services, s) {
			order = append(order, s)
		}
		return nil
	}
	for _, s := range services {
		if err := visit(s); err != nil {
			return nil, err
		}
	}
	return order, nil
}

// Run carries the steps out, one after the other, until one fails, and returns
// how many are done. The stage is then as Check has seen it, but for the service
// of the step that failed; see [ReleasePlan.Undo].
func (p ReleasePlan) Run(ctx context.Context, do func(ctx context.Context, s ReleaseStep) error) (done int, err error) {
	for i, s := range p.Steps {
		if err := ctx.Err(); err != nil {
			return i, context.Cause(ctx)
		}
		if err := do(ctx, s); err != nil {
			return i, fmt.Errorf("gitflow: release %v: %w", s, err)
		}
	}
	return len(p.Steps), nil
}

// Undo returns the plan that takes the first steps back, so many of them, the
// last one first: every state on its way is one that Check has seen. After a step
// that failed, count it too if it may have done something.
func (p ReleasePlan) Undo(steps int) ReleasePlan {
	var back ReleasePlan
	for _, s := range slices.Backward(p.Steps[:steps]) {
		back.Steps = append(back.Steps, ReleaseStep{Service: s.Service, From: s.To, To: s.From, Brings: s.Drops, Drops: s.Brings})
	}
	return back
}
