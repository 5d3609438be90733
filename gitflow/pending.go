package gitflow

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
)

// PendingOptions is what to tell about waiting work. The zero value tells all
// but the services.
type PendingOptions struct {
	// Services returns the services that a path belongs to, or none. It is called
	// once for each path that differs, and for both names of a renamed file.
	// Default: nobody asks, and the trees are not compared.
	Services func(path string) ([]string, error)
}

// Pending is work that is in one branch and not yet in another.
type Pending struct {
	Commits      []Commit // newest first, and each before its parents
	Merges       int      // how many of the commits are merges
	PullRequests []int    // that they name, sorted, see [Commit.PullRequest]
	// Services are touched by what from changed since it left to, sorted: what
	// was changed and changed back touches nothing.
	Services []string
	// Oldest is when the oldest of the commits was committed. It is zero without
	// commits.
	Oldest time.Time
}

// Age returns for how long the oldest commit has been waiting, or 0 without
// commits.
func (p Pending) Age(now time.Time) time.Duration {
	if p.Oldest.IsZero() {
		return 0
	}
	return now.Sub(p.Oldest)
}

// Pending returns what is in the revision from and not yet in the revision to:
// what a promotion would bring. It is empty if nothing is.
func (r *Repository) Pending(ctx context.Context, from, to string, o PendingOptions) (Pending, error) {
	p, err := r.waiting(ctx, from, to, o)
	if err != nil {
		return Pending{}, fmt.Errorf("gitflow: pending from %q to %q in %v: %w", from, to, r, err)
	}
	return p, nil
}

func (r *Repository) waiting(ctx context.Context, from, to string, o PendingOptions) (p Pending, err error) {
	a, err := r.resolve(from)
	if err != nil {
		return p, err
	}
	b, err := r.resolve(to)
	if err != nil {
		return p, err
	}
	if p.Commits, err = r.pending(ctx, a, b); err != nil || len(p.Commits) == 0 {
		return p, err
	}
	numbers := map[int]bool{}
	for _, c := range p.Commits {
		if c.IsMerge() {
			p.Merges++
		}
		if n := c.PullRequest(); n != 0 {
			numbers[n] = true
		}
		if when := c.Committer.When; p.Oldest.IsZero() || when.Before(p.Oldest) {
			p.Oldest = when
		}
	}
	p.PullRequests = slices.Sorted(maps.Keys(numbers))
	if o.Services != nil {
		p.Services, err = r.touched(ctx, a, b, o.Services)
	}
	return p, err
}

// touched returns the services with a path that a changed since it left b.
func (r *Repository) touched(ctx context.Context, a, b plumbing.Hash, services func(string) ([]string, error)) ([]string, error) {
	base, err := r.mergeBaseOf(ctx, a, b)
	if errors.Is(err, ErrNotFound) {
		base, err = plumbing.ZeroHash, nil // all of it is new
	}
	if err != nil {
		return nil, err
	}
	changes, err := r.changedBetween(ctx, base, a)
	if err != nil {
		return nil, err
	}
	found := map[string]bool{}
	for _, c := range changes {
		for _, p := range []string{c.Path, c.From} {
			if p == "" {
				continue
			}
			names, err := services(p)
			if err != nil {
				return nil, fmt.Errorf("services of %s: %w", p, err)
			}
			for _, name := range names {
				found[name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found)), nil
}
