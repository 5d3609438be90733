package gitflow

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
)

// wholeHistory is the depth by which git means all of it.
const wholeHistory = 1<<31 - 1

func isMissing(err error) bool { return errors.Is(err, ErrShallow) || errors.Is(err, ErrNotFound) }

// deepen fetches more and more of the history of some revisions until try finds
// what it needs, or the remote has no more.
func (r *Repository) deepen(ctx context.Context, from *Remote, revs []string, try func() error) error {
	if other, ok, err := from.local(); err != nil {
		return err
	} else if ok {
		return r.copyHistory(ctx, other, revs, try)
	}
	for _, depth := range []int{50, 400, 3200, wholeHistory} {
		shallow := len(r.shallow.all()) > 0
		if !shallow {
			depth = 0
		}
		if err := r.fetchHistory(ctx, from, revs, depth); err != nil {
			return err
		}
		err := try()
		if !isMissing(err) || !shallow {
			return err
		}
	}
	return try()
}

// fetchHistory fetches commits by their names here, or by their hashes, without
// a ref that keeps them.
func (r *Repository) fetchHistory(ctx context.Context, from *Remote, revs []string, depth int) error {
	l, err := from.link(ctx)
	if err != nil {
		return err
	}
	session, adv, err := l.upload(ctx)
	if err != nil {
		return err
	}
	defer session.Close()
	wants, err := r.wants(adv, revs)
	if err != nil {
		return err
	}
	if depth == 0 {
		wants = slices.DeleteFunc(wants, func(h plumbing.Hash) bool {
			ok, err := r.objects.has(h)
			return ok && err == nil
		})
	}
	if len(wants) == 0 {
		return nil
	}
	here, err := r.listRefs(ctx, "refs/")
	if err != nil {
		return err
	}
	return l.explain(ctx, r.request(ctx, session, adv, wants, here, depth))
}

// copyHistory takes the whole history of some revisions from a repository on this
// machine.
func (r *Repository) copyHistory(ctx context.Context, from *Repository, revs []string, try func() error) error {
	for _, rev := range revs {
		if isNone(rev) {
			continue
		}
		h, err := r.resolve(rev)
		if err != nil {
			if h, err = from.resolve(rev); err != nil {
				return err
			}
		}
		if err := r.take(ctx, from, r.objects, h); err != nil {
			return err
		}
	}
	return try()
}

// wants returns what to ask for so that the history of the revisions comes. A
// host gives what it advertises, and other commits only if it says so; then the
// branches have to do.
func (r *Repository) wants(adv *packp.AdvRefs, revs []string) ([]plumbing.Hash, error) {
	advertised := map[plumbing.Hash]bool{}
	var branches []plumbing.Hash
	for _, name := range slices.Sorted(maps.Keys(adv.References)) {
		h := adv.References[name]
		advertised[h] = true
		if strings.HasPrefix(name, headsPrefix) {
			branches = append(branches, h)
		}
	}
	all := adv.Capabilities.Supports(capability.AllowReachableSHA1InWant)
	var wants []plumbing.Hash
	for _, rev := range revs {
		if isNone(rev) {
			continue
		}
		h, err := r.resolve(rev)
		switch {
		case err == nil:
		case plumbing.IsHash(rev):
			h = plumbing.NewHash(rev)
		case isMissing(err): // such as HEAD~3, once there is more
			return branches, nil
		default:
			return nil, err
		}
		if !all && !advertised[h] {
			return branches, nil
		}
		wants = append(wants, h)
	}
	return wants, nil
}
