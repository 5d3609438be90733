package gitflow

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/transport"
	"github.com/go-git/go-git/v5/storage/memory"
)

// FetchOptions is what to fetch. The zero value fetches all branches into
// "refs/remotes/origin/".
type FetchOptions struct {
	// Branches are the branches to fetch. Default: all.
	Branches []string
	// Into is where the branches are kept here, a full name that ends in a
	// slash; "refs/heads/" makes a mirror of a bare repository. Default:
	// "refs/remotes/origin/".
	Into string
	// Prune deletes what is kept in Into and is no branch of the remote any
	// more. It has no effect together with Branches.
	Prune bool
}

// Fetch copies branches of a remote with their history, and moves the refs that
// keep them here to wherever the branches are now. It returns those branches,
// sorted by name. A branch that is asked for and not there is an error that
// wraps [ErrNotFound]. Into a shallow clone comes what is newer than its
// beginning.
func (r *Repository) Fetch(ctx context.Context, from *Remote, o FetchOptions) ([]Branch, error) {
	branches, err := r.fetch(ctx, from, o)
	if err != nil {
		return nil, fmt.Errorf("gitflow: fetch %v into %v: %w", from, r, err)
	}
	return branches, nil
}

func (r *Repository) fetch(ctx context.Context, from *Remote, o FetchOptions) ([]Branch, error) {
	into := cmp.Or(o.Into, "refs/remotes/origin/")
	if !strings.HasPrefix(into, "refs/") || !strings.HasSuffix(into, "/") {
		return nil, fmt.Errorf("into %q: want a name that begins with refs/ and ends in a slash", into)
	}
	here, err := r.listRefs(ctx, "refs/")
	if err != nil {
		return nil, err
	}
	branches, err := r.get(ctx, from, o.Branches, here)
	if err != nil {
		return nil, err
	}
	var updates []RefUpdate
	kept := map[string]bool{}
	for _, b := range branches {
		name, old := into+b.Name, ""
		kept[name] = true
		if h, ok := here[name]; ok {
			old = h.String()
		}
		if old != b.Commit {
			updates = append(updates, RefUpdate{Name: name, Old: old, New: b.Commit})
		}
	}
	for name, h := range here {
		if o.Prune && len(o.Branches) == 0 && strings.HasPrefix(name, into) && !kept[name] && name != into+"HEAD" {
			updates = append(updates, RefUpdate{Name: name, Old: h.String()})
		}
	}
	checked, err := checkUpdates(updates)
	if err != nil {
		return nil, err
	}
	return branches, r.moveFetched(ctx, checked)
}

// get copies branches of a remote with all they need, and returns where they
// are.
func (r *Repository) get(ctx context.Context, from *Remote, names []string, here map[string]plumbing.Hash) ([]Branch, error) {
	if other, ok, err := from.local(); err != nil {
		return nil, err
	} else if ok {
		return r.getLocal(ctx, other, names)
	}
	l, err := from.link(ctx)
	if err != nil {
		return nil, err
	}
	s, adv, err := l.upload(ctx)
	if err != nil {
		return nil, err
	}
	branches, err := chosen(advertisedBranches(adv), names)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	err = errors.Join(r.download(ctx, s, adv, branches, here), s.Close())
	return branches, l.explain(ctx, err)
}

func (r *Repository) getLocal(ctx context.Context, from *Repository, names []string) ([]Branch, error) {
	all, err := from.Branches(ctx)
	if err != nil {
		return nil, err
	}
	branches, err := chosen(all, names)
	if err != nil {
		return nil, err
	}
	for _, b := range branches {
		if err := r.take(ctx, from, r.objects, plumbing.NewHash(b.Commit)); err != nil {
			return nil, fmt.Errorf("branch %s: %w", b.Name, err)
		}
	}
	return branches, nil
}

// borrow gets a commit with its history, without a ref that keeps it. It returns
// the repository, or a copy with the objects in memory.
func (r *Repository) borrow(ctx context.Context, s transport.UploadPackSession, adv *packp.AdvRefs, tip plumbing.Hash, inMemory bool) (*Repository, error) {
	r.objects.refresh()
	if ok, err := r.objects.has(tip); ok || err != nil {
		return r, err
	}
	here, err := r.listRefs(ctx, "refs/")
	if err != nil {
		return nil, err
	}
	wants := []plumbing.Hash{tip}
	if !inMemory {
		return r, r.request(ctx, s, adv, wants, here, 0)
	}
	answer, err := r.ask(ctx, s, adv, wants, here, 0)
	if err != nil {
		return nil, err
	}
	store := memory.NewStorage()
	err = errors.Join(packfile.UpdateObjectStorage(store, answer.pack), answer.Close())
	return r.with(slices.Collect(maps.Values(store.Objects))), err
}

// moveFetched deletes first, because a branch may take the place of a folder.
func (r *Repository) moveFetched(ctx context.Context, updates []RefUpdate) error {
	var gone, moved []RefUpdate
	for _, u := range updates {
		if u.New == "" {
			gone = append(gone, u)
			continue
		}
		if err := r.checkRefObject(u); err != nil {
			return err
		}
		moved = append(moved, u)
	}
	for _, list := range [][]RefUpdate{gone, moved} {
		if len(list) > 0 {
			if err := r.update(ctx, list); err != nil {
				return err
			}
		}
	}
	return nil
}

func chosen(all []Branch, names []string) ([]Branch, error) {
	if len(names) == 0 {
		return all, nil
	}
	var list []Branch
	var problems []error
	for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
		i := slices.IndexFunc(all, func(b Branch) bool { return b.Name == name })
		if i < 0 {
			problems = append(problems, fmt.Errorf("branch %q %w", name, ErrNotFound))
			continue
		}
		list = append(list, all[i])
	}
	return list, errors.Join(problems...)
}
