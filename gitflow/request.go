package gitflow

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
	"github.com/go-git/go-git/v5/plumbing/transport"

	"github.com/slsflow/slsflow/gitflow/internal/odb"
)

// haveLimit is how many commits a fetch tells the remote that it has.
const haveLimit = 256

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

// request asks for commits and keeps what comes.
func (r *Repository) request(ctx context.Context, s transport.UploadPackSession, adv *packp.AdvRefs, wants []plumbing.Hash, here map[string]plumbing.Hash, depth int) error {
	answer, err := r.ask(ctx, s, adv, wants, here, depth)
	if err != nil {
		return err
	}
	err = packfile.UpdateObjectStorage(r.objects.writer(), answer.pack)
	if errors.Is(err, packfile.ErrEmptyPackfile) && depth > 0 {
		err = nil // it was all here, only cut off
	}
	if err = errors.Join(err, answer.Close()); err != nil {
		return err
	}
	r.objects.refresh()
	if len(answer.Shallows) > 0 || len(answer.Unshallows) > 0 {
		return r.shallow.change(ctx, answer.Shallows, answer.Unshallows)
	}
	return nil
}

// answer is what a host sends. Close it.
type answer struct {
	*packp.UploadPackResponse
	pack io.Reader
}

// ask asks for commits, with as much of their history as depth says; 0 is all of
// it, or all that is newer than a shallow clone begins.
func (r *Repository) ask(ctx context.Context, s transport.UploadPackSession, adv *packp.AdvRefs, wants []plumbing.Hash, here map[string]plumbing.Hash, depth int) (answer, error) {
	haves, err := r.recent(ctx, here)
	if err != nil {
		return answer{}, err
	}
	req := packp.NewUploadPackRequestFromCapabilities(adv.Capabilities)
	req.Wants, req.Haves = wants, haves
	req.Shallows, req.Depth = r.shallow.all(), packp.DepthCommits(depth)
	if len(req.Shallows) > 0 || depth > 0 {
		if !adv.Capabilities.Supports(capability.Shallow) {
			return answer{}, fmt.Errorf("%w: the host does not serve shallow clones (clone again without --depth)", ErrShallow)
		}
		if err := req.Capabilities.Set(capability.Shallow); err != nil {
			return answer{}, err
		}
	}
	res, err := s.UploadPack(ctx, req)
	if err != nil {
		return answer{}, err
	}
	a := answer{res, res}
	switch {
	case req.Capabilities.Supports(capability.Sideband64k):
		a.pack = sideband.NewDemuxer(sideband.Sideband64k, res)
	case req.Capabilities.Supports(capability.Sideband):
		a.pack = sideband.NewDemuxer(sideband.Sideband, res)
	}
	return a, nil
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
		if err := p.add(odb.Ref{Hash: commit}, inA); err != nil {
			return nil, err
		}
	}
	for p.open > 0 && len(p.seen) < haveLimit {
		if err := p.step(ctx); err != nil && !errors.Is(err, ErrShallow) {
			return nil, err
		}
	}
	hashes := make([]plumbing.Hash, 0, len(p.seen))
	for _, c := range p.with(inA) {
		hashes = append(hashes, c.Hash)
	}
	return hashes, nil
}
