package gitflow

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
	"github.com/go-git/go-git/v5/plumbing/transport"
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

// haveLimit is how many commits a fetch tells the remote that it has.
const haveLimit = 256

// Fetch copies branches of a remote with their history, and moves the refs that
// keep them here to wherever the branches are now. It returns those branches,
// sorted by name. A branch that is asked for and not there is an error that
// wraps [ErrNotFound].
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
	session, adv, err := from.upload(ctx)
	if err != nil {
		return nil, err
	}
	branches, err := chosen(advertisedBranches(adv), o.Branches)
	if err != nil {
		return nil, err
	}
	here, err := r.listRefs(ctx, "refs/")
	if err != nil {
		return nil, err
	}
	if err := r.download(ctx, session, adv, branches, here); err != nil {
		return nil, from.explain(err)
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

// download copies the objects that the branches need and that are not here.
func (r *Repository) download(ctx context.Context, s transport.UploadPackSession, adv *packp.AdvRefs, branches []Branch, here map[string]plumbing.Hash) error {
	var wants []plumbing.Hash
	r.objects.refresh()
	for _, b := range branches {
		h := plumbing.NewHash(b.Commit)
		if ok, err := r.objects.has(h); err != nil {
			return err
		} else if !ok {
			wants = append(wants, h)
		}
	}
	if len(wants) == 0 {
		return nil
	}
	return r.request(ctx, s, adv, wants, here, 0)
}

// request asks for commits, with as much of their history as depth says; 0 is
// all of it, or all that is newer than a shallow clone begins.
func (r *Repository) request(ctx context.Context, s transport.UploadPackSession, adv *packp.AdvRefs, wants []plumbing.Hash, here map[string]plumbing.Hash, depth int) error {
	haves, err := r.recent(ctx, here)
	if err != nil {
		return err
	}
	req := packp.NewUploadPackRequestFromCapabilities(adv.Capabilities)
	req.Wants, req.Haves = wants, haves
	req.Shallows, req.Depth = r.shallow.all(), packp.DepthCommits(depth)
	if len(req.Shallows) > 0 || depth > 0 {
		if !adv.Capabilities.Supports(capability.Shallow) {
			return fmt.Errorf("%w: the host does not serve shallow clones (clone again without --depth)", ErrShallow)
		}
		if err := req.Capabilities.Set(capability.Shallow); err != nil {
			return err
		}
	}
	answer, err := s.UploadPack(ctx, req)
	if err != nil {
		return err
	}
	var in io.Reader = answer
	switch {
	case req.Capabilities.Supports(capability.Sideband64k):
		in = sideband.NewDemuxer(sideband.Sideband64k, answer)
	case req.Capabilities.Supports(capability.Sideband):
		in = sideband.NewDemuxer(sideband.Sideband, answer)
	}
	err = packfile.UpdateObjectStorage(r.objects.writer(), in)
	if errors.Is(err, packfile.ErrEmptyPackfile) && depth > 0 {
		err = nil // it was all here, only cut off
	}
	err = errors.Join(err, answer.Close())
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	r.objects.refresh()
	if err == nil && (len(answer.Shallows) > 0 || len(answer.Unshallows) > 0) {
		err = r.shallow.change(ctx, answer.Shallows, answer.Unshallows)
	}
	return err
}

// recent returns commits that are here, the newest ones, so that the remote
// need not send them.
func (r *Repository) recent(ctx context.Context, here map[string]plumbing.Hash) ([]plumbing.Hash, error) {
	p := newPainter(r)
	for _, h := range here {
		commit, err := r.peel(h)
		if errors.Is(err, ErrNotFound) {
			continue // a tag of a tree, or a ref that is broken
		}
		if err != nil {
			return nil, err
		}
		if err := p.add(commit, inA); err != nil {
			return nil, err
		}
	}
	for p.open > 0 && len(p.colour) < haveLimit {
		if err := p.step(ctx); err != nil && !errors.Is(err, ErrShallow) {
			return nil, err
		}
	}
	hashes := make([]plumbing.Hash, 0, len(p.colour))
	for h := range p.colour {
		hashes = append(hashes, h)
	}
	slices.SortFunc(hashes, func(a, b plumbing.Hash) int { return newer(p.commits[a], p.commits[b]) })
	return hashes, nil
}
